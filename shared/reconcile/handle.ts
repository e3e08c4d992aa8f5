import { classify, GraphError } from "../graph/error.ts";
import { errorText } from "../model/error-text.ts";
import { sessionOf, type AccessMessage, type AnalystMessage, type ParkedMessage } from "../queue/keys.ts";
import { ClaimLost, type Claim, type KeyClock, type KeyState } from "../state/key-state.ts";
import type { Trouble, Troubles } from "../state/troubles.ts";
import { hear, type Look, type Occasion } from "./next-look.ts";
import { endingOf, withoutIds, type Ending, type Outcome, type Parked } from "./outcome.ts";
import { hashOf } from "./plan-hash.ts";
import { PolicyUnusable } from "./policy-in-force.ts";

/** A message about something that is remembered. */
export type Work = AnalystMessage | AccessMessage;

/** What one run over a key may know besides the key. */
export type Run = {
  readonly cause: string;
  /** When what led to this run was heard of, epoch ms. */
  readonly heardAt: number;
  readonly attempts: number;
  /** No round and no stage begins after this, epoch ms: the host ends a function that runs too long, with all it does. */
  readonly until: number;
  readonly urgency: "now" | "low";
};

export type HandlePorts<T> = {
  /** Takes the key over, with a first change of what is remembered. */
  readonly claim: (begin: (state: KeyState<T>) => KeyState<T>) => Promise<Claim<T>>;
  readonly lookFor: (state: KeyState<T>, now: number, occasion: Occasion) => Look;
  readonly schedule: (message: Work, at: number) => Promise<void>;
  readonly send: (messages: readonly Work[]) => Promise<void>;
  readonly park: (message: ParkedMessage) => Promise<void>;
  /** What keeps every key of this key's partition from being brought in line. */
  readonly troubles: Troubles;
  readonly partition: string;
  /** Keys of the partition that wait for a trouble to end. */
  readonly waiting: (trouble: string) => Promise<readonly Work["key"][]>;
  readonly now: () => number;
  readonly log: (
    level: "info" | "warn" | "error",
    message: string,
    fields: Readonly<Record<string, unknown>>,
  ) => void;
};

/** Well within host.json's functionTimeout of five minutes, with room for the calls that are under way then. */
const runMs = 120_000;

/**
 * Handles one message: claims its key, decides whether there is anything left to look at, looks, and turns the ending into
 * what becomes of the key. Returning completes the message. Without its tables a worker can decide nothing, and a run that
 * lost its key may not: then the message goes back to the queue for later.
 */
export async function handle<T>(
  message: Work,
  ports: HandlePorts<T>,
  run: (claim: Claim<T>, run: Run) => Promise<readonly Outcome[]>,
): Promise<void> {
  try {
    await handleOnce(message, ports, run);
  } catch (error) {
    const lost = error instanceof ClaimLost;
    ports.log(lost ? "info" : "error", "A message could not be handled and is put back.", {
      key: sessionOf(message.key),
      why: errorText(error),
    });
    await ports.schedule(message, ports.now() + (lost ? lostMs : putBackMs));
  }
}

const putBackMs = 15_000;
/** The run that has the key now may not have heard what this message says. */
const lostMs = 3_000;

async function handleOnce<T>(
  message: Work,
  ports: HandlePorts<T>,
  run: (claim: Claim<T>, run: Run) => Promise<readonly Outcome[]>,
): Promise<void> {
  const { now } = ports;
  const claim = await ports.claim((state) => ({ ...state, clock: begin(state.clock, message, now()) }));
  const { clock } = claim.state();
  const lookedAt = now();
  const look = ports.lookFor(claim.state(), lookedAt, message.occasion);
  if (look.kind !== "now") {
    const at = look.kind === "at" ? look.at + earlyMs(message, lookedAt) : null;
    if (at !== null) await claim.write({ clock: await wake(message, { clock, at, ports }) });
    return;
  }
  const attempted = await attempt(ports, () =>
    run(claim, {
      cause: message.cause,
      heardAt: message.occasion === "wake" ? clock.heardAt : message.heardAt,
      attempts: clock.attempts,
      until: lookedAt + runMs,
      urgency: message.occasion === "check" ? "low" : "now",
    }),
  );
  // Not before it is over: a look that was cut short has not been taken.
  const seen = { ...clock, lookedAt, looked: clock.heard };
  claim.set({ clock: seen });
  const settling = { ending: endingOf(attempted.outcomes), cut: attempted.cut, ports };
  await claim.write({ clock: await settle(message, claim.state(), settling) });
}

