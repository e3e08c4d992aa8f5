import type { Policy, Target } from "../policy/policy.ts";

/** The source is written for the sake of the targets: while all of them only observe, so does Muster here. */
export function sourceMode({ targets }: Policy): Target["mode"] {
  const modes = targets.map(({ mode }) => mode);
  if (modes.includes("full")) return "full";
  return modes.includes("add-only") ? "add-only" : "observe";
}
