import { beforeEach, describe, expect, test } from "vitest";
import {
  leftOverMs,
  sameTroubleMs,
  troubles,
  type Trouble,
  type Troubles,
} from "../../shared/state/troubles.ts";
import { memoryTable, type MemoryTable } from "../support/memory-table.ts";
import { contosoTenant, fabrikamTenant, now } from "../support/fixtures.ts";

const trouble: Trouble = {
  tenant: contosoTenant,
  id: "consent",
  reason: "no consent",
  advice: "consent again",
  probe: "the first key",
  told: "no",
  since: now,
  nextTryAt: now,
};

let table: MemoryTable;
let state: Troubles;
beforeEach(() => {
  table = memoryTable();
  state = troubles(table.client);
});

const always = Infinity;

describe("what is long over", () => {
  const dayMs = 24 * 60 * 60_000;
  test("is forgotten, and so is who told of it; what lasts is not", async () => {
    await state.report(trouble);
    await state.end(contosoTenant, "consent", now);
    await state.report({ ...trouble, id: "a group" });
    await state.speaks("words", { by: "first", at: now, within: always });
    await state.update(contosoTenant, "a group", { nextTryAt: now + 5 * dayMs });
    await state.forget(now);
    expect(table.size()).toBe(3);
    await state.forget(now + 1);
    expect(table.size()).toBe(1);
    expect((await state.list(contosoTenant)).map(({ id }) => id)).toEqual(["a group"]);
  });

  test("is forgotten as well when nobody has tried it for days", async () => {
    await state.report(trouble);
    await state.forget(now + 2 * dayMs);
    expect(table.size()).toBe(0);
    expect(await state.report({ ...trouble, since: now + 2 * dayMs })).toMatchObject({ news: "yes" });
  });
});

describe("of many who have the same to say", () => {
  test("the first speaks, as long as it goes on meeting it", async () => {
    const said: string[] = [];
    for (let hours = 0; hours < 10; hours += 1) {
      const at = now + hours * sameTroubleMs;
      for (const by of ["first", "second"])
        if ((await state.speaks("words", { by, at, within: always })) === "yes") said.push(by);
    }
    expect(new Set(said)).toEqual(new Set(["first"]));
  });

  test("another one speaks when the first has not met it for two hours", async () => {
    await state.speaks("words", { by: "first", at: now, within: always });
    const second = (at: number) => state.speaks("words", { by: "second", at, within: always });
    expect(await second(now + 2 * sameTroubleMs - 1)).toBe("no");
    expect(await second(now + 2 * sameTroubleMs)).toBe("yes");
  });

  test("whoever meets it too long after the first speaks as well", async () => {
    await state.speaks("words", { by: "first", at: now, within: sameTroubleMs });
    await state.speaks("words", { by: "first", at: now + sameTroubleMs - 1, within: sameTroubleMs });
    const second = { by: "second", within: sameTroubleMs };
    expect(await state.speaks("words", { ...second, at: now + sameTroubleMs - 1 })).toBe("no");
    expect(await state.speaks("words", { ...second, at: now + sameTroubleMs })).toBe("yes");
  });

  test("one speaks of two who meet it at the same moment, and who says something else speaks", async () => {
    const both = ["first", "second"].map((by) => state.speaks("words", { by, at: now, within: always }));
    expect((await Promise.all(both)).toSorted()).toEqual(["no", "yes"]);
    expect(await state.speaks("other words", { by: "second", at: now, within: always })).toBe("yes");
  });
});

describe("a trouble of a whole tenant", () => {
  test("is news to the first who reports it, and to nobody after that", async () => {
    expect(await state.report(trouble)).toEqual({ trouble, news: "yes" });
    const later = { ...trouble, probe: "another key", since: now + 1 };
    expect(await state.report(later)).toEqual({ trouble, news: "no" });
  });

  test("is news to one of two who report it at the same moment", async () => {
    const both = await Promise.all([
      state.report(trouble),
      state.report({ ...trouble, probe: "another key" }),
    ]);
    expect(both.map(({ news }) => news).toSorted()).toEqual(["no", "yes"]);
    const [first, second] = both.map(({ trouble: known }) => known.probe);
    expect(first).toBe(second);
    expect(await state.list(contosoTenant)).toHaveLength(1);
  });

  test("keeps what others write of it at the same moment", async () => {
    await state.report(trouble);
    await Promise.all([
      state.update(contosoTenant, trouble.id, { told: "yes" }),
      state.update(contosoTenant, trouble.id, { nextTryAt: now + 5 }),
    ]);
    expect(await state.get(contosoTenant, trouble.id)).toEqual({
      ...trouble,
      told: "yes",
      nextTryAt: now + 5,
    });
  });

  test("that nobody has tried for long is news to one of two who report it", async () => {
    await state.report(trouble);
    await state.update(contosoTenant, trouble.id, { told: "yes" });
    const later = { ...trouble, since: now + leftOverMs + 1, nextTryAt: now + leftOverMs + 1 };
    const both = await Promise.all([state.report(later), state.report({ ...later, probe: "another key" })]);
    expect(both.map(({ news }) => news).toSorted()).toEqual(["no", "yes"]);
    expect((await state.get(contosoTenant, trouble.id))?.told).toBe("no");
  });

  test("is news again after it was over; people have heard of it if that was not long ago", async () => {
    await state.report(trouble);
    await state.update(contosoTenant, trouble.id, { told: "yes" });
    await state.end(contosoTenant, trouble.id, now);
    const soon = { ...trouble, since: now + sameTroubleMs - 1 };
    expect(await state.report(soon)).toEqual({ trouble: { ...soon, told: "yes" }, news: "yes" });
    await state.end(contosoTenant, trouble.id, now);
    const later = { ...trouble, since: now + sameTroubleMs };
    expect(await state.report(later)).toEqual({ trouble: later, news: "yes" });
  });

  test("is another tenant's trouble only if that reports it", async () => {
    await state.report(trouble);
    expect((await state.report({ ...trouble, tenant: fabrikamTenant })).news).toBe("yes");
    expect(await state.list(fabrikamTenant)).toHaveLength(1);
  });

  test("with another cause is another one", async () => {
    await state.report(trouble);
    expect((await state.report({ ...trouble, id: "group" })).news).toBe("yes");
    expect((await state.list(contosoTenant)).map(({ id }) => id)).toEqual(["consent", "group"]);
  });

  test("remembers when it is tried again", async () => {
    await state.report(trouble);
    await state.update(contosoTenant, trouble.id, { nextTryAt: now + 5 });
    expect(await state.get(contosoTenant, trouble.id)).toEqual({ ...trouble, nextTryAt: now + 5 });
  });

  test("that is over does not begin again by a try that is written down late", async () => {
    await state.report(trouble);
    await state.end(contosoTenant, trouble.id, now);
    await state.update(contosoTenant, trouble.id, { nextTryAt: now + 5 });
    expect(await state.get(contosoTenant, trouble.id)).toBeNull();
  });

  test("that is over is over also for whoever ends it a second time", async () => {
    await state.end(contosoTenant, trouble.id, now);
    expect(await state.list(contosoTenant)).toEqual([]);
  });

  test("that ends while a try is written down is over", async () => {
    await state.report(trouble);
    table.before("write", () => state.end(contosoTenant, trouble.id, now));
    table.before("write", () => Promise.resolve());
    await state.update(contosoTenant, trouble.id, { nextTryAt: now + 5 });
    expect(await state.get(contosoTenant, trouble.id)).toBeNull();
  });
});