/** A wake that is early by this host's clock was on time by the queue's: the next one is meant for that much later. */
const earlyMs = ({ occasion, heardAt }: Work, now: number) =>
  occasion === "wake" ? Math.max(0, heardAt - now) : 0;

/** A wake says in `heardAt` for when it was meant; the one on record is not under way any more. */
function begin(clock: KeyClock, { occasion, heardAt }: Work, now: number): KeyClock {
  if (occasion === "event") return hear(clock, now);
  return occasion === "wake" && clock.wakeAt === heardAt ? { ...clock, wakeAt: 0 } : clock;
}

/** Graph's trouble is an outcome like any other; what it means is said in one place. `cut`: the run did not come to its end. */
async function attempt<T>(
  { now }: Pick<HandlePorts<T>, "now">,
  run: () => Promise<readonly Outcome[]>,
): Promise<{ readonly outcomes: readonly Outcome[]; readonly cut: "yes" | "no" }> {
  try {
    return { outcomes: await run(), cut: "no" };
  } catch (error) {
    if (error instanceof ClaimLost) throw error;
    return { outcomes: [outcomeOf(error, now())], cut: "yes" };
  }
}

/** What an error means for the key it happened to. Errors that nobody foresaw are retried, then seen by people. */
export function outcomeOf(error: unknown, now: number): Outcome {
  const why = errorText(error);
  if (error instanceof PolicyUnusable) return { kind: "wait", at: now + policyMs[error.kind], why };
  if (!(error instanceof GraphError)) return { kind: "retry", why };
  const meaning = classify(error);
  switch (meaning.kind) {
    case "retry":
    case "gone":
      return { kind: "retry", why };
    case "wait":
      return { kind: "wait", at: now + meaning.ms, why };
    case "stop":
      return { kind: "parked", reason: meaning.reason, advice: meaning.advice, cause: meaning.cause };
    default:
      return meaning satisfies never;
  }
}

/** While the policy is broken, nobody can decide; while this host has an old one, others can. */
const policyMs = { broken: 60_000, behind: 15_000 } as const;

type Settling<T> = {
  readonly ending: Ending;
  readonly cut: "yes" | "no";
  readonly ports: HandlePorts<T>;
};

/** What the ending does to the key; then a reminder for whatever is due first. */
async function settle<T>(message: Work, state: KeyState<T>, settling: Settling<T>): Promise<KeyClock> {
  const { ports } = settling;
  const settled = await take(message, state.clock, settling);
  const look = ports.lookFor({ ...state, clock: settled }, ports.now(), "wake");
  if (look.kind === "no") return settled;
  return wake(message, { clock: settled, at: look.kind === "at" ? look.at : ports.now(), ports });
}

async function take<T>(message: Work, clock: KeyClock, settling: Settling<T>): Promise<KeyClock> {
  const { ending, ports } = settling;
  const { again, retry, parked } = ending;
  const now = ports.now();
  const fields = { key: sessionOf(message.key), cause: message.cause };
  if (again !== null) {
    ports.log("info", "Will look again.", {
      ...fields,
      at: new Date(again.at).toISOString(),
      why: again.why,
    });
  }
  if (retry !== null) {
    ports.log("warn", "A run failed and is retried.", {
      ...fields,
      attempts: clock.attempts + 1,
      why: retry.why,
    });
  }
  const own = parked.filter(({ cause }) => cause === null);
  const common = await share(message, clock, settling);
  const failed = retry !== null || own.length > 0;
  const attempts = failed ? clock.attempts + 1 : again !== null ? clock.attempts : 0;
  const told = await tell(message, { ...clock, attempts }, settling);
  const due = [
    ...(again === null ? [] : [again.at]),
    ...(retry === null ? [] : [now + backoffMs(clock.attempts)]),
    ...(own.length === 0 ? [] : [now + parkedRetryMs(clock.attempts)]),
    ...common.tryAt,
  ];
  return {
    ...clock,
    attempts,
    told,
    waitsFor: common.waitsFor,
    probes: common.probes,
    dueAt: due.length === 0 ? 0 : Math.min(...due),
  };
}

