import * as fc from "fast-check";
import { expect, test } from "vitest";
import type { Subscription } from "../../lab/bus/engine/feed.ts";
import type { Parcel } from "../../lab/bus/engine/message.ts";
import { Queue, type QueueSettings, type Settlement } from "../../lab/bus/engine/queue.ts";
import type { SessionLease } from "../../lab/bus/engine/session-table.ts";
import { startClock } from "../../lab/clock.ts";

const settings: QueueSettings = {
  name: "keys",
  sessions: "required",
  lockMs: 60_000,
  maxDeliveryCount: 3,
  ttlMs: undefined,
  deadLetterOnExpiry: "no",
};

/** A receiver of one session that takes `credit` messages at a time, and what it holds. */
type Receiver = {
  readonly lease: SessionLease;
  readonly held: { readonly token: string; readonly sequence: number }[];
  readonly subscription: Subscription;
};

function startEngine(credit: number) {
  const start = Date.now();
  const clock = startClock(() => start);
  const deadLetters = new Queue({ ...settings, sessions: "none", maxDeliveryCount: undefined }, clock);
  const queue = new Queue(settings, clock, { deadLetters });
  const receivers: Receiver[] = [];
  function accept(): void {
    queue.sessions?.acceptNext({ linkName: "link", onLost: () => {} }, (lease) => {
      const held: Receiver["held"] = [];
      const subscription = lease.subscribe({
        mode: "peekLock",
        isReady: () => held.length < credit,
        deliver: ({ sequence }, token) => void held.push({ token, sequence }),
      });
      receivers.push({ lease, held, subscription });
    });
  }
  return { clock, queue, receivers, accept, completed: new Map<string, number[]>(), cancelled: 0 };
}

type Engine = ReturnType<typeof startEngine>;
type Step = { readonly name: string; run(engine: Engine): void | Promise<void> };

const small = fc.nat({ max: 4 });
const many = { minLength: 20, maxLength: 80, size: "max" } as const;
const later = 30_000;

function sending(options: { readonly scheduling: "sometimes" | "never" }): fc.Arbitrary<Step> {
  const delays = options.scheduling === "never" ? [undefined] : [undefined, undefined, later];
  return fc
    .record({
      sessionId: fc.constantFrom("a", "b", "c"),
      ttlMs: fc.constantFrom(...(options.scheduling === "never" ? [undefined] : [undefined, 50_000])),
      delayMs: fc.constantFrom(...delays),
    })
    .map(({ sessionId, ttlMs, delayMs }) => ({
      name: `send to ${sessionId} in ${delayMs ?? 0} for ${ttlMs ?? "ever"}`,
      run({ queue, clock }) {
        const scheduledFor = delayMs === undefined ? undefined : clock.now() + delayMs;
        const parcel: Parcel = { content: Buffer.alloc(0), messageId: "m", sessionId, ttlMs, scheduledFor };
        queue.send([parcel]);
      },
    }));
}

const accepting = fc.constant<Step>({ name: "accept", run: (engine) => engine.accept() });
const advancing = fc.constant<Step>({
  name: "advance",
  run: ({ clock }) => clock.advance(20_000, async () => {}),
});

/** Takes one scheduled message back. */
const cancelling = fc.constant<Step>({
  name: "cancel",
  run(engine) {
    const scheduled = engine.queue.contents().find(({ state }) => state === "scheduled");
    if (scheduled === undefined) return;
    expect(engine.queue.cancelScheduled([scheduled.sequence])).toBe("cancelled");
    engine.cancelled++;
  },
});

/** A receiver closes, or its session's lock runs out. */
const leaving = fc.tuple(small, fc.constantFrom("close", "expire")).map(([index, how]): Step => ({
  name: `${how} ${index}`,
  run({ queue, receivers }) {
    const [gone] = receivers.splice(index, 1);
    if (how === "close") gone?.lease.release();
    else if (gone !== undefined) queue.sessions?.expire(gone.lease.sessionId);
  },
}));

function settling(...kinds: Settlement["kind"][]): fc.Arbitrary<Step> {
  return fc.tuple(small, small, fc.constantFrom(...kinds)).map(([who, which, kind]) => ({
    name: `${kind} ${which} of ${who}`,
    run({ queue, receivers, completed }) {
      const receiver = receivers[who % receivers.length];
      const [message] = receiver?.held.splice(which % receiver.held.length, 1) ?? [];
      if (receiver === undefined || message === undefined) return;
      const { sessionId } = receiver.lease;
      if (kind === "complete") {
        completed.set(sessionId, [...(completed.get(sessionId) ?? []), message.sequence]);
      }
      const settlement: Settlement = kind === "complete" ? { kind } : { kind, changes: {} };
      expect(queue.settle(message.token, settlement)).toBe("settled");
      receiver.subscription.pump();
    },
  }));
}

async function runAll(
  credit: number,
  steps: readonly Step[],
  check: (engine: Engine) => void,
): Promise<void> {
  const engine = startEngine(credit);
  try {
    for (const step of steps) {
      await step.run(engine);
      check(engine);
    }
  } finally {
    engine.queue.stop();
    engine.clock.stop();
  }
}

test("never loses or doubles a message, whatever happens to it", async () => {
  const step = fc.oneof(
    { weight: 3, arbitrary: sending({ scheduling: "sometimes" }) },
    { weight: 2, arbitrary: accepting },
    { weight: 3, arbitrary: settling("complete", "abandon", "defer", "deadLetter") },
    leaving,
    advancing,
    cancelling,
  );
  await fc.assert(
    fc.asyncProperty(fc.integer({ min: 1, max: 3 }), fc.array(step, many), (credit, steps) =>
      runAll(credit, steps, ({ queue, receivers, cancelled }) => {
        const { sent, completed, expired, deadLettered } = queue.counters;
        const present = queue.contents().length;
        expect(present).toBe(sent - completed - expired - deadLettered - cancelled);
        expect(queue.deadLetters?.contents().length).toBe(deadLettered);
        const sessions = receivers.map(({ lease }) => lease.sessionId);
        expect(new Set(sessions).size).toBe(sessions.length);
        const locked = queue.contents().filter(({ lock }) => lock !== undefined).length;
        expect(locked).toBe(receivers.reduce((sum, { held }) => sum + held.length, 0));
      }),
    ),
  );
});

test("lets a session be completed only in the order it was sent, when messages are taken one by one", async () => {
  const step = fc.oneof(
    { weight: 3, arbitrary: sending({ scheduling: "never" }) },
    { weight: 2, arbitrary: accepting },
    { weight: 3, arbitrary: settling("complete", "complete", "abandon") },
    leaving,
  );
  await fc.assert(
    fc.asyncProperty(fc.array(step, many), (steps) =>
      runAll(1, steps, ({ completed }) => {
        for (const order of completed.values()) expect(order).toEqual(order.toSorted((a, b) => a - b));
      }),
    ),
  );
});
