import { beforeEach, describe, expect, test } from "vitest";
import { knownAnalysts } from "../../shared/runtime/known-analysts.ts";
import { analystRow, analysts, type Analysts } from "../../shared/state/analysts.ts";
import { memoryTable, type MemoryTable } from "../support/memory-table.ts";
import { ana, analystRecord, ben, now } from "../support/fixtures.ts";

const second = 1_000;

let host: { time: number; table: MemoryTable; lists: number; isKnown: ReturnType<typeof knownAnalysts> };
beforeEach(async () => {
  const table = memoryTable("Analysts");
  const state = analysts(table.client);
  const counted: Pick<Analysts, "list"> = {
    list: (partition) => {
      host.lists += 1;
      return state.list(partition);
    },
  };
  host = { time: now, table, lists: 0, isKnown: knownAnalysts(counted, () => host.time) };
  await remember(ana);
});

async function remember(id: typeof ana): Promise<void> {
  const claim = await analysts(host.table.client).claim(analystRow(id), (state) => state);
  await claim.write({ value: analystRecord({ id }) });
}

describe("whether somebody is an analyst", () => {
  test("is known of everybody who is or was one, and of nobody else", async () => {
    expect([await host.isKnown(ana), await host.isKnown(ben)]).toEqual([true, false]);
  });

  test("is asked of the tables once in half a minute, however many ask", async () => {
    await Promise.all(Array.from({ length: 100 }, () => host.isKnown(ben)));
    host.time += 30 * second;
    await host.isKnown(ben);
    expect(host.lists).toBe(1);
    host.time += 1;
    await host.isKnown(ben);
    expect(host.lists).toBe(2);
  });

  test("is known by the old list while a new one is under way: no delivery waits for it", async () => {
    await host.isKnown(ana);
    await remember(ben);
    host.time += 31 * second;
    expect(await host.isKnown(ben)).toBe(false);
    await expect.poll(() => host.isKnown(ben)).toBe(true);
  });

  test("is taken for true while nobody can say: nobody of importance then waits behind strangers", async () => {
    host.table.fail("list");
    expect(await host.isKnown(ben)).toBe(true);
    expect(await host.isKnown(ben)).toBe(false);
  });

  test("is known by the old list while the tables do not answer", async () => {
    await host.isKnown(ana);
    host.time += 31 * second;
    host.table.fail("list");
    expect([await host.isKnown(ana), await host.isKnown(ben)]).toEqual([true, false]);
  });
});
