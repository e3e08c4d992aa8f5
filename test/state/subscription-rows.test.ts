import { beforeEach, describe, expect, test } from "vitest";
import { subscriptionRows, type SubscriptionRows } from "../../shared/state/subscription-rows.ts";
import { subscriptionRow } from "../support/delivery.ts";
import { memoryTable, type MemoryTable } from "../support/memory-table.ts";
import { groupId, now } from "../support/fixtures.ts";

const row = subscriptionRow({ resource: `groups/${groupId(1)}`, expiresAt: now });

let table: MemoryTable;
let rows: SubscriptionRows;
beforeEach(() => {
  table = memoryTable();
  rows = subscriptionRows(table.client);
});

describe("what is remembered of a subscription", () => {
  test("is read as it was written, whatever characters its resource has", async () => {
    await rows.put(row);
    expect(await rows.list()).toEqual([row]);
  });

  test("is replaced as a whole, and dropped", async () => {
    await rows.put(row);
    await rows.put({ ...row, subscriptionId: null });
    expect(await rows.list()).toEqual([{ ...row, subscriptionId: null }]);
    await rows.drop(row.resource);
    await rows.drop(row.resource);
    expect(await rows.list()).toEqual([]);
  });

  test("is begun by one of several hosts, and the others go by what that one wrote", async () => {
    const secrets = ["first", "second", "third"];
    const begun = await Promise.all(secrets.map((clientState) => rows.putIfAbsent({ ...row, clientState })));
    const [kept] = await rows.list();
    expect(begun).toEqual(secrets.map(() => kept));
  });
});

describe("a change to a subscription as it is now", () => {
  const endNow = () => rows.change(row.resource, (known) => ({ ...known, expiresAt: 0 }));

  test("is made", async () => {
    await rows.put(row);
    expect(await endNow()).toBe("changed");
    expect(await rows.list()).toEqual([{ ...row, expiresAt: 0 }]);
  });

  test("is left when there is none, or when there is nothing to change", async () => {
    expect(await endNow()).toBe("left");
    await rows.put(row);
    expect(await rows.change(row.resource, () => null)).toBe("left");
    expect(await rows.list()).toEqual([row]);
  });

  test("is left to whoever changes it at the same moment: an id that was just written is never overwritten", async () => {
    await rows.put({ ...row, subscriptionId: null });
    table.before("write", () => rows.put(row));
    table.before("write", () => Promise.resolve());
    expect(await endNow()).toBe("left");
    expect(await rows.list()).toEqual([row]);
  });
});
