import type { Key, Message, ParkedMessage } from "../queue/keys.ts";
import { sessionOf } from "../queue/keys.ts";
import type { Clocks, KeyClock } from "../state/clocks.ts";
import { classify, GraphError } from "../graph/error.ts";
import { hear, nextAccessLook, nextSourceLook, type Look } from "./next-look.ts";
import type { Outcome } from "./outcome.ts";

/** What one run over a key may know besides the key. */
export type Run = { readonly cause: string; readonly heardAt: number; readonly attempts: number };

export type HandlePorts = {
  readonly clocks: Clocks;
  readonly schedule: (message: Message, at: number) => Promise<void>;
  readonly park: (message: ParkedMessage) => Promise<void>;
  readonly now: () => number;
  readonly log: (
    level: "info" | "warn" | "error",
    message: string,
    fields: Readonly<Record<string, unknown>>,
  ) => void;
};

/**
 * Handles one message: decides whether there is anything left to look at, looks, and turns the outcome into what
 * becomes of the key. Returning completes the message. Without its state tables a worker can decide nothing, so the
 * message goes back to the queue for later; only when the queue fails too does this throw, and Service Bus keeps the
 * message.
 */
export async function handle(
  message: Message,
  ports: HandlePorts,
  run: (run: Run) => Promise<Outcome>,
): Promise<void> {
  try {
    await handleOnce(message, ports, run);
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    ports.log("error", "A message could not be handled and is put back.", {
      key: sessionOf(message.key),
      why,
    });
    await ports.schedule(message, ports.now() + putBackMs);
  }
}

const putBackMs = 15_000;

async function handleOnce(
  message: Message,
  ports: HandlePorts,
  run: (run: Run) => Promise<Outcome>,
): Promise<void> {
  const session = sessionOf(message.key);
  const known = await ports.clocks.get(session);
  const clock =
    message.occasion === "event"
      ? hear(known, Math.min(message.heardAt, ports.now()))
      : woken(known, message.heardAt);
  const look = lookFor(message, clock, ports.now());
  if (look.kind !== "now") {
    const next = look.kind === "at" ? await wake(message, { clock, at: look.at, ports }) : clock;
    if (next !== known) await ports.clocks.put(session, next);
    return;
  }
  const readAt = ports.now();
  const outcome = await attempt(() =>
    run({ cause: message.cause, heardAt: clock.heardAt, attempts: known.attempts }),
  );
  await ports.clocks.put(session, await settle(message, { ...clock, readAt }, { outcome, ports }));
}

function lookFor({ key, occasion }: Message, clock: KeyClock, now: number): Look {
  return (key.kind === "access" ? nextAccessLook : nextSourceLook)(clock, now, occasion);
}

/** A wake says in `heardAt` for when it was meant; the one on record is not under way any more. */
const woken = (clock: KeyClock, meantFor: number): KeyClock =>
  clock.wakeAt === meantFor ? { ...clock, wakeAt: 0 } : clock;

/** Graph's trouble is an outcome like any other; what it means is said in one place. */
async function attempt(run: () => Promise<Outcome>): Promise<Outcome> {
  try {
    return await run();
  } catch (error) {
    return outcomeOf(error);
  }
}

/** What an error means for the key it happened to. Errors that nobody foresaw are retried, then seen by people. */
export function outcomeOf(error: unknown): Outcome {
  const why = error instanceof Error ? error.message : String(error);
  if (!(error instanceof GraphError)) return { kind: "retry", why };
  const meaning = classify(error);
  switch (meaning.kind) {
    case "retry":
    case "gone":
      return { kind: "retry", why };
    case "wait":
      return { kind: "again", at: Date.now() + meaning.ms, why };
    case "stop":
      return { kind: "parked", reason: meaning.reason, advice: meaning.advice };
    default:
      return meaning satisfies never;
  }
}

type Settling = { readonly outcome: Outcome; readonly ports: HandlePorts };

/** The four outcomes, and what each does to the key; then a reminder for whatever is due first. */
async function settle(message: Message, clock: KeyClock, settling: Settling): Promise<KeyClock> {
  const { ports } = settling;
  const settled = await take(message, clock, settling);
  const look = lookFor(
    { ...message, occasion: message.key.kind === "access" ? "wake" : "event" },
    settled,
    ports.now(),
  );
  if (look.kind === "no") return settled;
  return wake(message, { clock: settled, at: look.kind === "at" ? look.at : ports.now(), ports });
}

async function take(message: Message, clock: KeyClock, settling: Settling): Promise<KeyClock> {
  const { outcome, ports } = settling;
  const now = ports.now();
  const fields = { key: sessionOf(message.key), cause: message.cause };
  switch (outcome.kind) {
    case "done":
      return { ...clock, dueAt: 0, attempts: 0, parked: null };
    case "again": {
      const at = new Date(outcome.at).toISOString();
      ports.log("info", "Will look again.", { ...fields, at, why: outcome.why });
      return { ...clock, dueAt: outcome.at };
    }
    case "retry": {
      const attempts = clock.attempts + 1;
      ports.log("warn", "A run failed and is retried.", { ...fields, attempts, why: outcome.why });
      return tellOnce(message.key, { ...clock, dueAt: now + backoffMs(clock.attempts), attempts }, settling);
    }
    case "parked": {
      const { reason, advice } = outcome;
      ports.log("error", "A key needs a person.", { ...fields, reason, advice });
      const attempts = clock.attempts + 1;
      return tellOnce(message.key, { ...clock, dueAt: now + parkedRetryMs, attempts }, settling);
    }
    default:
      return outcome satisfies never;
  }
}

/** After this many failures in a row, people are told; the key is tried on all the same. */
const patience = 8;

async function tellOnce(key: Key, clock: KeyClock, { outcome, ports }: Settling): Promise<KeyClock> {
  const words =
    outcome.kind === "parked"
      ? { reason: outcome.reason, advice: outcome.advice }
      : {
          reason: `failing for ${clock.attempts} runs: ${outcome.kind === "retry" ? outcome.why : ""}`,
          advice: "it is still retried; look the request up by its id in the tenant's logs",
        };
  const gist = outcome.kind === "parked" ? outcome.reason.replaceAll(/request [\w-]+/g, "") : "failing";
  if (gist === clock.parked || (outcome.kind === "retry" && clock.attempts < patience)) return clock;
  await ports.park({ key, ...words, parkedAt: ports.now() });
  return { ...clock, parked: gist };
}

/**
 * Sees to it that the key comes back at `at`. A reminder that is under way and early enough is not doubled, also when it
 * is due and waits its turn in the session. It is sent before it is written down.
 */
async function wake(
  message: Message,
  { clock, at, ports }: { readonly clock: KeyClock; readonly at: number; readonly ports: HandlePorts },
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
/** Somebody may have fixed it without telling anyone. */
const parkedRetryMs = 5 * 60_000;
