import { DefaultAzureCredential } from "@azure/identity";
import { Option, type Command } from "commander";
import { errorText } from "../shared/model/error-text.ts";
import { readTableConnection, type Connection } from "../shared/runtime/settings.ts";
import { openTable } from "../shared/runtime/tables.ts";
import { findings, sourcePartition, type FindingRow } from "../shared/state/findings.ts";

type Options = { readonly tenant?: string; readonly all?: true; readonly json?: true };

export function addFindings(parent: Command): void {
  parent
    .command("findings")
    .description(
      "say what people have to see to, leavers who are not proven out first; reads the tables that MUSTER_TABLES_URL or MUSTER_TABLES names; exits 2 if it cannot",
    )
    .option("--tenant <name>", "only those of this target, by its name or its tenant id")
    .addOption(new Option("--open", "only what is open (default)").conflicts("all"))
    .option("--all", "also what was resolved within the last 30 days")
    .option("--json", "print {findings} on standard output")
    .action(async (options: Options) => {
      process.exitCode = await tellFindings(options);
    });
}

async function tellFindings({ tenant, all, json }: Options): Promise<number> {
  const rows = await readFindings();
  if (typeof rows === "string") {
    console.error(rows);
    return 2;
  }
  const isAsked = (row: FindingRow) =>
    (all === true || row.over === null) &&
    (tenant === undefined || row.tenant === tenant.toLowerCase() || row.place === tenant);
  const asked = rows.filter(isAsked).toSorted(byUrgency);
  // A lab's clock runs ahead.
  const now = Math.max(Date.now(), ...rows.map(({ seen, over }) => Math.max(seen, over ?? 0)));
  if (json === true) console.log(JSON.stringify({ findings: asked.map((row) => plain(row, now)) }, null, 2));
  else for (const line of linesOf(asked, now)) console.log(line);
  return 0;
}

/** @returns why they cannot be read, with what to do */
async function readFindings(): Promise<readonly FindingRow[] | string> {
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

/** What is open before what is over, leavers who may still be in before all else, and the oldest first. */
function byUrgency(a: FindingRow, b: FindingRow): number {
  const rank = ({ kind, over }: FindingRow) => (over === null ? 0 : 2) + (kind === "orphan" ? 0 : 1);
  return rank(a) - rank(b) || a.since - b.since || (a.subject < b.subject ? -1 : 1);
}

function plain({ version: _, id: __, ...row }: FindingRow, now: number) {
  const iso = (at: number) => new Date(at).toISOString();
  return {
    ...row,
    since: iso(row.since),
    seen: iso(row.seen),
    over: row.over === null ? null : iso(row.over),
    ageSeconds: Math.floor(ageOf({ since: row.since, over: row.over }, now) / 1_000),
  };
}

function linesOf(rows: readonly FindingRow[], now: number): readonly string[] {
  const open = rows.filter(({ over }) => over === null);
  const orphans = open.filter(({ kind }) => kind === "orphan").length;
  return [
    ...rows.flatMap((row) => [
      `${row.kind}  ${age(ageOf(row, now))}${row.over === null ? "" : `, resolved ${new Date(row.over).toISOString()}`}  ${who(row)}`,
      `    ${row.found}`,
      `    → ${row.advice}`,
    ]),
    `${open.length} open; ${orphans} of them leavers who are not proven out`,
  ];
}

const who = ({ subject, person, tenant, place }: FindingRow) =>
  `${person ?? subject}${tenant === sourcePartition ? "" : ` in ${place ?? tenant}`}`;

const ageOf = ({ since, over }: Pick<FindingRow, "since" | "over">, now: number) => Math.max(0, (over ?? now) - since);

/** The two largest units: "3 d 4 h". */
function age(ms: number): string {
  const units = [
    ["d", 86_400_000],
    ["h", 3_600_000],
    ["min", 60_000],
    ["s", 1_000],
  ] as const;
  const first = units.findIndex(([, size]) => ms >= size);
  if (first === -1) return "0 s";
  let rest = ms;
  return units
    .slice(first, first + 2)
    .map(([name, size]) => {
      const count = Math.floor(rest / size);
      rest -= count * size;
      return `${count} ${name}`;
    })
    .join(" ");
}