/** After this many failures in a row, people are told; the key is tried on all the same. */
const patience = 8;

/** Tells people what is news, once until the key works again. @returns what they have been told */
async function tell<T>(
  { key, cause }: Work,
  { told, attempts }: KeyClock,
  { ending, ports }: Settling<T>,
): Promise<readonly string[]> {
  const own = ending.parked.filter(({ cause: shared }) => shared === null);
  const failing =
    ending.retry !== null && attempts >= patience
      ? [
          {
            reason: `failing for ${attempts} runs: ${ending.retry.why}`,
            advice: "it is still retried; look the request up by its id in the tenant's logs",
            gist: "failing",
          },
        ]
      : [];
  const words = [...own.map((one) => ({ ...one, gist: gistOf(one) })), ...failing];
  for (const { reason, advice } of own)
    ports.log("error", "A key needs a person.", { key: sessionOf(key), cause, reason, advice });
  const news = words.filter(({ gist }) => !told.includes(gist));
  for (const { reason, advice } of news) await ports.park({ key, reason, advice, parkedAt: ports.now() });
  if (ending.kind === "done") return [];
  return [...told, ...news.map(({ gist }) => gist)].slice(-mostTold);
}

const mostTold = 10;

const gistOf = ({ reason }: Pick<Parked, "reason">) => hashOf(withoutIds(reason));

type Shared = Pick<KeyClock, "waitsFor" | "probes"> & {
  /** When this key tries whether a trouble is over that it tries for all. */
  readonly tryAt: readonly number[];
};

/** What hits a whole tenant is one entry for people, and one key tries for all whether it is over. */
async function share<T>(
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
    const next = await meet({ id, ...words }, message, ports);
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

/** @returns when this key tries whether the trouble is over; null when another one does */
async function meet<T>(
  { id, reason, advice }: Pick<Trouble, "id" | "reason" | "advice">,
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
  const { trouble, news } = await troubles.report(begun);
  // A row that nobody has tried for long is left over from an earlier trouble.
  const isLeftOver = news === "no" && trouble.nextTryAt < at - leftOverMs;
  const current = isLeftOver ? begun : trouble;
  // Whoever began it tells people; if they died before that, the next one does.
  const tells = current.told === "no" && (news === "yes" || isLeftOver || current.since < at - tellingMs);
  if (tells) {
    log("error", "A whole tenant needs a person.", { tenant: partition, reason, advice });
    await park({ key, reason, advice, parkedAt: at });
  }
  const isMine = current.probe === probe;
  const tryAt = at + troubleRetryMs;
  if (isMine || tells)
    await troubles.update({
      ...current,
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

/**
 * Sees to it that the key comes back at `at`. A reminder that is under way and early enough is not doubled, also when it
 * is due and waits its turn in the session. It is sent before it is written down.
 */
async function wake<T>(
  message: Work,
  { clock, at, ports }: { readonly clock: KeyClock; readonly at: number; readonly ports: HandlePorts<T> },
): Promise<KeyClock> {
  const underWay = clock.wakeAt > ports.now() - lostAfterMs;
  if (underWay && clock.wakeAt <= at) return clock;
  const time = Math.ceil(at);
  await ports.schedule({ ...message, occasion: "wake", heardAt: time }, time);
  return { ...clock, wakeAt: time };
}

/** A reminder that has not come this long after its time does not come any more. */
const lostAfterMs = 60_000;

/** 1 s, 2 s, 4 s … five minutes. */
const backoffMs = (attempts: number) => Math.min(1_000 * 2 ** attempts, 5 * 60_000);
/** Somebody may have fixed it without telling anyone: 5 minutes, 10, 20 … an hour. */
const parkedRetryMs = (attempts: number) => Math.min(5 * 60_000 * 2 ** Math.min(attempts, 8), 60 * 60_000);
/** Where one key tries for a whole tenant, everybody waits for that one. */
const troubleRetryMs = 5 * 60_000;
const tellingMs = 60_000;
/** Every catch-up in this time would have called the key that tries. */
const leftOverMs = 40 * 60_000;
