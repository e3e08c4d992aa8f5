import { isOver, type Sweep } from "../../model/sweep.ts";
import type { Mark, SweepMark } from "../../state/marks.ts";
import { runKeptMs, type Runs } from "../../state/runs.ts";
import { beginSweep, messageOf, newSweepId, type BeginPorts } from "./begin-sweep.ts";
import { overdueMs } from "./carry-on.ts";

export type StartPorts = Omit<BeginPorts, "runs"> & {
  readonly runs: Pick<Runs, "begin" | "parts" | "newest" | "forget">;
  readonly mark: Mark<SweepMark>;
};

const never: SweepMark = { policy: null, nightAt: 0, pending: null };

/** Nights are a day apart; the timer of two hosts, or of one that was started twice, is not. */
const betweenNightsMs = 60_000;

/**
 * Begins the comparison of everything, unless it has just begun, and forgets the reports that are old.
 * @returns its id; null: it has just begun
 */
export async function beginNight(ports: StartPorts): Promise<string | null> {
  const waiting = (await ports.mark.read())?.value.pending ?? null;
  // What another policy has asked for is not forgotten because it is night.
  if (waiting !== null) await beginPending(waiting, ports);
  const known = await ports.mark.read();
  const before = known?.value ?? never;
  const now = ports.now();
  if (Math.abs(now - before.nightAt) < betweenNightsMs) return null;
  const pending = { id: newSweepId(now), occasion: "night" } as const;
  if (!(await ports.mark.write({ ...before, nightAt: now, pending }, known?.etag ?? null))) return null;
  await beginPending(pending, ports);
  await ports.runs.forget(now - runKeptMs);
  return pending.id;
}

export type Tended = {
  /** The sweep that was begun, because the policy is another than the one that was last compared. */
  readonly begun: string | null;
  /** How many places were called again whose message has died. */
  readonly called: number;
};

/** Begins what another policy asks for, ends what was begun and not written down, and calls again what nobody has carried on. */
export async function tendSweeps(ports: StartPorts): Promise<Tended> {
  return { begun: await beginIfDue(ports), called: await callForgotten(ports) };
}

async function beginIfDue(ports: StartPorts): Promise<string | null> {
  const known = await ports.mark.read();
  const { hash } = await ports.policy();
  const before = known?.value ?? never;
  if (before.pending !== null) {
    await beginPending(before.pending, ports);
    return before.pending.id;
  }
  if (before.policy === hash) return null;
  // Before the first there is nothing to compare: everybody is looked at then.
  const isFirst = before.policy === null;
  const pending = isFirst ? null : ({ id: newSweepId(ports.now()), occasion: "policy" } as const);
  if (!(await ports.mark.write({ ...before, policy: hash, pending }, known?.etag ?? null))) return null;
  if (pending !== null) await beginPending(pending, ports);
  return pending?.id ?? null;
}

/** On record before it is begun, so that whoever dies in between is followed by somebody who begins it. */
async function beginPending(
  { id, occasion }: NonNullable<SweepMark["pending"]>,
  ports: StartPorts,
): Promise<void> {
  await beginSweep({ occasion, mode: "apply", scope: { kind: "all" }, by: null }, id, ports);
  const known = await ports.mark.read();
  if (known?.value.pending?.id === id) await ports.mark.write({ ...known.value, pending: null }, known.etag);
}

/** Those that may still be going on are among so many, however many are asked for in an hour: a page of the table. */
const mostOpen = 1_000;

async function callForgotten(ports: StartPorts): Promise<number> {
  const open = (await ports.runs.newest(mostOpen)).filter(({ endedAt }) => endedAt === null);
  const calls = await Promise.all(open.map((sweep) => forgottenIn(sweep, ports)));
  await ports.send(calls.flat());
  return calls.flat().length;
}

async function forgottenIn(sweep: Sweep, ports: StartPorts) {
  const parts = await ports.runs.parts(sweep.id);
  const late = parts.filter((part) => !isOver(part) && part.nextAt < ports.now() - overdueMs);
  // Whoever died after the last place was over has left the sweep open: one of them ends it.
  const last = parts.every(isOver) ? parts.slice(0, 1) : [];
  return [...late, ...last].map((part) => messageOf(sweep, part, ports));
}
