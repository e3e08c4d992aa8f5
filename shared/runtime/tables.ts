import { TableServiceClient, TableClient } from "@azure/data-tables";
import type { TokenCredential } from "@azure/identity";
import type { Connection } from "./settings.ts";

/** Every table Muster keeps; docs/architecture.md says what is in them. */
const tableNames = [
  "Analysts",
  "Pairs",
  "RoleKeys",
  "Subscriptions",
  "Slots",
  "Troubles",
  "Findings",
  "Departures",
  "WorkflowCalls",
  "Runs",
  "Marks",
  "Journal",
] as const;
type TableName = (typeof tableNames)[number];

export type Tables = Readonly<Record<TableName, TableClient>>;

/**
 * Tables that do not answer are tried again by the key that needed them, so the client gives up soon: Graph waits three
 * seconds for the answer to a delivery.
 */
const retryOptions = { maxRetries: 2, retryDelayInMs: 200, maxRetryDelayInMs: 500 } as const;
const onThisMachine = { allowInsecureConnection: true, retryOptions } as const;

/** Opens the tables, creating those that are missing. */
export async function openTables(connection: Connection, credential: () => TokenCredential): Promise<Tables> {
  const service = serviceClient(connection, credential);
  await Promise.all(tableNames.map((name) => service.createTable(name)));
  const open = tableNames.map((name) => [name, tableClient(connection, { name, credential })] as const);
  return Object.fromEntries(open) as Tables; // one entry for every name
}

/** One of them, for who only reads it: nothing is created. */
export const openTable = (connection: Connection, name: TableName, credential: () => TokenCredential) =>
  tableClient(connection, { name, credential });

function serviceClient(connection: Connection, credential: () => TokenCredential): TableServiceClient {
  return connection.kind === "identity"
    ? new TableServiceClient(connection.endpoint, credential(), { retryOptions })
    : TableServiceClient.fromConnectionString(connection.text, onThisMachine);
}

function tableClient(
  connection: Connection,
  { name, credential }: { readonly name: TableName; readonly credential: () => TokenCredential },
): TableClient {
  return connection.kind === "identity"
    ? new TableClient(connection.endpoint, name, credential(), { retryOptions })
    : TableClient.fromConnectionString(connection.text, name, onThisMachine);
}
