import { describe, expect, test } from "vitest";
import { marks, readAtMostEvery } from "../../shared/state/marks.ts";
import { memoryTable } from "../support/memory-table.ts";
import { now } from "../support/fixtures.ts";

const policy = { hash: "a hash", changedAt: now, usedAt: now, before: [], changes: 1, pauses: {} };

describe("a mark that all hosts agree on", () => {
  test("is not there at first", async () => {
    expect(await marks(memoryTable().client).policy.read()).toBeNull();
  });

  test("is made by one of those who find none", async () => {
    const { policy: mark } = marks(memoryTable().client);
    const written = await Promise.all([mark.write(policy, null), mark.write(policy, null)]);
    expect(written.toSorted()).toEqual([false, true]);
  });

  test("is changed by one of those who have read it", async () => {
    const { policy: mark } = marks(memoryTable().client);
    await mark.write(policy, null);
    const known = await mark.read();
    const etag = known?.etag ?? null;
    expect(await mark.write({ ...policy, usedAt: now + 1 }, etag)).toBe(true);
    expect(await mark.write({ ...policy, usedAt: now + 2 }, etag)).toBe(false);
    expect((await mark.read())?.value.usedAt).toBe(now + 1);
  });

  test("of one kind is nothing to the other", async () => {
    const both = marks(memoryTable().client);
    await both.policy.write(policy, null);
    expect(await both.catchUp.read()).toBeNull();
    const wish = {
      begunAt: 0,
      done: "yes",
      wishedAt: now,
      why: "a host has started",
      owed: 1,
      policy: 3,
      everybodyAt: now,
      cursors: [{ link: "/users/delta?$deltatoken=1", tracked: "id", at: now }],
    } as const;
    expect(await both.catchUp.write(wish, null)).toBe(true);
    expect((await both.catchUp.read())?.value).toEqual(wish);
  });
});

describe("a mark that is read at most so often", () => {
  const often = () => {
    const table = memoryTable("Marks");
    const clock = { now: now };
    const mark = readAtMostEvery(500, marks(table.client).policy, { now: () => clock.now });
    return { table, clock, mark, others: marks(table.client).policy };
  };

  test("is asked once for all who ask at one moment, and again when that is over", async () => {
    const { table, clock, mark, others } = often();
    await others.write(policy, null);
    const reads = table.asked("read");
    await Promise.all([mark.read(), mark.read(), mark.read()]);
    await mark.read();
    expect(table.asked("read")).toBe(reads + 1);
    const known = await others.read();
    await others.write({ ...policy, hash: "another" }, known?.etag ?? null);
    expect((await mark.read())?.value.hash).toBe("a hash");
    clock.now += 500;
    expect((await mark.read())?.value.hash).toBe("another");
  });

  test("is known at once by whoever writes it, and by whom another was quicker than", async () => {
    const { mark, others } = often();
    await mark.read();
    expect(await mark.write(policy, null)).toBe(true);
    const known = await mark.read();
    await others.write({ ...policy, hash: "another" }, known?.etag ?? null);
    expect(await mark.write({ ...policy, hash: "mine" }, known?.etag ?? null)).toBe(false);
    expect((await mark.read())?.value.hash).toBe("another");
  });

  test("is asked anew when it could not be read", async () => {
    const { table, mark } = often();
    table.fail("read");
    await expect(mark.read()).rejects.toThrow("does not answer");
    expect(await mark.read()).toBeNull();
  });
});
