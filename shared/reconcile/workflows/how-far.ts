import type { AnalystRecord } from "../../model/analyst.ts";
import type { PairRecord } from "../../model/pair.ts";
import type { KeptCall } from "../../model/workflow-call.ts";
import { explainLeaving } from "../../planner/explain.ts";

/** What is known of whom a workflow speaks of. */
export type Known = {
  readonly record: AnalystRecord | null;
  /** Whether a look has shown what the workflow made happen. */
  readonly isLookedAt: boolean;
  /** The places that it is about; null: nothing is remembered of them there. */
  readonly pairs: readonly { readonly tenant: string; readonly pair: PairRecord | null }[];
  /** Whether the workflow is the source's: then it is about all places at once. */
  readonly isSource: boolean;
  /** Whether they may be written at all. */
  readonly isProtected: boolean;
};

export type HowFar =
  | { readonly kind: "proven"; readonly why: string }
  | { readonly kind: "waits"; readonly why: string }
  /** Waiting does not help: a person has to act. */
  | { readonly kind: "stuck"; readonly why: string };

/** How far what a workflow speaks of has come: proven means that every place has shown it. */
export function howFar(call: KeptCall, known: Known): HowFar {
  const { record, isLookedAt, isSource, pairs, isProtected } = known;
  const leaves = call.category === "leaver";
  if (isProtected) return { kind: "stuck", why: "the policy protects them, and Muster never writes to them" };
  if (!isLookedAt) return { kind: "waits", why: "they have not been looked at yet" };
  if (record === null) return { kind: "proven", why: "they are no analyst, and have nothing of Muster's" };
  if (isSource && leaves && record.leaving === null)
    return { kind: "stuck", why: "something that was said later has them back" };
  if (!leaves && record.leaving !== null)
    return { kind: "stuck", why: `they are no analyst: ${explainLeaving(record.leaving)}` };
  if (record.told !== record.version) return { kind: "waits", why: "the targets have not been told yet" };
  const open = pairs.flatMap(({ tenant, pair }) => {
    const why = pair === null ? "nobody has looked yet" : openIn(pair, record, leaves);
    return why === null ? [] : [`${tenant}: ${why}`];
  });
  if (open.length > 0) return { kind: "waits", why: open.join("; ") };
  return { kind: "proven", why: leaves ? "proven out everywhere" : "proven in every place" };
}

function openIn(pair: PairRecord, { version }: AnalystRecord, leaves: boolean): string | null {
  const { served, unproven, proof } = pair;
  if (unproven !== null)
    return unproven.why === "" ? "nothing has shown yet that they are out" : unproven.why;
  if (served !== version) return "what is known by now has not been acted on yet";
  if (leaves && proof?.purpose === "join") return "they still belong there";
  return proof === null ? "nothing is proven yet" : null;
}
