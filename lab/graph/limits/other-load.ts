import { wordsOf, type Call } from "../http/call.ts";
import { tooManyRequests, type GraphProblem } from "../http/problem.ts";
import type { Lab } from "../lab.ts";
import type { Random } from "../random.ts";

/** Seconds. Graph's own sample says 2.128: https://learn.microsoft.com/graph/throttling-limits. */
const longestWait = 20;

/** A 429 although the app has kept within its quota: the tenant's other applications have used what there is. */
export function throttledByOthers({ weather, draws }: Lab, call: Call): GraphProblem | undefined {
  if (weather.throttled === 0 || call.caller.kind === "admin") return undefined;
  const die = draws("throttled", wordsOf(call));
  if (die() >= weather.throttled) return undefined;
  return tooManyRequests(retryAfter(die), {
    "x-ms-throttle-scope": `Tenant/ReadWrite/${call.tenant.id}`,
    "x-ms-throttle-information": "ResourceUnitLimitExceeded",
  });
}

/** 1 to 20 s, every other time with a fraction. */
export function retryAfter(die: Random): number {
  const seconds = 1 + die() * (longestWait - 1);
  return die() < 0.5 ? Math.round(seconds) : Math.round(seconds * 1000) / 1000;
}
