import type { Written } from "../../graph/group-members.ts";
import type { SourceWriter } from "../../graph/source-writer.ts";
import type { SendLimits } from "../../graph/tenant.ts";
import type { AnalystRecord } from "../../model/analyst.ts";
import type { AnalystId } from "../../model/ids.ts";
import type { Step } from "../../model/plan.ts";
import { replicationWindowMs } from "../../planner/replicas.ts";
import { stampProperties } from "../../policy/desired.ts";
import { current, remember, type AnalystRun } from "./analyst-ports.ts";
import { attempted, sendWithinMs } from "../run/apply.ts";
import type { Performed } from "../run/step-entry.ts";

/** Carries out one stage of a plan for the source, and remembers what Graph confirmed. */
export async function performSource(
  steps: readonly Step[],
  id: AnalystId,
  looking: AnalystRun,
): Promise<readonly Performed[]> {
  const { ports, claim } = looking;
  await claim.write();
  const priority = current(looking).leaving === null ? "normal" : "high";
  const limits = { priority, sendBefore: ports.now() + sendWithinMs } as const;
  const results: Performed[] = [];
  // All of them write the same user, so one after the other.
  for (const step of steps)
    results.push(
      await attempted(async () => ({
        kind: "written",
        ...(await perform(step, id, { writer: ports.writer, limits })),
      })),
    );
  const done = steps.filter((_, index) => results[index]?.kind === "written");
  const record = done.reduce((so, step) => withWrite(so, step, looking), current(looking));
  await remember(record, looking);
  return results;
}

async function perform(
  step: Step,
  id: AnalystId,
  { writer, limits }: { readonly writer: SourceWriter; readonly limits: SendLimits },
): Promise<Written> {
  if (step.kind === "revoke-sessions") return writer.revokeSessions(id, limits);
  if (step.kind !== "stamp") throw new Error(`a source plan holds no ${step.kind}`);
  const write = step.former === "yes" ? writer.clearStamp : writer.stamp;
  return write(id, step.values, limits);
}

/** Remembers what Graph confirmed, because a replica may not show it for a while. */
function withWrite(record: AnalystRecord, step: Step, { policy, ports }: AnalystRun): AnalystRecord {
  const now = ports.now();
  if (step.kind === "revoke-sessions") return { ...record, sessionsRevokedAt: now };
  if (step.kind !== "stamp") return record;
  if (step.former === "yes") return { ...record, stamped: without(record.stamped, Object.keys(step.values)) };
  const { stamps } = record.recent;
  // What the policy does not name is not read, and can prove nothing any more.
  const named = new Set(stampProperties(policy.policy));
  const former = Object.keys(stamps?.values ?? {}).filter((property) => !named.has(property));
  const wasLately = stamps !== null && now - stamps.at < replicationWindowMs;
  return {
    ...record,
    stamped: { ...record.stamped, ...step.values },
    recent: {
      ...record.recent,
      stamps: {
        at: now,
        values: { ...without(stamps?.values ?? {}, former), ...step.values },
        beforeAt: wasLately ? stamps.at : 0,
      },
    },
  };
}

const without = (values: Readonly<Record<string, string>>, properties: readonly string[]) =>
  Object.fromEntries(Object.entries(values).filter(([property]) => !properties.includes(property)));
