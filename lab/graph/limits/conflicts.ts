import { bodyOf, wordsOf, type Call } from "../http/call.ts";
import { GraphProblem, tooManyRequests } from "../http/problem.ts";
import type { Lab } from "../lab.ts";
import { retryAfter } from "./other-load.ts";

/** How much more often writes collide that are under way to one group at the same time. */
const together = 5;

/** The answer to a write of members that meets another one and is not carried out. */
export function conflictOf(
  { weather, draws }: Lab,
  call: Call,
  underWay: Iterable<Call>,
): GraphProblem | undefined {
  const group = call.caller.kind === "admin" ? undefined : groupWrittenBy(call);
  if (group === undefined) return undefined;
  const words = wordsOf(call);
  const hasCompany = [...underWay].some((other) => other !== call && groupWrittenBy(other) === group);
  if (!draws.happens(weather.writeConflicts * (hasCompany ? together : 1), "conflict", words))
    return undefined;
  if (!draws.happens(weather.conflictsAsTrouble, "conflict as trouble", words)) return concurrencyViolation();
  const seconds = retryAfter(draws, call);
  if (draws.happens(0.5, "conflict as throttling", words)) return tooManyRequests(seconds);
  const message = "The service is temporarily unavailable. Please try again.";
  return new GraphProblem(503, "ServiceUnavailable", message, { "Retry-After": String(seconds) });
}

/** Tenant and group whose members a call adds or removes. */
function groupWrittenBy(call: Call): string | undefined {
  const { method, template, path, tenant } = call;
  const isBinding = method === "PATCH" && template === "/groups/{id}" && "members@odata.bind" in bodyOf(call);
  const isReference = method !== "GET" && /^\/groups\/\{id\}\/members\/.*\$ref$/.test(template);
  return isBinding || isReference ? `${tenant.id} ${path.split("/")[2] ?? ""}` : undefined;
}

/** The words of Entra, as people report them for writes that follow each other too closely. */
function concurrencyViolation(): GraphProblem {
  return new GraphProblem(
    409,
    "Directory_ConcurrencyViolation",
    "Error due to concurrent requests being made to the tenant. Please wait briefly and retry.",
  );
}
