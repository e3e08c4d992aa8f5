import { sessionOf } from "../../queue/keys.ts";
import type { KeyClock } from "../../state/key-state.ts";
import type { Trouble } from "../../state/troubles.ts";
import type { HandlePorts, Settling, Work } from "./handling.ts";
import { gistOf } from "./outcome.ts";
import { hashOf } from "./plan-hash.ts";

type Shared = Pick<KeyClock, "waitsFor" | "probes"> & {
  /** When this key tries whether a trouble is over that it tries for all. */
  readonly tryAt: readonly number[];
};

/** Whether this key waits for the end of what has this cause, or tries it for the others. */
export const hasMet = (cause: string, { waitsFor, probes }: Pick<KeyClock, "waitsFor" | "probes">): boolean =>
  [...waitsFor, ...probes].includes(hashOf(cause));

/** What hits a whole tenant is one entry for people, and one key tries for all whether it is over. */
export async function share<T>(
  message: Work,
  clock: KeyClock,
  { ending, cut, ports }: Settling<T>,
): Promise<Shared> {
  const met = new Map(
    ending.parked.flatMap(({ cause, reason, advice }) =>
      cause === null ? [] : [[hashOf(cause), { reason, advice }] as const],
    ),
  );
  // What this run did not come to may be there still.
  const untried = cut === "yes" || ending.held === "yes";
  const unseen = (ids: readonly string[]) => ids.filter((id) => !met.has(id));
  if (untried) for (const id of unseen(clock.probes)) await callAnother(id, message, ports);
  else {
    for (const id of unseen(clock.probes)) await end(id, message.cause, ports);
    for (const id of unseen(clock.waitsFor))
      if (await isOverdue(id, ports)) await end(id, message.cause, ports);
  }
  const waitsFor = untried ? unseen(clock.waitsFor) : [];
  const probes = untried ? unseen(clock.probes) : [];
  const tryAt = probes.map(() => ports.now() + troubleRetryMs);
  for (const [id, words] of met) {
    const metBefore = clock.waitsFor.includes(id) || clock.probes.includes(id) ? "yes" : "no";
    const next = await meet({ id, metBefore, ...words }, message, ports);
    if (next === null) waitsFor.push(id);
    else {
      probes.push(id);
      tryAt.push(next);
    }
  }
  return { waitsFor, probes, tryAt };
}

/** The key that tries did not come, so whoever waits and does not meet the trouble any more has tried it. */
async function isOverdue<T>(id: string, { troubles, partition, now }: HandlePorts<T>): Promise<boolean> {
  const trouble = await troubles.get(partition, id);
  return trouble !== null && trouble.nextTryAt <= now();
}

/** A key that has trouble of its own cannot try for the others: one of those who wait does it, another one each time. */
async function callAnother<T>(trouble: string, { key, cause }: Work, ports: HandlePorts<T>): Promise<void> {
  const waiting = await ports.waiting(trouble);
  const turn = Math.floor(ports.now() / troubleRetryMs);
  const others = waiting.filter((other) => sessionOf(other) !== sessionOf(key));
  const other = others[turn % Math.max(1, others.length)];
  if (other !== undefined) await ports.send([callOf(other, cause, ports.now())]);
}

/** A key is looked at although nothing new is known of it. */
export function callOf(key: Work["key"], cause: string, at: number): Work {
  const common = { cause, heardAt: Math.ceil(at), occasion: "event" } as const;
  return key.kind === "access" ? { key, ...common, version: null } : { key, ...common };
}

/** Whether this key's last look met it as well. */
type MetBefore = { readonly metBefore: "yes" | "no" };

/** @returns when this key tries whether the trouble is over; null when another one does */
async function meet<T>(
  { id, reason, advice, metBefore }: Pick<Trouble, "id" | "reason" | "advice"> & MetBefore,
  { key }: Work,
  { troubles, partition, park, log, now }: HandlePorts<T>,
): Promise<number | null> {
  const at = now();
  const probe = JSON.stringify(key);
  const begun = {
    tenant: partition,
    id,
    reason,
    advice,
    probe,
    told: "no",
    since: at,
    nextTryAt: at,
  } as const;
  const { trouble, news } = await troubles.report(begun, metBefore);
  // Whoever began it tells people; if they died before that, the next one does.
  const tells = trouble.told === "no" && news === "yes";
  const isMine = trouble.probe === probe;
  // The same may be in the way of keys that have another row for it.
  const speaker = { by: partition, at, within: Infinity };
  const speaks = tells || isMine ? await troubles.speaks(gistOf(trouble), speaker) : "no";
  if (tells && speaks === "yes") {
    log("error", "A whole tenant needs a person.", { tenant: partition, reason, advice });
    await park({ key, reason, advice, parkedAt: at });
  }
  const tryAt = at + troubleRetryMs;
  if (isMine || tells)
    await troubles.update(partition, id, {
      ...(tells ? { told: "yes" } : {}),
      ...(isMine ? { nextTryAt: tryAt } : {}),
    });
  return isMine ? tryAt : null;
}

/** The trouble is over: whoever waited is looked at, a few at a time. */
async function end<T>(trouble: string, cause: string, ports: HandlePorts<T>): Promise<void> {
  const now = ports.now();
  const waiting = await ports.waiting(trouble);
  const calls = waiting.map((key, index) => {
    const at = now + Math.floor(index / atOnce) * 1_000;
    return { message: callOf(key, cause, at), at };
  });
  await ports.send(calls.filter(({ at }) => at <= now).map(({ message }) => message));
  for (const { message, at } of calls) if (at > now) await ports.schedule(message, at);
  await ports.troubles.end(ports.partition, trouble, now);
}

/** Keys that are called in a second when a trouble has ended. */
const atOnce = 20;

/** Where one key tries for a whole tenant, everybody waits for that one. */
const troubleRetryMs = 5 * 60_000;
