import { beforeEach, describe, expect, test } from "vitest";
import { noEnd, sweepOf } from "../support/sweep-rows.ts";
import { waitingPart, type Sweep } from "../../shared/model/sweep.ts";
import { runs, sweepId, sweepIdPattern, type Runs } from "../../shared/state/runs.ts";
import { ana, ben, contoso, contosoTenant, dayMs, fabrikamTenant, now } from "../support/fixtures.ts";
import { memoryTable, type MemoryTable } from "../support/memory-table.ts";

let table: MemoryTable;
let all: Runs;
beforeEach(() => {
  table = memoryTable("Runs");
  all = runs(table.client);
});
const part = waitingPart({ tenant: contosoTenant, name: contoso });
const begin = async (at: number): Promise<Sweep> => {
  const sweep = sweepOf(at);
  await all.begin(sweep, [part]);
  return sweep;
};

describe("a sweep in the table", () => {
  test("has a name that sorts the newest first, and looks like one", async () => {
    const [first, second] = [await begin(now), await begin(now + dayMs)];
    expect((await all.newest(10)).map(({ id }) => id)).toEqual([second.id, first.id]);
    expect((await all.newest(1)).map(({ id }) => id)).toEqual([second.id]);
    expect(first.id).toMatch(sweepIdPattern);
  });

  test("begins once, with all of its places", async () => {
    const sweep = await begin(now);
    expect(await all.begin(sweep, [part])).toBe(false);
    expect(await all.parts(sweep.id)).toEqual([part]);
  });

  test("is not there before its places are", async () => {
    const sweep = sweepOf(now);
    table.fail("write");
    await expect(all.begin(sweep, [part])).rejects.toThrow("does not answer");
    expect(await all.read(sweep.id)).toBeNull();
    expect(await all.begin(sweep, [part])).toBe(true);
  });

  test("has places that one worker writes at a time", async () => {
    const sweep = await begin(now);
    const one = await all.part(sweep.id, contosoTenant);
    if (one === null) throw new Error("the place is not there");
    expect(await all.writePart(sweep.id, { ...one.part, tries: 1 }, one.etag)).not.toBeNull();
    expect(await all.writePart(sweep.id, { ...one.part, tries: 2 }, one.etag)).toBeNull();
    expect((await all.parts(sweep.id)).map(({ tries }) => tries)).toEqual([1]);
  });

  test("gets more places, and keeps those that it has", async () => {
    const sweep = await begin(now);
    await all.addParts(sweep.id, [
      { ...part, tries: 9 },
      { ...part, tenant: fabrikamTenant },
    ]);
    expect((await all.parts(sweep.id)).map(({ tries }) => tries)).toEqual([0, 0]);
  });

  test("has one row for each who differs, however often that is written, and more of them than fit into one transaction", async () => {
    const { id } = await begin(now);
    await all.noteDifferences(id, [noEnd(ana), noEnd(ben)]);
    await all.noteDifferences(id, [{ ...noEnd(ana), end: { kind: "repaired", detail: "" } }]);
    expect((await all.differences(id, contosoTenant)).map(({ end }) => end?.kind)).toEqual([
      "repaired",
      undefined,
    ]);
    const many = Array.from({ length: 250 }, (_, index) =>
      noEnd(`a0000000-0000-4000-8000-${String(index).padStart(12, "0")}`),
    );
    await all.noteDifferences(id, many);
    expect(await all.differences(id, contosoTenant)).toHaveLength(250);
    expect(await all.differences(id, fabrikamTenant)).toEqual([]);
  });

  test("ends once, at the first time that somebody says so", async () => {
    const { id } = await begin(now);
    await all.end(id, now + 1);
    await all.end(id, now + 2);
    expect((await all.read(id))?.endedAt).toBe(now + 1);
  });

  test("is forgotten with all that it has when it is old, and no other is", async () => {
    const [old, young] = [await begin(now - 100 * dayMs), await begin(now)];
    await all.noteDifferences(old.id, [noEnd(ana)]);
    await all.claimKey("an old key", { sweep: old.id, request: "r" });
    await all.claimKey("a young key", { sweep: young.id, request: "r" });
    await all.forget(now - 90 * dayMs);
    expect((await all.newest(10)).map(({ id }) => id)).toEqual([young.id]);
    // The younger sweep, its place, and its key.
    expect(table.size()).toBe(3);
  });
});

test("a key stands for what was asked for with it first", async () => {
  const first = { sweep: sweepId(now, "aaaaaaaaaaaa"), request: "one" };
  const claimed = await Promise.all([
    all.claimKey("key", first),
    all.claimKey("key", { sweep: sweepId(now, "bbbbbbbbbbbb"), request: "two" }),
  ]);
  expect(claimed).toEqual([first, first]);
});
