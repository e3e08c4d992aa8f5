import type { TableClient } from "@azure/data-tables";
import { tableOf, type Rows } from "../referee/tables.ts";

type Operation = "read" | "write" | "list";

/** A table in memory that Muster's own code runs on, with etags as in Azure, and with the trouble that a test wants. */
export type MemoryTable = {
  readonly client: TableClient;
  /** The next operation of this kind does not reach the table. */
  readonly fail: (what: Operation) => void;
  /** The next write is done, and its answer is lost: the client makes it once more. */
  readonly loseAnswer: () => void;
  /** This happens right before the next operation of this kind. */
  readonly before: (what: Operation, happening: () => Promise<unknown>) => void;
  /** Somebody has emptied it. */
  readonly forget: () => void;
  /** How many rows there are. */
  readonly size: () => number;
  /** How often it was asked this. */
  readonly asked: (what: Operation) => number;
};

type Write = (...args: readonly unknown[]) => Promise<unknown>;

export function memoryTable(name = "Table"): MemoryTable {
  const rows: Rows = new Map();
  const failing = new Set<string>();
  const happenings = new Map<string, (() => Promise<unknown>)[]>();
  const asked: string[] = [];
  let losing = false;
  const client = tableOf(name, rows, {
    async there(what) {
      asked.push(what);
      const happening = happenings.get(what)?.shift();
      await happening?.();
      if (failing.delete(what)) throw new Error(`the table ${name} does not answer`);
    },
    back: () => Promise.resolve(),
  });
  const oftenEnough =
    (write: Write): Write =>
    async (...args) => {
      const lost = losing;
      losing = false;
      const answer = await write(...args);
      return lost ? write(...args) : answer;
    };
  const writes = client as unknown as Record<"createEntity" | "updateEntity", Write>; // plain functions
  Object.assign(client, {
    createEntity: oftenEnough(writes.createEntity),
    updateEntity: oftenEnough(writes.updateEntity),
  });
  return {
    client,
    fail: (what) => void failing.add(`${name} ${what}`),
    loseAnswer: () => void (losing = true),
    before: (what, happening) => {
      const key = `${name} ${what}`;
      happenings.set(key, [...(happenings.get(key) ?? []), happening]);
    },
    forget: () => rows.clear(),
    size: () => rows.size,
    asked: (what) => asked.filter((one) => one === `${name} ${what}`).length,
  };
}
