import { beforeEach, describe, expect, test } from "vitest";
import { findings, type FindingRow } from "../../shared/state/findings.ts";
import { memoryTable, type MemoryTable } from "../support/memory-table.ts";

let table: MemoryTable;
beforeEach(() => {
  table = memoryTable("Findings");
});
const shown = () => findings(table.client);

const row = (changes: Partial<FindingRow> = {}): FindingRow => ({
  tenant: "contoso",
  subject: "ana",
  person: "ana@source.example",
  place: "contoso",
  id: "orphan:one",
  kind: "orphan",
  found: "consent is gone",
  advice: "consent again",
  since: 1_000,
  seen: 2_000,
  over: null,
  version: 5,
  ...changes,
});

describe("a finding", () => {
  test("is read as it was shown", async () => {
    await shown().show(row());
    expect(await shown().all()).toEqual([row()]);
  });

  test("is what the latest version says, whoever comes late", async () => {
    await shown().show(row({ version: 7, over: 3_000 }));
    await shown().show(row({ version: 6 }));
    expect(await shown().all()).toMatchObject([{ version: 7, over: 3_000 }]);
    await shown().show(row({ version: 8 }));
    expect(await shown().all()).toMatchObject([{ version: 8, over: null }]);
  });

  test("is what the later of two says that are shown at the same moment", async () => {
    await shown().show(row({ version: 5 }));
    table.before("write", () => shown().show(row({ version: 7, over: 3_000 })));
    await shown().show(row({ version: 6, found: "said late" }));
    expect(await shown().all()).toMatchObject([{ version: 7, over: 3_000, found: "consent is gone" }]);
  });

  test("keeps the names it had when nobody knows them any more", async () => {
    await shown().show(row());
    await shown().show(row({ version: 6, person: null, place: null }));
    expect(await shown().all()).toMatchObject([{ person: "ana@source.example", place: "contoso" }]);
  });

  test("that cannot be shown is an error, so that it is shown later", async () => {
    table.fail("write");
    await expect(shown().show(row())).rejects.toThrow("does not answer");
  });
});

test("what is open of one key is found without that of others", async () => {
  await shown().show(row());
  await shown().show(row({ id: "failing:one", kind: "failing", over: 3_000 }));
  await shown().show(row({ subject: "anabel" }));
  await shown().show(row({ tenant: "fabrikam" }));
  expect(await shown().open("contoso", "ana")).toEqual([row()]);
});

test("what was over before a time is forgotten, and nothing else; what is met again meanwhile stays", async () => {
  await shown().show(row({ id: "failing:one", kind: "failing", over: 3_000 }));
  await shown().show(row({ id: "failing:two", kind: "failing", over: 3_000 }));
  await shown().show(row({ id: "overdue:one", kind: "overdue", over: 9_000 }));
  await shown().show(row());
  table.before("write", () => shown().show(row({ id: "failing:one", kind: "failing", version: 6 })));
  await shown().forget(5_000);
  const left = (await shown().all()).map(({ id, over }) => ({ id, over }));
  expect(left).toEqual([
    { id: "failing:one", over: null },
    { id: "orphan:one", over: null },
    { id: "overdue:one", over: 9_000 },
  ]);
});
