import { beforeEach, expect, test } from "vitest";
import { departures, type Departures } from "../../shared/state/departures.ts";
import { ana, ben, contosoTenant, fabrikamTenant } from "../support/fixtures.ts";
import { memoryTable, type MemoryTable } from "../support/memory-table.ts";

let table: MemoryTable;
let said: Departures;
beforeEach(() => {
  table = memoryTable("Departures");
  said = departures(table.client);
});

const note = (is: "departed" | "here", at: number, by = "a workflow") =>
  said.note({ tenant: contosoTenant, subject: ana, is, at, by });
const departed = async () => (await said.read(contosoTenant, ana)) !== null;

test("nobody has left of whom nobody has said so, and who has left one tenant has left no other", async () => {
  expect(await departed()).toBe(false);
  await note("departed", 10);
  expect(await said.read(contosoTenant, ana)).toEqual({ at: 10, by: "a workflow" });
  expect(await said.read(fabrikamTenant, ana)).toBeNull();
  expect(await said.read(contosoTenant, ben)).toBeNull();
});

test("what was said later counts, in whatever order it arrives", async () => {
  expect(await note("here", 20)).toBe("noted");
  expect(await note("departed", 10)).toBe("older");
  expect(await departed()).toBe(false);
  expect(await note("departed", 30)).toBe("noted");
  expect(await note("here", 25)).toBe("older");
  expect(await departed()).toBe(true);
});

test("of two things said at one moment, in either order, they have left", async () => {
  await note("departed", 10);
  expect(await note("here", 10)).toBe("older");
  expect(await departed()).toBe(true);
  await note("here", 20);
  expect(await note("departed", 20)).toBe("noted");
  expect(await departed()).toBe(true);
});

test("a repetition is known, and writes nothing", async () => {
  await note("departed", 10);
  const writes = table.asked("write");
  expect(await note("departed", 10)).toBe("known");
  expect(table.asked("write")).toBe(writes);
});

test("two who speak at once are both heard", async () => {
  await Promise.all([note("departed", 10), note("here", 20)]);
  expect(await departed()).toBe(false);
});
