import { beforeEach, describe, expect, test } from "vitest";
import { journal, type Journal, type JournalEntry } from "../../shared/state/journal.ts";
import { memoryTable, type MemoryTable } from "../support/memory-table.ts";
import {
  ana,
  ben,
  contoso,
  contosoTenant,
  dayMs,
  fabrikamTenant,
  now,
  oneOfEach,
  planOf,
} from "../support/fixtures.ts";

const entry: JournalEntry = {
  at: now,
  kind: "run",
  cause: "test",
  analyst: ana,
  target: contoso,
  tenant: contosoTenant,
  planHash: "a hash",
  plan: planOf(),
  steps: [],
  outcome: "done",
  evidence: {},
  sinceEventMs: 0,
};

let table: MemoryTable;
let book: Journal;
beforeEach(() => {
  table = memoryTable();
  book = journal(table.client);
});
const today = () => book.day(new Date(now).toISOString().slice(0, 10));

describe("the journal", () => {
  test("forgets whole days that are old enough, however much is in them, and nothing younger", async () => {
    for (let index = 0; index < 130; index += 1)
      await book.append({ ...entry, at: now - 10 * dayMs + index });
    await book.append({ ...entry, at: now - 9 * dayMs });
    await book.append(entry);
    expect(table.size()).toBe(132);
    await book.forget(now - 9 * dayMs);
    expect(table.size()).toBe(2);
    await book.forget(now - 9 * dayMs);
    expect(await today()).toEqual([entry]);
  });

  test("of a day tells the newest first", async () => {
    for (const at of [now + 1, now + 3, now + 2]) await book.append({ ...entry, at });
    expect((await today()).map(({ at }) => at - now)).toEqual([3, 2, 1]);
  });

  test("of a day tells nothing of another", async () => {
    await book.append({ ...entry, at: now - dayMs });
    expect(await today()).toEqual([]);
  });

  test("has the same entry once, however often it is made", async () => {
    for (let count = 0; count < 3; count += 1) await book.append(entry);
    expect(await today()).toEqual([entry]);
  });

  test("has a run and its proof, two analysts, and two tenants at the same moment", async () => {
    await book.append(entry);
    await book.append({ ...entry, kind: "proof" });
    await book.append({ ...entry, analyst: ben });
    await book.append({ ...entry, tenant: fabrikamTenant });
    await book.append({ ...entry, target: null, tenant: null });
    expect(await today()).toHaveLength(5);
  });

  test("takes entries that are longer than one property of a table may be", async () => {
    const steps = Array.from({ length: 500 }, () => ({
      step: oneOfEach.grant,
      result: "done" as const,
      detail: "öä".repeat(100),
      clientRequestId: null,
      requestId: null,
      at: now,
      ms: 1,
    }));
    const long = { ...entry, steps };
    expect(JSON.stringify(long).length).toBeGreaterThan(150_000);
    await book.append(long);
    expect(await today()).toEqual([long]);
  });
});
