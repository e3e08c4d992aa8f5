/**
 * The lab's one clock: real time plus an offset that only `advance` moves.
 *
 * Time flows by itself, so people can watch the system work; `advance` jumps to each thing that falls due, in order,
 * and lets the system come to rest in between, so that forty minutes take as long as the work in them.
 */
export type LabClock = {
  /** Virtual time, epoch milliseconds. */
  now(): number;
  /** Virtual minus real time, milliseconds. */
  offsetMs(): number;
  /** Runs `run` once when virtual time reaches `at`. Errors it throws are the owner's to handle. */
  at(at: number, label: string, run: () => void | Promise<void>): Appointment;
  /** What is still to come, soonest first. */
  upcoming(): readonly { readonly at: number; readonly label: string }[];
  /** Called with the new offset after every jump; `advance` waits for it. */
  onJump(listener: (offsetMs: number) => void | Promise<void>): void;
  /** Moves time forward by `byMs`, running what falls due on the way; `rest` is awaited after each stop. */
  advance(byMs: number, rest: () => Promise<void>): Promise<void>;
  /** Cancels everything; nothing runs afterwards. */
  stop(): void;
};

export type Appointment = { cancel(): void };

type Entry = { at: number; label: string; run: () => void | Promise<void>; timer?: NodeJS.Timeout };

// setTimeout cannot wait longer; a longer wait is re-armed.
const longestTimeoutMs = 2 ** 31 - 1;

export function startClock(realNow: () => number = () => Date.now()): LabClock {
  let offsetMs = 0;
  let stopped = false;
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
    for (const entry of entries) arm(entry);
    for (const listener of listeners) await listener(offsetMs);
  }

  return {
    now,
    offsetMs: () => offsetMs,
    at(at, label, run) {
      const entry: Entry = { at, label, run };
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
    },
    upcoming: () => sorted().map(({ at, label }) => ({ at, label })),
    onJump: (listener) => void listeners.push(listener),
    async advance(byMs, rest) {
      const until = now() + byMs;
      await rest();
      for (;;) {
        const next = sorted()[0];
        if (stopped || next === undefined || next.at > until) break;
        await jumpTo(next.at);
        await fire(next);
        await rest();
      }
      await jumpTo(until);
      await rest();
    },
    stop() {
      stopped = true;
      for (const entry of entries) clearTimeout(entry.timer);
      entries.clear();
    },
  };
}
