import { TableClient } from "@azure/data-tables";
import type { RunningLab } from "../../lab/running-lab.ts";
import { findingKeptMs, findings } from "../../shared/state/findings.ts";
import { journal, journalKeptMs, type JournalEntry } from "../../shared/state/journal.ts";
import { marks, type Marks } from "../../shared/state/marks.ts";
import { runKeptMs, runs, sweepId, type Runs } from "../../shared/state/runs.ts";
import { subscriptionRows, type SubscriptionRows } from "../../shared/state/subscription-rows.ts";
import { unheard } from "../../shared/state/key-state.ts";
import { callKeptMs, workflowCallRow, workflowCalls } from "../../shared/state/workflow-calls.ts";
import { analystIdSchema, targetNameSchema, tenantIdSchema } from "../../shared/model/ids.ts";
import { idsOf } from "../worlds/ids.ts";

/** What Muster keeps, opened beside its hosts. */
export type OpenTables = {
  readonly runs: Runs;
  readonly marks: Marks;
  readonly subscriptions: SubscriptionRows;
  readonly findings: ReturnType<typeof findings>;
  readonly journalDay: (day: string) => Promise<readonly JournalEntry[]>;
  /** Names of all rows of a table: partition and row. */
  readonly rows: (name: string) => Promise<readonly RowName[]>;
  /** Rows as old as they may be at most: whoever forgets in time has forgotten these within days. */
  readonly plantOldRows: (now: number) => Promise<void>;
};

export type RowName = { readonly partitionKey: string; readonly rowKey: string };

const hourMs = 60 * 60_000;

export function openTables({ tables: { connectionString } }: Pick<RunningLab, "tables">): OpenTables {
  const table = (name: string) =>
    TableClient.fromConnectionString(connectionString, name, { allowInsecureConnection: true });
  const opened = {
    runs: runs(table("Runs")),
    marks: marks(table("Marks")),
    subscriptions: subscriptionRows(table("Subscriptions")),
    findings: findings(table("Findings")),
    journalDay: journal(table("Journal")).day,
  };
  return {
    ...opened,
    async rows(name) {
      const found: RowName[] = [];
      const queryOptions = { select: ["PartitionKey", "RowKey"] };
      for await (const { partitionKey = "", rowKey = "" } of table(name).listEntities({ queryOptions }))
        found.push({ partitionKey, rowKey });
      return found;
    },
    async plantOldRows(now) {
      const tenant = tenantIdSchema.parse(idsOf.tenant("of the past"));
      const analyst = analystIdSchema.parse(idsOf.person("of the past"));
      const name = targetNameSchema.parse("of-the-past");
      const nearly = (keptMs: number) => now - keptMs + 3 * hourMs;
      const begunAt = nearly(runKeptMs);
      await opened.runs.begin(
        {
          id: sweepId(begunAt, "000000000000"),
          occasion: "night",
          mode: "apply",
          scope: { kind: "all" },
          by: null,
          begunAt,
          endedAt: begunAt,
        },
        [],
      );
      const over = nearly(findingKeptMs);
      await opened.findings.show({
        id: "old",
        kind: "failing",
        found: "It failed.",
        advice: "Look.",
        since: over,
        seen: over,
        over,
        tenant,
        subject: analyst,
        person: null,
        place: name,
        version: 1,
      });
      const until = nearly(callKeptMs);
      const calls = workflowCalls(table("WorkflowCalls"));
      await calls.claim(workflowCallRow(tenant, "old"), () => ({
        clock: unheard,
        entered: "",
        value: {
          id: "old",
          category: "leaver",
          subject: analyst,
          workflow: "of the past",
          callbackPath: "/old",
          at: until,
          tenant,
          heardAt: until,
          until,
          analyst: null,
          called: null,
          told: { status: "completed", why: "", at: until },
        },
      }));
      await journal(table("Journal")).append({
        at: nearly(journalKeptMs),
        kind: "proof",
        cause: "of the past",
        analyst,
        target: name,
        tenant,
        planHash: "",
        plan: { purpose: "leave", steps: [] } as unknown as JournalEntry["plan"], // nobody reads it
        steps: [],
        outcome: "done",
        evidence: {},
        sinceEventMs: 0,
      });
    },
  };
}

/** The rows that `plantOldRows` has made, by table. */
export const oldRows: Readonly<Record<string, (row: RowName, now: number) => boolean>> = {
  Runs: ({ partitionKey, rowKey }) => partitionKey === "run" && rowKey.endsWith("-000000000000"),
  Findings: ({ rowKey }) => rowKey.endsWith(":old"),
  WorkflowCalls: ({ rowKey }) => rowKey === "old",
  Journal: ({ partitionKey }, now) => Date.parse(partitionKey) < now - journalKeptMs + 30 * 24 * hourMs,
};
