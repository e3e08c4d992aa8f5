import type { RunningLab } from "../../lab/running-lab.ts";
import type { Request } from "./chains.ts";
import { sum } from "./numbers.ts";

export const lastSeq = ({ graph }: Pick<RunningLab, "graph">) => graph.traffic().at(-1)?.seq ?? 0;

export function requestsOf({ graph }: Pick<RunningLab, "graph">, appId: string, since: number) {
  return graph.traffic(since).filter((one) => one.appId === appId);
}

/** Requests count the parts of a batch, trips count the batch once. */
export function countsOf(requests: readonly Request[]) {
  const parts = requests.filter(({ template }) => !template.endsWith("$batch"));
  return {
    requests: parts.length,
    trips: requests.filter(({ batch }) => batch === undefined).length,
    units: sum(parts.map(({ responseHeaders }) => Number(responseHeaders["x-ms-resource-unit"] ?? 0))),
    throttled: parts.filter(({ status }) => status === 429).length,
  };
}

const members = /^\/groups\/[^/]+\/members\//;

/** Whether it gave or took somebody's membership, alone or in a batch with others. */
export function isMembership(request: Request, method: "POST" | "DELETE"): boolean {
  if (request.template.endsWith("$batch"))
    return partsOf(request).some((part) => part.method === method && members.test(part.url));
  return request.method === method && members.test(request.path);
}

/** Whether it changes anything. */
export function isWrite(request: Request): boolean {
  if (request.template.endsWith("$batch"))
    return partsOf(request).some(({ method, url }) => changes(method, url));
  return changes(request.method, request.path);
}

const changes = (method: string, path: string) => method !== "GET" && !path.endsWith("/checkMemberGroups");

function partsOf({ requestBody }: Request) {
  const { requests = [] } = (requestBody ?? {}) as Envelope; // Graph has accepted it as a batch
  return requests;
}

type Envelope = { readonly requests?: readonly { readonly method: string; readonly url: string }[] };
