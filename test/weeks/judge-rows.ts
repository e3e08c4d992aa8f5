import { runKeptMs, sweepId } from "../../shared/state/runs.ts";
import { findingKeptMs } from "../../shared/state/findings.ts";
import { journalKeptMs } from "../../shared/state/journal.ts";
import type { Census } from "../worlds/census.ts";
import type { WorldPlan } from "../worlds/plan.ts";
import { oldRows, type OpenTables, type RowName } from "./tables.ts";

const dayMs = 24 * 60 * 60_000;

/** What no table may exceed, and why. */
type Bound = { readonly table: string; readonly most: number; readonly because: string };

export type RowCounts = Readonly<Record<string, number>>;

type Parts = {
  readonly tables: OpenTables;
  readonly plans: readonly WorldPlan[];
  readonly census: Census;
  /** When Muster began, and now; epoch ms, virtual. */
  readonly beganAt: number;
  readonly now: number;
  /** How often Muster has written to Graph since it began. */
  readonly writes: number;
};

/** Counts the rows of every table, and says which has more of them than it may, or rows that should be forgotten by now. */
export async function judgeRows(
  parts: Parts,
): Promise<{ readonly counts: RowCounts; readonly problems: readonly string[] }> {
  const { tables, now } = parts;
  const bounds = boundsOf(parts);
  const rows = new Map<string, readonly RowName[]>();
  for (const { table } of bounds) rows.set(table, await tables.rows(table));
  const over = bounds.flatMap(({ table, most, because }) => {
    const count = rows.get(table)?.length ?? 0;
    return count > most ? [`rows: ${table} has ${count}, and at most ${most} are expected: ${because}`] : [];
  });
  const kept = [...rows].flatMap(([table, all]) => {
    const isOld = oldRows[table];
    return isOld !== undefined && all.some((row) => isOld(row, now))
      ? [`rows: ${table} keeps rows beyond their time`]
      : [];
  });
  const runs = (rows.get("Runs") ?? []).filter(
    ({ partitionKey, rowKey }) =>
      partitionKey === "run" && rowKey >= sweepId(now - runKeptMs - 2 * dayMs, ""),
  );
  const journal = (rows.get("Journal") ?? []).filter(
    ({ partitionKey }) => Date.parse(partitionKey) < now - journalKeptMs - 2 * dayMs,
  );
  const findings = (await tables.findings.all()).filter(
    ({ over: ended }) => ended !== null && ended < now - findingKeptMs - 2 * dayMs,
  );
  const late = Object.entries({ Runs: runs, Journal: journal, Findings: findings }).flatMap(([table, all]) =>
    all.length > 0 ? [`rows: ${table} keeps ${all.length} rows beyond their time`] : [],
  );
  const counts = Object.fromEntries([...rows].map(([table, all]) => [table, all.length]));
  return { counts, problems: [...over, ...kept, ...late] };
}

/** Analysts, Pairs and Departures grow with people alone; Runs, Findings and the Journal with time, until what they keep is over. */
function boundsOf({ plans, census, beganAt, now, writes }: Parts): readonly Bound[] {
  const [roles, targets] = [plans.flatMap((plan) => plan.roles), plans.flatMap((plan) => plan.targets)];
  const people = census.everybody().length;
  const places = targets.length + 1;
  const days = Math.ceil((now - beganAt) / dayMs) + 1;
  const groups = roles.reduce((sum, { shownBy }) => sum + { group: 1, team: 2, attributes: 0 }[shownBy], 0);
  const pairs = people * places;
  return [
    { table: "Analysts", most: people, because: "one for everybody who was ever an analyst" },
    { table: "Pairs", most: pairs, because: "one for everybody in each place" },
    { table: "Departures", most: pairs, because: "one for everybody of whom a workflow spoke" },
    { table: "RoleKeys", most: groups + 2, because: "one for each role group, and one for attributes" },
    { table: "Subscriptions", most: groups + 2, because: "one for each group, and one for users" },
    { table: "Slots", most: 2, because: "one for each shared limit" },
    { table: "Marks", most: 4, because: "one for each thing that hosts agree on" },
    {
      table: "Troubles",
      most: 3 * places,
      because: "what keeps a tenant from being brought in line is forgotten when it is over",
    },
    { table: "WorkflowCalls", most: people, because: "what a workflow was told is forgotten after a month" },
    {
      table: "Findings",
      most: 12 * pairs,
      because: "what was over for a month is forgotten",
    },
    {
      table: "Runs",
      // A night has a row, one for each place, and one for whoever differed there.
      most: days * (1 + places + pairs),
      because: "a night's report is forgotten after 90 days",
    },
    {
      table: "Journal",
      // What was written, what was proven of it, and now and then what kept something from being done.
      most: 2 * writes + days * pairs,
      because: "a look that shows what is known already enters nothing, and a day is forgotten after 400",
    },
  ];
}
