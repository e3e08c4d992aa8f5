import { odata, RestError, type TableClient } from "@azure/data-tables";

/**
 * Rows of one table as JSON values. A row is a few named columns for people who look into the table, and `json` for the
 * program; a value too long for one property is spread over several.
 */
export type Row = { readonly partitionKey: string; readonly rowKey: string };

/** A string property holds 64 KiB of UTF-16. https://learn.microsoft.com/rest/api/storageservices/understanding-the-table-service-data-model */
const chunkLength = 30_000;

/** @returns null when there is no such row */
export async function readRow(table: TableClient, row: Row): Promise<unknown> {
  return (await readVersioned(table, row))?.value ?? null;
}

/** A row as it was read: with its etag, for writers that must not overwrite each other. Its value is unpacked when it is asked for. */
export type Stored = { readonly etag: string; readonly value: unknown };

const stored = (entity: Readonly<Record<string, unknown>> & { readonly etag: string }): Stored => ({
  etag: entity.etag,
  get value() {
    return unpack(entity);
  },
});

/** @returns null when there is no such row */
export async function readVersioned(table: TableClient, row: Row): Promise<Stored | null> {
  try {
    return stored(await table.getEntity(row.partitionKey, row.rowKey));
  } catch (error) {
    if (isStatus(error, 404)) return null;
    throw error;
  }
}

export async function writeRow(table: TableClient, row: Row, value: unknown): Promise<void> {
  await table.upsertEntity(pack(row, value), "Replace");
}

/**
 * Writes the row as it was read; `etag` null: as it was not there.
 * @returns the new etag; null when somebody else wrote, created or deleted the row since then
 */
export async function writeVersioned(
  table: TableClient,
  row: Row,
  { value, etag }: { readonly value: unknown; readonly etag: string | null },
): Promise<string | null> {
  try {
    const written =
      etag === null
        ? await table.createEntity(pack(row, value))
        : await table.updateEntity(pack(row, value), "Replace", { etag });
    if (written.etag === undefined) throw new Error(`the table service gave no etag for ${row.rowKey}`);
    return written.etag;
  } catch (error) {
    if ([404, 409, 412].some((status) => isStatus(error, status))) return null;
    throw error;
  }
}

export async function deleteRow(table: TableClient, row: Row): Promise<void> {
  try {
    await table.deleteEntity(row.partitionKey, row.rowKey);
  } catch (error) {
    if (!isStatus(error, 404)) throw error;
  }
}

/** Deletes the row if nobody has written it since it was read with this etag. */
export async function deleteVersioned(table: TableClient, row: Row, etag: string): Promise<void> {
  try {
    await table.deleteEntity(row.partitionKey, row.rowKey, { etag });
  } catch (error) {
    if (![404, 412].some((status) => isStatus(error, status))) throw error;
  }
}

/** Which rows of a partition: those whose key starts with `prefix`, or is not before `from`; no more than `limit`. */
type Wanted = {
  readonly partitionKey: string;
  readonly prefix?: string;
  readonly from?: string;
  readonly limit?: number;
};

/** Rows of a partition, in order. */
export async function listRows(
  table: TableClient,
  { partitionKey, prefix = "", from = prefix, limit = Infinity }: Wanted,
): Promise<readonly (Stored & { readonly rowKey: string })[]> {
  const ofPartition = odata`PartitionKey eq ${partitionKey}`;
  const begins = from === "" ? [] : [odata`RowKey ge ${from}`];
  const ends = prefix === "" ? [] : [odata`RowKey lt ${`${prefix}\uFFFF`}`];
  const filter = [ofPartition, ...begins, ...ends].join(" and ");
  const rows: (Stored & { readonly rowKey: string })[] = [];
  for await (const entity of table.listEntities({ queryOptions: { filter } })) {
    if (rows.length >= limit) break;
    rows.push(Object.assign(stored(entity), { rowKey: entity.rowKey ?? "" }));
  }
  return rows;
}

/** One transaction takes this many. https://learn.microsoft.com/rest/api/storageservices/performing-entity-group-transactions */
const transactionLimit = 100;

/** Writes rows of one partition, whatever was there. */
export async function writeRows(
  table: TableClient,
  rows: readonly (Row & { readonly value: unknown })[],
): Promise<void> {
  for (let first = 0; first < rows.length; first += transactionLimit) {
    const some = rows.slice(first, first + transactionLimit);
    await table.submitTransaction(some.map((row) => ["upsert", pack(row, row.value), "Replace"]));
  }
}

/** Deletes rows whose partition comes before this one, whoever wrote them; no more than `limit` of them. */
export async function deleteBefore(table: TableClient, partitionKey: string, limit: number): Promise<void> {
  const filter = odata`PartitionKey lt ${partitionKey}`;
  const old: Row[] = [];
  for await (const entity of table.listEntities({ queryOptions: { filter } })) {
    if (old.length >= limit) break;
    old.push({ partitionKey: entity.partitionKey ?? "", rowKey: entity.rowKey ?? "" });
  }
  for (const rows of Map.groupBy(old, (row) => row.partitionKey).values())
    for (let first = 0; first < rows.length; first += transactionLimit) {
      const some = rows.slice(first, first + transactionLimit);
      await table.submitTransaction(some.map((row) => ["delete", row]));
    }
}

/** Every row of a table. */
export async function listAllRows(table: TableClient): Promise<readonly Stored[]> {
  const rows: Stored[] = [];
  for await (const entity of table.listEntities()) rows.push(stored(entity));
  return rows;
}

const isStatus = (error: unknown, status: number) =>
  error instanceof RestError && error.statusCode === status;

function pack(row: Row, value: unknown) {
  const json = JSON.stringify(value);
  const chunks: Record<string, string> = { json0: json.slice(0, chunkLength) };
  for (let index = 1; index * chunkLength < json.length; index += 1)
    chunks[`json${index}`] = json.slice(index * chunkLength, (index + 1) * chunkLength);
  return { partitionKey: allowed(row.partitionKey), rowKey: allowed(row.rowKey), ...chunks };
}

/** Table keys may not hold these characters; ids, target names and role names never do. */
function allowed(key: string): string {
  if (/[/\\#?\p{Cc}]/u.test(key)) throw new Error(`"${key}" cannot be a table key`);
  return key;
}

function unpack(entity: Readonly<Record<string, unknown>>): unknown {
  let json = "";
  for (let index = 0; typeof entity[`json${index}`] === "string"; index += 1)
    json += String(entity[`json${index}`]);
  return JSON.parse(json);
}
