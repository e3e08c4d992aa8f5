import { beforeEach, describe, expect, test } from "vitest";
import { z } from "zod";
import { keyRowSchema, keyTable, type KeyState } from "../../shared/state/key-state.ts";
import { rowMemory } from "../../shared/state/row-memory.ts";
import { memoryTable, type MemoryTable } from "../support/memory-table.ts";

const row = (rowKey: string) => ({ partitionKey: "partition", rowKey });

describe("what a row said", () => {
  test("is not parsed again at the same etag, and is at another", () => {
    const memory = rowMemory<string>();
    expect(memory.at(row("a"), "1", () => "first")).toBe("first");
    expect(memory.at(row("a"), "1", () => "parsed again")).toBe("first");
    expect(memory.at(row("a"), "2", () => "second")).toBe("second");
    expect(memory.at(row("b"), "2", () => "another row")).toBe("another row");
  });

  test("is forgotten when it was not seen for longest, and too many others were", () => {
    const memory = rowMemory<string>(2);
    memory.remember(row("a"), "1", "a");
    memory.remember(row("b"), "1", "b");
    memory.at(row("a"), "1", () => "");
    memory.remember(row("c"), "1", "c");
    expect(["a", "b", "c"].map((key) => memory.at(row(key), "1", () => "parsed again"))).toEqual([
      "a",
      "parsed again",
      "parsed again",
    ]);
  });
});

describe("two hosts", () => {
  let table: MemoryTable;
  const host = () =>
    keyTable(table.client, { schema: keyRowSchema(z.object({ by: z.string() })), first: { by: "" } });
  const asItIs = (state: KeyState<{ readonly by: string }>) => state;
  beforeEach(() => {
    table = memoryTable();
  });

  test("see what the other wrote last, however often they have read the row", async () => {
    const [one, other] = [host(), host()];
    for (const [writer, reader, by] of [
      [one, other, "one"],
      [other, one, "other"],
      [one, other, "one again"],
    ] as const) {
      await (await writer.claim(row("a"), asItIs)).write({ value: { by } });
      expect((await reader.read(row("a")))?.value).toEqual({ by });
      expect((await writer.read(row("a")))?.value).toEqual({ by });
      expect((await reader.list("partition")).map(({ state }) => state.value)).toEqual([{ by }]);
    }
  });

  test("take what they had last without reading it, unless the other has had it since", async () => {
    const [one, other] = [host(), host()];
    await (await one.claim(row("a"), asItIs)).write({ value: { by: "one" } });
    const before = table.asked("read");
    expect((await one.claim(row("a"), asItIs)).state().value).toEqual({ by: "one" });
    expect(table.asked("read")).toBe(before);
    await (await other.claim(row("a"), asItIs)).write({ value: { by: "other" } });
    expect((await one.claim(row("a"), asItIs)).state().value).toEqual({ by: "other" });
  });

  test("have a row anew that was forgotten, by themselves or by the other", async () => {
    const [one, other] = [host(), host()];
    const had = await one.claim(row("a"), asItIs);
    await had.write({ value: { by: "one" } });
    await had.forget();
    expect((await one.claim(row("a"), asItIs)).state().value).toEqual({ by: "" });
    await (await other.claim(row("a"), asItIs)).forget();
    expect((await one.claim(row("a"), asItIs)).state().value).toEqual({ by: "" });
  });

  test("forget a row with the table, whatever they remember of it", async () => {
    const one = host();
    await (await one.claim(row("a"), asItIs)).write({ value: { by: "one" } });
    table.forget();
    expect(await one.read(row("a"))).toBeNull();
    expect((await one.claim(row("a"), asItIs)).state().value).toEqual({ by: "" });
  });

  test("remember what was written, also when the answer was lost", async () => {
    const [one, other] = [host(), host()];
    const claim = await one.claim(row("a"), asItIs);
    table.loseAnswer();
    await claim.write({ value: { by: "one" } });
    expect((await one.read(row("a")))?.value).toEqual({ by: "one" });
    expect((await other.read(row("a")))?.value).toEqual({ by: "one" });
  });
});
