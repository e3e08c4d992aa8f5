import type { HostFunction } from "./host-function.ts";

/** Functions that scale together: "http", "timers" or "queue:NAME". */
export type FunctionGroup = "http" | "timers" | `queue:${string}`;

export function isFunctionGroup(text: string): text is FunctionGroup {
  return text === "http" || text === "timers" || /^queue:./.test(text);
}

/**
 * Learn, "Azure Functions Flex Consumption plan hosting", per-function scaling: HTTP functions share their instances, others
 * have instances of their own. Timers, which run on one instance anyway, share one here.
 */
export function groupOf(fn: HostFunction): FunctionGroup {
  switch (fn.kind) {
    case "http":
      return "http";
    case "timer":
      return "timers";
    case "serviceBus":
      return `queue:${fn.queue}`;
    default:
      return fn satisfies never;
  }
}
