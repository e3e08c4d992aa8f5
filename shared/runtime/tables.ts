import { TableServiceClient, TableClient } from "@azure/data-tables";
import type { TokenCredential } from "@azure/identity";
import type { Connection } from "./settings.ts";

/** Every table Muster keeps; docs/architecture.md says what is in them. */
const tableNames = ["Analysts", "Accounts", "Ledger", "Subscriptions", "Clocks", "Slots", "Journal"] as const;
type TableName = (typeof tableNames)[number];

export type Tables = Readonly<Record<TableName, TableClient>>;

/** Opens the tables, creating those that are missing. */
export async function openTables(connection: Connection, credential: () => TokenCredential): Promise<Tables> {
  const service = serviceClient(connection, credential);
  await Promise.all(tableNames.map((name) => service.createTable(name)));
  const open = tableNames.map((name) => [name, tableClient(connection, { name, credential })] as const);
  return Object.fromEntries(open) as Tables; // one entry for every name
}

function serviceClient(connection: Connection, credential: () => TokenCredential): TableServiceClient {
  return connection.kind === "identity"
    ? new TableServiceClient(connection.endpoint, credential())
    : TableServiceClient.fromConnectionString(connection.text, { allowInsecureConnection: true });
}

function tableClient(
  connection: Connection,
  { name, credential }: { readonly name: TableName; readonly credential: () => TokenCredential },
): TableClient {
  return connection.kind === "identity"
    ? new TableClient(connection.endpoint, name, credential())
    : TableClient.fromConnectionString(connection.text, name, { allowInsecureConnection: true });
}
