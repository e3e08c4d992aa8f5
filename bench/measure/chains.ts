import type { RunningLab } from "../../lab/running-lab.ts";
import { median } from "./numbers.ts";

export type Request = ReturnType<RunningLab["graph"]["traffic"]>[number];

/** The longest chain of requests in which each begins after the one before it was answered. */
export function longestChain<T extends Pick<Request, "at" | "answeredAt">>(
  requests: readonly T[],
): readonly T[] {
  const chain: T[] = [];
  // Whichever is answered first leaves most room for others.
  for (const request of requests.toSorted((a, b) => answeredAt(a) - answeredAt(b))) {
    const last = chain.at(-1);
    if (last === undefined || Date.parse(request.at) >= answeredAt(last)) chain.push(request);
  }
  return chain;
}

export const answeredAt = (request: Pick<Request, "answeredAt">) => Date.parse(request.answeredAt);

/** A target, and everything in the source tenant that is there for its sake. */
export type Lane = { readonly tenantId: string; readonly marks: readonly string[] };

export function lanesOf({ world }: Pick<RunningLab, "world">): readonly Lane[] {
  return Object.entries(world.targets).map(([name, { tenantId, sync }]) => ({
    tenantId,
    marks: [
      world.source.groups[`Sync to ${name}`] ?? name,
      // As a filter says it: "Sync to target-1" is no part of "Sync to target-10".
      `Sync to ${name}'`,
      sync.servicePrincipal,
    ],
  }));
}

/** Where a target is as it should be, and the chain of requests that this has waited for. */
export type Arrival = { readonly at: number; readonly chain: readonly Request[] };

/**
 * For each target the chain that ends with its last request that matters. It is made of requests in that target, of those in the source
 * tenant for its sake, and of what had to be known at home before any target could be told. Requests for other targets are no
 * part of it: that these run one after another may be the machine's doing, and nothing waits for them.
 */
export function arrivals(
  requests: readonly Request[],
  lanes: readonly Lane[],
  lastThatMatters: (own: readonly Request[], lane: Lane) => Request | undefined,
): readonly Arrival[] {
  const trips = requests.filter(({ batch }) => batch === undefined);
  const { home, owned } = sorted(trips, lanes);
  return lanes.map((lane) => {
    const own = owned.get(lane) ?? [];
    const last = lastThatMatters(own, lane);
    if (last === undefined) throw new Error(`nothing that matters was seen in target ${lane.tenantId}`);
    const at = answeredAt(last);
    return { at, chain: longestChain([...home, ...own].filter((trip) => answeredAt(trip) <= at)) };
  });
}

function sorted(trips: readonly Request[], lanes: readonly Lane[]) {
  const owned = new Map<Lane, Request[]>(lanes.map((lane) => [lane, []]));
  const nobodys: Request[] = [];
  let toldAt = Infinity;
  for (const trip of trips) {
    const owners = ownersOf(trip, lanes);
    if (owners.length === 0) nobodys.push(trip);
    else toldAt = Math.min(toldAt, Date.parse(trip.at));
    for (const lane of owners) owned.get(lane)?.push(trip);
  }
  return { owned, home: nobodys.filter((trip) => answeredAt(trip) <= toldAt) };
}

function ownersOf(request: Request, lanes: readonly Lane[]): readonly Lane[] {
  const own = lanes.filter(({ tenantId }) => tenantId === request.tenantId);
  if (own.length > 0) return own;
  const words = plain(`${request.url} ${JSON.stringify(request.requestBody ?? null)}`);
  return lanes.filter(({ marks }) => marks.some((mark) => words.includes(mark)));
}

function plain(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/** Of the target in the middle. On a busy machine requests that leave together look like a chain in a target or two. */
export const usual = (all: readonly Arrival[]) => median(all.map(({ chain }) => chain.length));

export const longest = (all: readonly Arrival[]) =>
  all.reduce((one, other) => (other.chain.length > one.chain.length ? other : one));
