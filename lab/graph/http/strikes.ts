import { setTimeout as sleep } from "node:timers/promises";
import type { FaultKind } from "../faults/fault-schema.ts";
import type { FaultTarget, Struck } from "../faults/fault-registry.ts";
import { refuseRevoked } from "../identity/revoked-consent.ts";
import type { Lab } from "../lab.ts";
import { nextLink } from "../odata/listing.ts";
import { doomed, doomOf } from "../odata/skip-token.ts";
import type { Call, Reply } from "./call.ts";
import { chooseView } from "./choose-view.ts";
import { Hang } from "./hang.ts";
import { GraphProblem, tooManyRequests } from "./problem.ts";

const codes: Readonly<Record<number, string>> = {
  400: "Request_BadRequest",
  401: "InvalidAuthenticationToken",
  403: "Authorization_RequestDenied",
  404: "Request_ResourceNotFound",
  409: "Conflict",
  500: "InternalServerError",
  502: "BadGateway",
  503: "ServiceUnavailable",
  504: "GatewayTimeout",
};

/** What faults do to a request before it is handled: wait, show an older directory, refuse or go silent. */
export async function strikeBefore(lab: Lab, call: Call): Promise<void> {
  const target = targetOf(call);
  const slow = take(lab, call, "slow");
  // Real time: clients judge slowness with their own timers.
  if (slow !== undefined) await sleep(slow.fault.ms);
  call.view = chooseView(lab, call, take(lab, call, "lag")?.fault.ms);
  refuseDoomedPage(call);
  const revoked = take(lab, call, "revokedConsent");
  if (revoked !== undefined) refuseRevoked(call, revoked, lab.clock.now());
  const throttle = take(lab, call, "throttle");
  if (throttle !== undefined) throw tooManyRequests(throttle.fault.retryAfterSeconds);
  const error = take(lab, call, "error");
  if (error !== undefined) throw problemOf(error);
  for (const kind of ["timeout", "reset"] as const) {
    const hang = lab.faults.find(kind, target);
    if (hang?.fault.before === true && take(lab, call, kind) !== undefined) throw new Hang(kind, hang.id);
  }
  const refusal = call.caller.kind === "app" ? lab.sentinels.refusal(call) : undefined;
  if (refusal !== undefined) throw refusal;
}

/** What faults do to an answer: empty it, cut it short, or keep it. */
export function strikeAfter(lab: Lab, call: Call, reply: Reply): Reply {
  for (const kind of ["timeout", "reset"] as const) {
    const hang = take(lab, call, kind);
    if (hang !== undefined) throw new Hang(kind, hang.id);
  }
  const page = pageOf(call, reply);
  if (page === undefined) return reply;
  const isSwallowed = call.caller.kind === "app" && lab.sentinels.swallows(call, reply);
  if (isSwallowed || take(lab, call, "emptyRead") !== undefined) return emptied(reply, page);
  if (call.url.searchParams.has("$skiptoken")) return reply;
  const partial = take(lab, call, "partialPage");
  return partial === undefined ? reply : cutShort(call, reply, { page, status: partial.fault.status ?? 503 });
}

function take<K extends FaultKind>(lab: Lab, call: Call, kind: K): Struck<K> | undefined {
  const target = targetOf(call);
  // A batch as a whole is struck only by faults that name it; all others strike its parts.
  if (call.template === "/$batch") {
    const found = lab.faults.find(kind, target);
    if (found?.fault.match.path === undefined) return undefined;
  }
  return lab.faults.take(kind, target);
}

export function targetOf(call: Call): FaultTarget {
  const { path, url, tenant, method } = call;
  const paths = [path, `/v1.0${path}`, `${path}${decodeURIComponent(url.search)}`];
  return { tenant, caller: call.caller.kind, method, paths };
}

function refuseDoomedPage(call: Call): void {
  const status = doomOf(call.url.searchParams.get("$skiptoken") ?? "");
  if (status !== undefined)
    throw new GraphProblem(status, codes[status] ?? "", "The page could not be read.");
}

function problemOf({ fault }: Struck<"error">): GraphProblem {
  const code = fault.code ?? codes[fault.status] ?? "UnknownError";
  return new GraphProblem(fault.status, code, `An injected fault answers ${fault.status}.`);
}

type Page = { readonly value: readonly unknown[]; readonly [name: string]: unknown };

function pageOf(call: Call, reply: Reply): Page | undefined {
  const { body } = reply;
  const isListing = call.method === "GET" && typeof body === "object" && body !== null && "value" in body;
  return isListing && Array.isArray(body.value) ? { ...body, value: body.value } : undefined;
}

function emptied(reply: Reply, page: Page): Reply {
  const { "@odata.nextLink": _nextLink, ...rest } = page;
  const count = "@odata.count" in page ? { "@odata.count": 0 } : {};
  return { ...reply, body: { ...rest, ...count, value: [] } };
}

/** The second page will fail; a listing of one page is made to have two. */
function cutShort(call: Call, reply: Reply, cut: { page: Page; status: number }): Reply {
  const { "@odata.deltaLink": _deltaLink, ...page } = cut.page;
  const next = page["@odata.nextLink"];
  if (typeof next === "string") {
    const token = new URL(next).searchParams.get("$skiptoken") ?? "";
    return { ...reply, body: { ...page, "@odata.nextLink": nextLink(call, doomed(token, cut.status)) } };
  }
  const value = page.value.slice(0, Math.ceil(page.value.length / 2));
  return {
    ...reply,
    body: { ...page, "@odata.nextLink": nextLink(call, doomed("half", cut.status)), value },
  };
}
