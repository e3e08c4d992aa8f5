import { installVirtualDate } from "./virtual-date.ts";

/** Virtual time as one host process knows it: the lab tells it of every jump. */
export type HostTime = {
  /** Epoch milliseconds. */
  now(): number;
  /** Grows with virtual time, but not with leaps (lab/lived-time.ts): what is really running lives through this. */
  lived(): number;
  /** Resolves when everybody who has to know of the jump has acted on it. */
  jump(to: { readonly offsetMs: number; readonly leaptMs: number }): Promise<void>;
  /** Returns what ends it. */
  onJump(listener: () => void | Promise<void>): () => void;
};

/** Shifts this process's `Date`. */
export function installHostTime(offsetMs: number): HostTime {
  const setOffset = installVirtualDate(offsetMs);
  const listeners = new Set<() => void | Promise<void>>();
  let leaptMs = 0;
  const now = () => Date.now();
  return {
    now,
    lived: () => now() - leaptMs,
    async jump(to) {
      setOffset(to.offsetMs);
      leaptMs = to.leaptMs;
      await Promise.all([...listeners].map(async (listener) => listener()));
    },
    onJump(listener) {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
  };
}
