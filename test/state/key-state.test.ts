import { beforeEach, describe, expect, test } from "vitest";
import { z } from "zod";
import {
  ClaimLost,
  keyRowSchema,
  keyTable,
  unheard,
  type KeyState,
  type KeyTable,
} from "../../shared/state/key-state.ts";
import { memoryTable, type MemoryTable } from "../support/memory-table.ts";

const row = { partitionKey: "partition", rowKey: "key" };
const asItIs = (state: KeyState<number>) => state;
const hear = (state: KeyState<number>) => ({
  ...state,
  clock: { ...state.clock, heard: state.clock.heard + 1 },
});

let table: MemoryTable;
let keys: KeyTable<number>;
beforeEach(() => {
  table = memoryTable();
  keys = keyTable(table.client, { schema: keyRowSchema(z.number()), first: 0 });
});

const valueNow = async () => (await keys.read(row))?.value;

describe("a key", () => {
  test("that nobody ever heard of has no row, and reading makes none", async () => {
    expect(await keys.read(row)).toBeNull();
    expect(table.size()).toBe(0);
  });

  test("that is claimed for the first time begins with nothing", async () => {
    const claim = await keys.claim(row, asItIs);
    expect(claim.state()).toEqual({ clock: unheard, value: 0, entered: "" });
    expect(await keys.read(row)).toEqual(claim.state());
  });

  test("has on record what the claim begins with, before anything else is done", async () => {
    await keys.claim(row, hear);
    expect((await keys.read(row))?.clock.heard).toBe(1);
  });

  test("keeps what a run wrote for the next one", async () => {
    const first = await keys.claim(row, hear);
    await first.write({ value: 7, entered: "a hash" });
    const second = await keys.claim(row, hear);
    expect(second.state()).toMatchObject({ value: 7, entered: "a hash", clock: { heard: 2 } });
  });

  test("is listed with the others of its partition, in order", async () => {
    for (const rowKey of ["b", "a"]) await keys.claim({ ...row, rowKey }, asItIs);
    await keys.claim({ partitionKey: "another", rowKey: "c" }, asItIs);
    expect((await keys.list(row.partitionKey)).map(({ rowKey }) => rowKey)).toEqual(["a", "b"]);
  });
});

describe("a run", () => {
  test("that has the key writes as often as it wants to", async () => {
    const claim = await keys.claim(row, asItIs);
    for (const value of [1, 2, 3]) await claim.write({ value });
    expect(await valueNow()).toBe(3);
  });

  test("that changes what it will write has written nothing yet", async () => {
    const claim = await keys.claim(row, asItIs);
    claim.set({ value: 5 });
    expect(claim.state().value).toBe(5);
    expect(await valueNow()).toBe(0);
    await claim.write({ entered: "a hash" });
    expect(await keys.read(row)).toMatchObject({ value: 5, entered: "a hash" });
  });

  test("whose key another run has claimed can write no more", async () => {
    const first = await keys.claim(row, asItIs);
    const second = await keys.claim(row, asItIs);
    await expect(first.write({ value: 1 })).rejects.toBeInstanceOf(ClaimLost);
    await expect(first.write({ value: 1 })).rejects.toBeInstanceOf(ClaimLost);
    await second.write({ value: 2 });
    expect(await valueNow()).toBe(2);
  });

  test("whose key another run has claimed and left again can write no more either", async () => {
    const first = await keys.claim(row, asItIs);
    const second = await keys.claim(row, asItIs);
    await second.write({ value: 2 });
    await expect(first.write({ value: 1 })).rejects.toBeInstanceOf(ClaimLost);
    expect(await valueNow()).toBe(2);
  });

  test("says which key it lost", async () => {
    const first = await keys.claim(row, asItIs);
    await keys.claim(row, asItIs);
    await expect(first.write()).rejects.toThrow("another run has taken over key");
  });

  test("whose key was deleted writes no more", async () => {
    const claim = await keys.claim(row, asItIs);
    await table.client.deleteEntity(row.partitionKey, row.rowKey);
    await expect(claim.write({ value: 1 })).rejects.toBeInstanceOf(ClaimLost);
    expect(await keys.read(row)).toBeNull();
  });

  test("that the table did not answer has not lost its key", async () => {
    const claim = await keys.claim(row, asItIs);
    table.fail("write");
    const error: unknown = await claim.write({ value: 1 }).catch((reason: unknown) => reason);
    expect(error).not.toBeInstanceOf(ClaimLost);
    await claim.write({ value: 2 });
    expect(await valueNow()).toBe(2);
  });
});

describe("an answer that is lost on its way, so that the write is made once more,", () => {
  test("does not make a run take its own write for somebody else's", async () => {
    const claim = await keys.claim(row, asItIs);
    table.loseAnswer();
    await claim.write({ value: 1 });
    await claim.write({ value: 2 });
    expect(await valueNow()).toBe(2);
  });

  test("does not keep a run from claiming, the first time and later", async () => {
    for (const value of [1, 2]) {
      table.loseAnswer();
      const claim = await keys.claim(row, asItIs);
      await claim.write({ value });
      expect(await valueNow()).toBe(value);
    }
  });

  test("does not hide that another run has claimed the key in the meantime", async () => {
    const first = await keys.claim(row, asItIs);
    table.loseAnswer();
    table.before("read", () => keys.claim(row, asItIs));
    await expect(first.write({ value: 1 })).rejects.toBeInstanceOf(ClaimLost);
  });
});

describe("two runs that claim a key at the same moment", () => {
  test("get it one after the other: both events are counted, and the later run has it", async () => {
    const claims = await Promise.all([keys.claim(row, hear), keys.claim(row, hear)]);
    expect((await keys.read(row))?.clock.heard).toBe(2);
    const writes = await Promise.allSettled(claims.map((claim, index) => claim.write({ value: index + 1 })));
    expect(writes.map(({ status }) => status).toSorted()).toEqual(["fulfilled", "rejected"]);
  });

  test("get it also when a row is there already", async () => {
    await keys.claim(row, asItIs);
    await Promise.all([keys.claim(row, hear), keys.claim(row, hear), keys.claim(row, hear)]);
    expect((await keys.read(row))?.clock.heard).toBe(3);
  });
});

describe("a key that others claim again and again", () => {
  const others = (count: number) => {
    for (let index = 0; index < count; index += 1) {
      // Each begins right before the write of the one that is tested, and its own operations come first.
      table.before("write", async () => {
        await table.client.upsertEntity(entityOf(index), "Replace");
      });
      table.before("write", () => Promise.resolve());
    }
  };
  const entityOf = (index: number) => ({
    partitionKey: row.partitionKey,
    rowKey: row.rowKey,
    json0: JSON.stringify({
      by: { run: `other ${index}`, writes: 0 },
      clock: unheard,
      value: index,
      entered: "",
    }),
  });

  test("is claimed in the end", async () => {
    others(7);
    const claim = await keys.claim(row, asItIs);
    await claim.write({ value: 99 });
    expect(await valueNow()).toBe(99);
  });

  test("is given up, with words that say why, when it never is free", async () => {
    others(8);
    const error: unknown = await keys.claim(row, asItIs).catch((reason: unknown) => reason);
    expect(error).not.toBeInstanceOf(ClaimLost);
    expect(String(error)).toContain("partition/key is claimed by too many runs at once");
  });
});
