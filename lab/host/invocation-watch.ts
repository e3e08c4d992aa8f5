import type { HostTime } from "./host-time.ts";

/** One run of a function. */
export type Invocation = { readonly functionName: string; readonly invocationId: string };

/** Knows what is running, and for how long already. */
export type InvocationWatch = {
  /**
   * Watches until `run` has ended, well or badly. Rejects earlier when all is over: in Azure the host has lost the process
   * then in which `run` goes on.
   */
  during<T>(invocation: Invocation, run: () => Promise<T>): Promise<T>;
  /** Fails whatever is running, and whatever would begin. */
  failAll(error: Error): void;
  /** How much is running. */
  count(): number;
};

type Entry = { readonly invocation: Invocation; readonly endsAt: number };

// setTimeout cannot wait longer; a longer wait is re-armed.
const longestTimeoutMs = 2 ** 31 - 1;

/** `onTimeout` is called once, for the first invocation that lived longer than `timeoutMs`. */
export function watchInvocations(options: {
  readonly time: Pick<HostTime, "lived" | "onJump">;
  readonly timeoutMs: number;
  readonly onTimeout: (invocation: Invocation) => void | Promise<void>;
}): InvocationWatch {
  const { time, timeoutMs, onTimeout } = options;
  // The oldest first: all of them may live equally long.
  const running = new Set<Entry>();
  // One for each run: what was once raced against a promise that never settles is kept with it for ever.
  const failing = new Set<(error: Error) => void>();
  let over: Error | undefined;
  let timer: NodeJS.Timeout | undefined;
  let state: "watching" | "timed out" = "watching";
  time.onJump(look);

  async function look(): Promise<void> {
    clearTimeout(timer);
    const [oldest] = running;
    if (oldest === undefined || timeoutMs === Infinity || state === "timed out") return;
    const leftMs = oldest.endsAt - time.lived();
    if (leftMs <= 0) {
      state = "timed out";
      return onTimeout(oldest.invocation);
    }
    timer = setTimeout(() => void look(), Math.min(leftMs, longestTimeoutMs));
    timer.unref();
  }

  return {
    async during(invocation, run) {
      const entry = { invocation, endsAt: time.lived() + timeoutMs };
      running.add(entry);
      if (running.size === 1) void look();
      const { promise: failed, reject: fail } = Promise.withResolvers<never>();
      if (over === undefined) failing.add(fail);
      else fail(over);
      try {
        return await Promise.race([failed, run()]);
      } finally {
        running.delete(entry);
        failing.delete(fail);
      }
    },
    failAll(error) {
      over ??= error;
      for (const fail of failing) fail(error);
    },
    count: () => running.size,
  };
}
