import { findings, type FindingRow } from "../../shared/state/findings.ts";
import { openTable } from "../../shared/runtime/tables.ts";

/** What people were asked to see to within a scene, and what of it, or of earlier, a look has found resolved. */
export type Told = { readonly opened: readonly FindingRow[]; readonly closed: readonly FindingRow[] };

/** @param since epoch ms, by the lab's clock */
export async function toldSince(connectionString: string, since: number): Promise<Told> {
  const rows = await readFindings(connectionString);
  return {
    opened: rows.filter((row) => row.since >= since),
    closed: rows.filter(({ over }) => over !== null && over >= since),
  };
}

export async function readFindings(connectionString: string): Promise<readonly FindingRow[]> {
  const connection = { kind: "connection-string", text: connectionString } as const;
  return findings(openTable(connection, "Findings", noCredential)).all();
}

function noCredential(): never {
  throw new Error("a connection string needs no credential");
}
