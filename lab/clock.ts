/**
 * The lab's one clock: real time plus an offset that grows by jumps.
 *
 * Time flows by itself, so people can watch the system work. `advance` jumps to each thing that falls due, in order, and
 * lets the system come to rest in between, so that forty minutes take as long as the work in them. What the lab itself
 * waits for is `expect`ed: when nothing else is going on, lab/pace.ts moves the clock on to it.
 */
export type LabClock = {
  /** Virtual time, epoch milliseconds. */
  now(): number;
  /** Virtual minus real time, milliseconds. */
  offsetMs(): number;
  /** Runs `run` once when virtual time reaches `at`. Errors it throws are the owner's to handle. */
  at(at: number, label: string, run: Run): Appointment;
  /**
   * Like `at`, for what the lab itself waits for: a delayed notification, a message in transit, a replica that has yet to
   * catch up. It counts as unrest and the clock moves on to it, so its owner does not report it as busy as well.
   */
  expect(at: number, label: string, run: Run): Appointment;
  /** Expects that moment on behalf of somebody who is waiting: resolves when virtual time has moved on by `byMs`. */
  hold(byMs: number, label: string): Promise<void>;
  /** What is still to come, soonest first. */
  upcoming(): readonly { readonly at: number; readonly label: string }[];
  /** What of it the lab waits for; `held`: somebody is kept waiting for it. */
  expected(): readonly Expected[];
  /** Says that something happened: a request, an answer, a message on its way. Tells work from waiting. */
  stir(): void;
  /** How often something has happened. */
  stirs(): number;
  /** Called with the new offset after every jump; `advance` waits for it. */
  onJump(listener: (offsetMs: number) => void | Promise<void>): void;
  /**
   * Moves time forward by `byMs`, running what falls due on the way, in order. `rest` is awaited after each stop;
   * with "no rest" nothing is waited for, so that what falls due overlaps with what is running.
   */
  advance(byMs: number, rest: (() => Promise<void>) | "no rest"): Promise<void>;
  /** Cancels everything; nothing runs afterwards. */
  stop(): void;
};

export type Appointment = { cancel(): void };
type Expected = { readonly at: number; readonly label: string; readonly held: boolean };

type Run = () => void | Promise<void>;
type Entry = {
  readonly at: number;
  readonly label: string;
  readonly run: Run;
  readonly kind: "ordinary" | "expected" | "held";
  timer?: NodeJS.Timeout;
};

// Node keeps a list for every length of a wait until that time has passed, though nobody waits any more: those of hours, armed anew at
// every jump, would fill the memory. A longer wait is re-armed.
const longestTimeoutMs = 1_000;

/** `startsAt`: virtual time at the beginning, epoch ms; real time where it is not said. */
export function startClock(realNow: () => number = () => Date.now(), startsAt?: number): LabClock {
  let offsetMs = startsAt === undefined ? 0 : startsAt - realNow();
  let stopped = false;
  let stirs = 0;
  let walking: Promise<void> = Promise.resolve();
  let onHold: () => void = () => undefined;
  const entries = new Set<Entry>();
  const listeners: ((offsetMs: number) => void | Promise<void>)[] = [];
  const now = () => realNow() + offsetMs;

  function arm(entry: Entry): void {
    clearTimeout(entry.timer);
    const waitMs = Math.min(Math.max(0, entry.at - now()), longestTimeoutMs);
    entry.timer = setTimeout(() => {
      if (now() < entry.at) return arm(entry);
      void fire(entry);
    }, waitMs);
    entry.timer.unref();
  }

  function enter(entry: Entry): Appointment {
    if (!stopped) {
      entries.add(entry);
      arm(entry);
    }
    return {
      cancel() {
        clearTimeout(entry.timer);
        entries.delete(entry);
      },
    };
  }

  async function fire(entry: Entry): Promise<void> {
    clearTimeout(entry.timer);
    if (!entries.delete(entry)) return;
    await entry.run();
  }

  const sorted = () => [...entries].toSorted((a, b) => a.at - b.at);

  async function jumpTo(at: number): Promise<void> {
    const byMs = at - now();
    if (byMs <= 0) return;
    offsetMs += byMs;
    // Everybody is told before anything that is due now can happen.
    await Promise.all(listeners.map(async (listener) => listener(offsetMs)));
    for (const entry of entries) arm(entry);
  }

  async function walk(byMs: number, rest: (() => Promise<void>) | undefined): Promise<void> {
    const until = now() + byMs;
    await rest?.();
    for (;;) {
      const [next] = sorted();
      if (stopped || next === undefined || next.at > until) break;
      await jumpTo(next.at);
      const work = fire(next);
      if (rest === undefined) continue;
      await doneOrHeld(work);
      await rest();
    }
    await jumpTo(until);
    await rest?.();
  }

  /** What runs may be kept waiting for the clock itself: then the walk must not wait for it. */
  async function doneOrHeld(work: Promise<void>): Promise<void> {
    if ([...entries].some(({ kind }) => kind === "held")) return;
    const held = Promise.withResolvers<void>();
    onHold = held.resolve;
    await Promise.race([work, held.promise]);
  }

  return {
    now,
    offsetMs: () => offsetMs,
    at: (at, label, work) => enter({ at, label, run: work, kind: "ordinary" }),
    expect: (at, label, work) => enter({ at, label, run: work, kind: "expected" }),
    async hold(byMs, label) {
      if (byMs <= 0) return;
      const { promise, resolve } = Promise.withResolvers<void>();
      const release = () => {
        stirs++;
        resolve();
      };
      enter({ at: now() + byMs, label, run: release, kind: "held" });
      onHold();
      await promise;
    },
    upcoming: () => sorted().map(({ at, label }) => ({ at, label })),
    expected: () =>
      [...entries]
        .filter(({ kind }) => kind !== "ordinary")
        .toSorted((a, b) => a.at - b.at)
        .map(({ at, label, kind }) => ({ at, label, held: kind === "held" })),
    stir: () => void stirs++,
    stirs: () => stirs,
    onJump: (listener) => void listeners.push(listener),
    async advance(byMs, rest) {
      if (rest === "no rest") return walk(byMs, undefined);
      // One at a time: otherwise each would take the other's stops.
      const mine = walking.then(() => walk(byMs, rest));
      walking = mine.catch(() => undefined);
      await mine;
    },
    stop() {
      stopped = true;
      for (const entry of entries) clearTimeout(entry.timer);
      entries.clear();
    },
  };
}
