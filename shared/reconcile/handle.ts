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
  const clock = message.occasion === "event" ? hear(known, message.heardAt) : woken(known, message.heardAt);
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

/** The four outcomes, and what each does to the key. */
async function settle(message: Message, clock: KeyClock, { outcome, ports }: Settling): Promise<KeyClock> {
  const now = ports.now();
  const fields = { key: sessionOf(message.key), cause: message.cause };
  switch (outcome.kind) {
    case "done": {
      const settled = { ...clock, dueAt: 0, attempts: 0, parked: null };
      const look =
        message.key.kind === "access" ? ({ kind: "no" } as const) : nextSourceLook(settled, now, "event");
      if (look.kind === "no") return settled;
      return wake(message, { clock: settled, at: look.kind === "at" ? look.at : now, ports });
    }
    case "again":
      ports.log("info", "Will look again.", {
        ...fields,
        at: new Date(outcome.at).toISOString(),
        why: outcome.why,
      });
      return wake(message, { clock: { ...clock, dueAt: outcome.at }, at: outcome.at, ports });
    case "retry": {
      const at = now + backoffMs(clock.attempts);
      ports.log("warn", "A run failed and is retried.", {
        ...fields,
        attempts: clock.attempts + 1,
        why: outcome.why,
      });
      const failed = { ...clock, dueAt: at, attempts: clock.attempts + 1 };
      return wake(message, { clock: await tellOnce(message.key, failed, { outcome, ports }), at, ports });
    }
    case "parked": {
      const at = now + parkedRetryMs;
      ports.log("error", "A key needs a person.", {
        ...fields,
        reason: outcome.reason,
        advice: outcome.advice,
      });
      const parked = { ...clock, dueAt: at, attempts: clock.attempts + 1 };
      return wake(message, { clock: await tellOnce(message.key, parked, { outcome, ports }), at, ports });
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
  await ports.schedule({ ...message, occasion: "wake", heardAt: at }, at);
  return { ...clock, wakeAt: at };
}

/** A reminder that has not come this long after its time does not come any more. */
const lostAfterMs = 60_000;

/** 1 s, 2 s, 4 s … five minutes. */
const backoffMs = (attempts: number) => Math.min(1_000 * 2 ** attempts, 5 * 60_000);
/** Somebody may have fixed it without telling anyone. */
const parkedRetryMs = 5 * 60_000;
