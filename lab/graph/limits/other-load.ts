import { wordsOf, type Call } from "../http/call.ts";
import { tooManyRequests, type GraphProblem } from "../http/problem.ts";
import type { Draws } from "../draws.ts";
import type { Lab } from "../lab.ts";

/** A 429 although the app has kept within its quota: the tenant's other applications have used what there is. */
export function throttledByOthers({ weather, draws }: Lab, call: Call): GraphProblem | undefined {
  if (call.caller.kind === "admin" || !draws.happens(weather.throttled, "throttled", wordsOf(call)))
    return undefined;
  return tooManyRequests(retryAfter(draws, call), {
    "x-ms-throttle-scope": `Tenant/ReadWrite/${call.tenant.id}`,
    "x-ms-throttle-information": "ResourceUnitLimitExceeded",
  });
}

/** 1 to 20 s, every other time with a fraction, as in Graph's own sample: learn.microsoft.com/graph/throttling-limits. */
export function retryAfter(draws: Draws, call: Call): number {
  const seconds = draws.ms([1_000, 20_000], "retry after", wordsOf(call)) / 1_000;
  return draws.happens(0.5, "whole seconds", wordsOf(call)) ? Math.round(seconds) : seconds;
}
