import type { Clocks, KeyClock } from "../../shared/state/clocks.ts";

const never: KeyClock = { heardAt: 0, burstAt: 0, readAt: 0, dueAt: 0, wakeAt: 0, attempts: 0, parked: null };

/** The table Clocks in memory; `fail` makes the next call of that name fail once. */
export type MemoryClocks = Clocks & {
  readonly rows: Map<string, KeyClock>;
  readonly fail: (name: "get" | "put") => void;
};

export function memoryClocks(): MemoryClocks {
  const rows = new Map<string, KeyClock>();
  const failing = new Set<string>();
  const enter = (name: string) => {
    if (failing.delete(name)) throw new Error(`the table Clocks does not answer (${name})`);
  };
  return {
    rows,
    fail: (name) => void failing.add(name),
    async get(session) {
      enter("get");
      return rows.get(session) ?? never;
    },
    async put(session, clock) {
      enter("put");
      rows.set(session, clock);
    },
  };
}
