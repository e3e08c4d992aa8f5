import { TableClient, type RestError } from "@azure/data-tables";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { startClock } from "../../lab/clock.ts";
import { startTables, type TableServer } from "../../lab/tables/azurite.ts";

const clock = startClock();
let tables: TableServer;
let table: TableClient;
beforeAll(async () => {
  tables = await startTables(clock);
  table = TableClient.fromConnectionString(tables.connectionString, "Things", {
    allowInsecureConnection: true,
    retryOptions: { maxRetries: 0 },
  });
  await table.createTable();
});
afterEach(() => {
  tables.door.open();
  tables.door.slow(0);
});
afterAll(async () => {
  await tables.close();
  clock.stop();
});

const noWait = async () => {};
const row = (rowKey: string) => ({ partitionKey: "p", rowKey, text: "kept" });
/** The code of a connection that failed, or the status of a refusal. */
const failure = (operation: Promise<unknown>) =>
  operation.then(
    () => "none",
    (error: RestError) => error.code ?? error.statusCode,
  );

test("tables that are down cannot be reached, and have kept everything when they come back", async () => {
  await table.createEntity(row("1"));
  tables.door.shut(clock.now() + 60_000);
  expect(await failure(table.getEntity("p", "1"))).toBe("ECONNRESET");
  await clock.advance(59_000, noWait);
  expect(await failure(table.createEntity(row("2")))).toBe("ECONNRESET");
  await clock.advance(1_000, noWait);
  expect(await table.getEntity("p", "1")).toMatchObject({ text: "kept" });
  expect(await failure(table.getEntity("p", "2"))).toBe(404);
});

test("requests are counted, also those that are refused; those that never arrive are not", async () => {
  const before = tables.requests();
  await table.createEntity(row("counted"));
  expect(await failure(table.getEntity("p", "missing"))).toBe(404);
  tables.door.shut(clock.now() + 60_000);
  expect(await failure(table.getEntity("p", "counted"))).toBe("ECONNRESET");
  expect(tables.requests() - before).toBe(2);
});

test("slow tables take that long, in virtual time", async () => {
  tables.door.slow(3_600_000);
  const before = clock.now();
  const creating = table.createEntity(row("3"));
  const kept = [expect.objectContaining({ label: "a slow request to the tables", held: true })];
  await expect.poll(() => clock.expected()).toEqual(kept);
  await clock.advance(3_600_000, noWait);
  await creating;
  expect(clock.now() - before).toBeLessThan(3_600_000 + 60_000);
});

test("a request that is on its way when they go down gets no answer", async () => {
  tables.door.slow(3_600_000);
  const asked = failure(table.getEntity("p", "1"));
  await expect.poll(() => clock.expected().length).toBe(1);
  tables.door.shut(clock.now() + 60_000);
  expect(await asked).toBe("ECONNRESET");
});
