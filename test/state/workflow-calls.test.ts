import { beforeEach, expect, test } from "vitest";
import type { KeptCall } from "../../shared/model/workflow-call.ts";
import { workflowCallRow, workflowCalls, type WorkflowCalls } from "../../shared/state/workflow-calls.ts";
import { ana, contosoTenant } from "../support/fixtures.ts";
import { memoryTable, type MemoryTable } from "../support/memory-table.ts";

let table: MemoryTable;
let calls: WorkflowCalls;
beforeEach(() => {
  table = memoryTable("WorkflowCalls");
  calls = workflowCalls(table.client);
});

const row = workflowCallRow(contosoTenant, "a task");
const call = (heardAt = 10): KeptCall => ({
  id: "a task",
  category: "leaver",
  subject: ana,
  workflow: "leavers",
  callbackPath: "/a/callback",
  at: 5,
  tenant: contosoTenant,
  heardAt,
  until: 1_000,
  analyst: null,
  called: null,
  told: null,
});

test("however many bring a call at one moment, one of them is kept and none is turned away", async () => {
  await Promise.all(Array.from({ length: 40 }, (_, index) => calls.keep(call(index))));
  expect(await calls.open()).toHaveLength(1);
  expect(table.size()).toBe(1);
});

test("what is known of a call since then stays when it comes again", async () => {
  await calls.keep(call());
  const claim = await calls.claim(row, (state) => state);
  const begun = { ...call(), analyst: ana };
  await claim.write({ value: begun });
  await calls.keep(call(20));
  expect((await calls.read(row))?.value).toEqual(begun);
});

test("a key that came before its call leaves the row to it", async () => {
  await calls.claim(row, (state) => state);
  await calls.keep(call());
  expect((await calls.read(row))?.value).toEqual(call());
});

test("a call whose answer from the table is lost is kept once", async () => {
  table.loseAnswer();
  await calls.keep(call());
  expect(await calls.open()).toEqual([call()]);
});
