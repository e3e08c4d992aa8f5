import { describe, expect, test } from "vitest";
import { marks } from "../../shared/state/marks.ts";
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
