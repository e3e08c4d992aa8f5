import type { Appointment, LabClock } from "../../clock.ts";
import type { Weather } from "../../weather.ts";
import type { Draws } from "../draws.ts";

/**
 * How far the replicas of one tenant's directory have come. Every change reaches each of them after a time of its own;
 * changes of one object arrive in order, changes of different objects do not.
 */
export type Replicas = {
  readonly count: number;
  /** Hears of a change of an object or of a membership, under its key. */
  changed(key: string): void;
  /** Hears that an object is new: such a one stays unseen everywhere for a while. */
  made(key: string): void;
  /** The moment as of which a replica shows what is behind this key; undefined: as it is now. */
  moment(replica: number, key: string): number | undefined;
  /** The moment up to which a replica has heard of everything; undefined: it has heard of everything. */
  heardUntil(replica: number): number | undefined;
  /** Whether all of them are up to date. */
  areCurrent(): boolean;
};

export const membershipKey = (groupId: string, memberId: string) => `${groupId}/${memberId}`;

/** The last of them is the one that is furthest behind. */
const count = 3;

/** A write of several steps, such as a soft deletion, may see the clock tick. */
const oneWriteMs = 5;

type Arrival = { readonly at: number; readonly reaches: number[] };

export function replicasOf(
  tenant: { readonly id: string; readonly name: string },
  { clock, draws, weather }: { readonly clock: LabClock; readonly draws: Draws; readonly weather: Weather },
): Replicas {
  const arrivals = new Map<string, Arrival[]>();
  let awaited: { readonly at: number; readonly appointment: Appointment } | undefined;
  const isPending = ({ reaches }: Arrival) => reaches.some((at) => at > clock.now());

  function lags(key: string): number[] {
    return Array.from({ length: count }, (_, replica) => {
      const lagMs = draws.ms(weather.replicaMs, "replica", tenant.id, key, replica);
      return Math.round((lagMs * (replica + 1)) / count);
    });
  }

  function note(key: string, arrival: Arrival): void {
    if (!isPending(arrival)) return;
    const known = arrivals.get(key);
    if (known === undefined) arrivals.set(key, [arrival]);
    else if (known.at(-1) !== arrival) known.push(arrival);
    waitFor(Math.max(...arrival.reaches));
  }

  function waitFor(at: number): void {
    if (awaited !== undefined && awaited.at >= at) return;
    awaited?.appointment.cancel();
    const label = `graph: the replicas of ${tenant.name} catch up`;
    awaited = { at, appointment: clock.expect(at, label, forget) };
  }

  function forget(): void {
    awaited = undefined;
    for (const [key, own] of arrivals) if (!own.some(isPending)) arrivals.delete(key);
  }

  /** The change that is being made: the steps of one write arrive together. */
  function latest(key: string): Arrival | undefined {
    const last = arrivals.get(key)?.at(-1);
    return last !== undefined && clock.now() - last.at <= oneWriteMs ? last : undefined;
  }

  function firstMissing(replica: number, own: readonly Arrival[]): number | undefined {
    return own.find(({ reaches }) => (reaches[replica] ?? 0) > clock.now())?.at;
  }

  // A change made at a moment is missing just before it.
  const before = (at: number | undefined) => (at === undefined ? undefined : at - 0.5);

  return {
    count,
    changed(key) {
      if (weather.replicaMs[1] === 0 || latest(key) !== undefined) return;
      const at = clock.now();
      note(key, { at, reaches: lags(key).map((lagMs) => at + lagMs) });
    },
    made(key) {
      if (weather.newObjectMs[1] === 0) return;
      const at = clock.now();
      const arrival = latest(key) ?? { at, reaches: Array.from({ length: count }, () => at) };
      for (const [replica, reached] of arrival.reaches.entries()) {
        const unseenMs = draws.ms(weather.newObjectMs, "new object", tenant.id, key, replica);
        arrival.reaches[replica] = Math.max(reached, at + unseenMs);
      }
      note(key, arrival);
    },
    moment: (replica, key) => before(firstMissing(replica, arrivals.get(key) ?? [])),
    heardUntil(replica) {
      const missing = [...arrivals.values()].map((own) => firstMissing(replica, own));
      const first = missing.filter((at) => at !== undefined).toSorted((a, b) => a - b)[0];
      return before(first);
    },
    areCurrent: () => arrivals.size === 0,
  };
}
