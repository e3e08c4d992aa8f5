import { findingKeptMs, type Findings } from "../../state/findings.ts";
import { troubleKeptMs, type Troubles } from "../../state/troubles.ts";
import { journalKeptMs, type Journal } from "../../state/journal.ts";
import type { CatchUpMark, Mark } from "../../state/marks.ts";
import { callKeptMs, type WorkflowCalls } from "../../state/workflow-calls.ts";
import { callPeople, everybodyMs, timerSlackMs, type Call, type CallPorts } from "./call-people.ts";

export type CatchUpPorts = CallPorts & {
  readonly findings: Pick<Findings, "forget">;
  readonly calls: Pick<WorkflowCalls, "forget">;
  readonly troubles: Pick<Troubles, "forget">;
  readonly journal: Pick<Journal, "forget">;
  readonly mark: Mark<CatchUpMark>;
};

/** Events are lost without a word, so this often everybody is found who has changed or is not settled. */
export const everyMs = 15 * 60_000;

/** However often it is asked for, nobody is looked at more often than this. */
const atMostEveryMs = 5 * 60_000;

const never: CatchUpMark = {
  begunAt: 0,
  done: "yes",
  wishedAt: 0,
  why: "first start",
  owed: 0,
  policy: null,
  everybodyAt: 0,
  cursors: [],
};

/** Remembers that a catch-up is due soon; many may ask at once. */
export async function wishCatchUp(
  why: string,
  { mark, now }: Pick<CatchUpPorts, "mark" | "now">,
): Promise<void> {
  for (let tries = 0; tries < tryLimit; tries += 1) {
    const known = await mark.read();
    const before = known?.value ?? never;
    if (before.wishedAt > before.begunAt) return;
    // By another clock the last catch-up may have begun in the future.
    const wishedAt = Math.max(now(), before.begunAt + 1);
    // Whoever was quicker has asked for the same, or has written that the last one has ended.
    if (await mark.write({ ...before, wishedAt, why }, known?.etag ?? null)) return;
  }
}

export type CaughtUp = {
  readonly why: string;
  readonly whom: Call["whom"];
  /** Why it is not known who has changed; empty where it is. */
  readonly unknown: string;
};

/**
 * Puts every role group and whoever has changed or is not settled on the queue when it is time to, and says why; everybody where
 * nobody can tell who has changed; null when it is not time. Looks are spread over the time until the next catch-up, so that they
 * never stand in the way of an event.
 */
export async function catchUpIfDue(ports: CatchUpPorts): Promise<CaughtUp | null> {
  const { mark, now } = ports;
  const known = await mark.read();
  const before = known?.value ?? never;
  const why = reasonOf(known?.value ?? null, now());
  if (why === null) return null;
  const begun: CatchUpMark = { ...before, begunAt: now(), done: "no", why };
  // Another host is at it.
  if (!(await mark.write(begun, known?.etag ?? null))) return null;
  const call = await callPeople(begun, ports);
  // Role groups that could not be looked up are called a little later, with all the others once more.
  if (call.roleGroups === "found") await noteDone(begun, call, mark);
  // The first of a day, by the mark that all hosts share.
  if (dayOf(before.begunAt) !== dayOf(begun.begunAt)) {
    await ports.findings.forget(begun.begunAt - findingKeptMs);
    await ports.calls.forget(begun.begunAt - callKeptMs);
    await ports.troubles.forget(begun.begunAt - troubleKeptMs);
    await ports.journal.forget(begun.begunAt - journalKeptMs);
  }
  const { whom, changes } = call;
  return { why, whom, unknown: changes.kind === "unknown" ? changes.why : "" };
}

const dayOf = (at: number) => Math.floor(at / everybodyMs);

/** Whoever wishes for another one at this moment writes the same mark. What is not written down is done once more. */
async function noteDone(begun: CatchUpMark, call: Call, mark: CatchUpPorts["mark"]): Promise<void> {
  const { owed, policy } = call;
  const everybodyAt = call.whom === "everybody" ? begun.begunAt : begun.everybodyAt;
  const next = { done: "yes", owed, policy, everybodyAt, cursors: call.changes.next } as const;
  for (let tries = 0; tries < tryLimit; tries += 1) {
    const known = await mark.read();
    if (known === null || known.value.begunAt !== begun.begunAt) return;
    if (await mark.write({ ...known.value, ...next }, known.etag)) return;
  }
}

const tryLimit = 5;

function reasonOf(known: CatchUpMark | null, now: number): string | null {
  if (known === null) return "first start";
  // A clock that was far ahead must not stop all catch-ups until its time has come.
  const since = Math.abs(now - known.begunAt);
  if (known.wishedAt > known.begunAt && since >= atMostEveryMs) return known.why;
  // It met an error, or died with its host: somebody may not have been called.
  if (known.done === "no" && since >= atMostEveryMs - timerSlackMs) return known.why;
  return since >= everyMs - timerSlackMs ? "time" : null;
}
