import type { GroupDirectory } from "../graph/group-directory.ts";
import type { AnalystRecord } from "../model/analyst.ts";
import type { TenantId } from "../model/ids.ts";
import { heardAt, type AccessMessage, type AnalystMessage, type Message } from "../queue/keys.ts";
import { allLookedAt, type Analysts, type LookedAt } from "../state/analysts.ts";
import { findingKeptMs, type Findings } from "../state/findings.ts";
import type { CatchUpMark, Mark } from "../state/marks.ts";
import type { Pairs } from "../state/pairs.ts";
import type { Trouble, Troubles } from "../state/troubles.ts";
import type { PolicyNow } from "./policy-in-force.ts";
import { tryRoleGroups } from "./read-source.ts";
import { callOf } from "./shared-trouble.ts";

export type CatchUpPorts = {
  readonly policy: () => Promise<PolicyNow>;
  readonly groups: GroupDirectory;
  readonly analysts: Pick<Analysts, "list">;
  readonly pairs: Pick<Pairs, "list">;
  readonly troubles: Pick<Troubles, "list">;
  readonly findings: Pick<Findings, "forget">;
  readonly mark: Mark<CatchUpMark>;
  readonly schedule: (message: Message, at: number) => Promise<void>;
  readonly send: (messages: readonly Message[]) => Promise<void>;
  readonly now: () => number;
};

/** Events are lost without a word, so everybody is looked at this often. */
export const everyMs = 15 * 60_000;
/** The timer comes every five minutes, and never at quite the same moment. */
const timerSlackMs = 60_000;
/** However often it is asked for, nobody is looked at more often than this. */
const atMostEveryMs = 5 * 60_000;

/** Remembers that everybody has to be looked at soon; many may ask at once. */
export async function wishCatchUp(
  why: string,
  { mark, now }: Pick<CatchUpPorts, "mark" | "now">,
): Promise<void> {
  for (let tries = 0; tries < tryLimit; tries += 1) {
    const known = await mark.read();
    const before = known?.value ?? ({ begunAt: 0, done: "yes", wishedAt: 0, why } as const);
    if (before.wishedAt > before.begunAt) return;
    // By another clock the last catch-up may have begun in the future.
    const wishedAt = Math.max(now(), before.begunAt + 1);
    // Whoever was quicker has asked for the same, or has written that the last one has ended.
    if (await mark.write({ ...before, wishedAt, why }, known?.etag ?? null)) return;
  }
}

/**
 * Puts every role group and every known analyst on the queue when it is time to, and says why; null when it is not. Looks are
 * spread over the time until the next catch-up, so that they never stand in the way of an event.
 */
export async function catchUpIfDue(ports: CatchUpPorts): Promise<string | null> {
  const { mark, now } = ports;
  const known = await mark.read();
  const why = reasonOf(known?.value ?? null, now());
  if (why === null) return null;
  const begun: CatchUpMark = { begunAt: now(), done: "no", wishedAt: known?.value.wishedAt ?? 0, why };
  // Another host is at it.
  if (!(await mark.write(begun, known?.etag ?? null))) return null;
  // Role groups that could not be looked up are called a little later, with everybody once more.
  if ((await callEverybody(why, ports)) === "all") await noteDone(begun, mark);
  // The first of a day, by the mark that all hosts share.
  if (dayOf(known?.value.begunAt ?? 0) !== dayOf(begun.begunAt))
    await ports.findings.forget(begun.begunAt - findingKeptMs);
  return why;
}

const dayOf = (at: number) => Math.floor(at / dayMs);

