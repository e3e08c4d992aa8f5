import type { Path } from "./problem.ts";

type Later = { readonly path: string; readonly what: string; readonly hint: string };

const useRemovals = "use guardrails.removals.perRun and guardrails.removals.share";

/** What the design has and this version does not. Said by name, because "unknown key" would suggest a typing error. */
const laters: readonly Later[] = [
  { path: "guardrails.removals.perDay", what: "a budget per day", hint: useRemovals },
  { path: "guardrails.floor", what: "a floor", hint: useRemovals },
  {
    path: "guardrails.adds",
    what: "a cap on adds",
    hint: "remove it; mode: observe shows what would be added before anything is",
  },
];

/** Whether a key belongs to a later version; and what to do until then. */
export function findLater(path: Path): { message: string; hint: string } | undefined {
  const later = laters.find((entry) => matches(path, entry.path));
  if (later === undefined) return undefined;
  return { message: `${later.what} is not supported by this version yet`, hint: later.hint };
}

function matches(path: Path, pattern: string): boolean {
  const keys = pattern.split(".");
  return keys.length === path.length && keys.every((key, index) => key === "*" || key === path[index]);
}
