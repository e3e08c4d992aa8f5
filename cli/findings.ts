import { Option, type Command } from "commander";
import type { FindingRow } from "../shared/state/findings.ts";

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
  // What reaches tables takes longer to load than all other commands take to run.
  const { readFindings } = await import("./read-findings.ts");
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

/** What is open before what is over, leavers who may still be in before all else, and the oldest first. */
function byUrgency(a: FindingRow, b: FindingRow): number {
  const rank = ({ kind, over }: FindingRow) => (over === null ? 0 : 2) + (kind === "orphan" ? 0 : 1);
  return rank(a) - rank(b) || a.since - b.since || (a.subject < b.subject ? -1 : 1);
}

function plain(row: FindingRow, now: number) {
  const { kind, tenant, place, subject, person, found, advice } = row;
  const iso = (at: number) => new Date(at).toISOString();
  return {
    kind,
    tenant,
    place,
    subject,
    person,
    found,
    advice,
    since: iso(row.since),
    seen: iso(row.seen),
    over: row.over === null ? null : iso(row.over),
    ageSeconds: Math.floor(ageOf(row, now) / 1_000),
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
  `${person ?? subject}${tenant === "source" ? "" : ` in ${place ?? tenant}`}`;

const ageOf = ({ since, over }: FindingRow, now: number) => Math.max(0, (over ?? now) - since);

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
