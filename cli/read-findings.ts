import { DefaultAzureCredential } from "@azure/identity";
import { errorText } from "../shared/model/error-text.ts";
import { readTableConnection, type Connection } from "../shared/runtime/settings.ts";
import { openTable } from "../shared/runtime/tables.ts";
import { findings, type FindingRow } from "../shared/state/findings.ts";

/** @returns why they cannot be read, with what to do */
export async function readFindings(): Promise<readonly FindingRow[] | string> {
  let connection: Connection;
  try {
    connection = readTableConnection(process.env);
  } catch (error) {
    return errorText(error);
  }
  try {
    return await findings(openTable(connection, "Findings", credential)).all();
  } catch (error) {
    const where =
      connection.kind === "identity" ? connection.endpoint : "the tables that MUSTER_TABLES names";
    return isMissing(error)
      ? `there is no table Findings in ${where}: no host of this version has started with these tables yet, or they are not Muster's`
      : `cannot read the findings in ${where}: ${errorText(error)}; see whether that is the address of Muster's tables, and whether you may read them (Storage Table Data Reader)`;
  }
}

/** Whoever asks is signed in with the Azure CLI, for example; or it runs where the app runs. */
function credential(): DefaultAzureCredential {
  const managedIdentityClientId = process.env["MUSTER_IDENTITY_CLIENT_ID"];
  return new DefaultAzureCredential(managedIdentityClientId === undefined ? {} : { managedIdentityClientId });
}

const isMissing = (error: unknown) =>
  error instanceof Error && "statusCode" in error && error.statusCode === 404;