/** Whoever wishes for another one at this moment writes the same mark. What is not written down is done once more. */
async function noteDone({ begunAt }: CatchUpMark, mark: CatchUpPorts["mark"]): Promise<void> {
  for (let tries = 0; tries < tryLimit; tries += 1) {
    const known = await mark.read();
    if (known === null || known.value.begunAt !== begunAt) return;
    if (await mark.write({ ...known.value, done: "yes" }, known.etag)) return;
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

/** Most of the time until the next one that nobody asks for, so that one catch-up is over when another begins. */
const spreadMs = 10 * 60_000;
/** Fewer than this are not worth spreading out. */
const atOnce = 50;

/** @returns whom it could call: the analysts in any case */
async function callEverybody(why: string, ports: CatchUpPorts): Promise<"all" | "analysts"> {
  const { policy } = await ports.policy();
  const cause = `catch-up: ${why}`;
  const common = { cause, heardAt: heardAt(ports), occasion: "check" } as const;
  const { found, trouble } = await tryRoleGroups(policy, ports.groups, "low");
  const roleKeys: readonly AnalystMessage["key"][] = [
    { kind: "attribute-roles" },
    ...found.map(({ group }) => ({ kind: "role-group", group }) as const),
  ];
  const analysts = await allLookedAt(ports.analysts);
  const due = analysts.filter((one) => !isLongGone(one, ports.now()));
  const messages: readonly Message[] = [
    ...roleKeys.map((key) => ({ key, ...common })),
    ...due.map(({ record }) => ({ key: { kind: "analyst", analyst: record.id } as const, ...common })),
    ...(await pairsBehind(
      analysts.map(({ record }) => record),
      { cause, ports },
    )),
  ];
  await sendSpread(messages, ports);
  return trouble === undefined ? "all" : "analysts";
}

/** Nobody comes back who was purged; of who was missing for so long, one look a day is enough. */
function isLongGone({ record: { missingSince }, lookedAt }: LookedAt, now: number): boolean {
  const isMissing = missingSince !== null && now - missingSince > longGoneMs;
  return isMissing && Math.abs(now - lookedAt) < dayMs;
}

const dayMs = 24 * 60 * 60_000;
const longGoneMs = 30 * dayMs;

async function sendSpread(
  messages: readonly Message[],
  { send, schedule, now }: CatchUpPorts,
): Promise<void> {
  const startedAt = now();
  await send(messages.slice(0, atOnce));
  const later = messages.slice(atOnce);
  const stepMs = spreadMs / Math.max(1, later.length);
  const timed = later.map((message, index) => ({ message, at: startedAt + (index + 1) * stepMs }));
  for (let first = 0; first < timed.length; first += atOnce)
    await Promise.all(timed.slice(first, first + atOnce).map(({ message, at }) => schedule(message, at)));
}

/**
 * Pairs that were told of a version and did not act on it, or whose reminder did not come, because their message died with its
 * hosts; and, when a trouble is over or not tried any more, those who wait for it and the one who should have tried.
 */
async function pairsBehind(
  analysts: readonly AnalystRecord[],
  { cause, ports }: { readonly cause: string; readonly ports: CatchUpPorts },
): Promise<readonly Message[]> {
  const tenants = new Set<TenantId>(analysts.flatMap(({ targets }) => targets));
  const messages: Message[] = [];
  for (const tenant of tenants) {
    const rows = new Map((await ports.pairs.list(tenant)).map(({ rowKey, state }) => [rowKey, state]));
    const now = ports.now();
    const isLate = ({ nextTryAt }: Trouble) => nextTryAt < now - everyMs;
    const troubles = await ports.troubles.list(tenant);
    const tended = new Set(troubles.filter((trouble) => !isLate(trouble)).map(({ id }) => id));
    for (const { id, targets, told } of analysts) {
      const row = rows.get(id);
      const dueAt = row?.clock.dueAt ?? 0;
      const waitsForNothing = row?.clock.waitsFor.some((trouble) => !tended.has(trouble)) ?? false;
      const isForgotten = waitsForNothing || (dueAt > 0 && dueAt < now - everyMs);
      if (!targets.includes(tenant) || ((row?.value.served ?? 0) === told && !isForgotten)) continue;
      const key: AccessMessage["key"] = { kind: "access", tenant, analyst: id };
      messages.push({ ...callOf(key, cause, now), version: isForgotten ? null : told });
    }
    messages.push(...troubles.filter(isLate).map((trouble) => callOf(probeOf(trouble), cause, now)));
  }
  return messages;
}

const probeOf = ({ probe }: Trouble) => JSON.parse(probe) as AccessMessage["key"]; // written by `handle` alone, of a key
