import { GraphError } from "../../graph/error.ts";
import { isHeld } from "../../graph/grants/kind.ts";
import { goneAt, rowOf } from "../../model/ledger.ts";
import type { Step } from "../../model/plan.ts";
import { goneMs } from "../../planner/replicas.ts";
import type { Performing } from "../pair/access-ports.ts";
import type { Performed } from "../run/step-entry.ts";
import { itemOf, type Standing } from "./step-records.ts";

/** How soon a read that missed a native membership is repeated. */
const nativeMs = 2_000;
/** The same of one that broke off. */
const unreadMs = 10_000;

/** How soon to look anew at somebody who has changed meanwhile. */
const overtakenMs = 1_000;

/**
 * Whoever is back by now keeps their account: a deletion that was decided on a moment ago is not made.
 *
 * An account that was there before Muster may have native memberships that one read did not show, and so may any whose memberships
 * could not be read to their end. A second question before the write keeps Muster from claiming them when the write stumbles. About what Muster itself took back not long ago,
 * the replica that is asked may be behind as well: only the write tells.
 */
export async function standingOf(
  step: Step,
  { claim, ports, limits, isUnread, isStill }: Performing,
): Promise<Standing> {
  if (step.kind === "delete-account") return (await isStill()) ? "ours" : "overtaken";
  const { account, ledger, gone } = claim.state().value;
  if (step.kind !== "grant" || rowOf(ledger, itemOf(step)) !== undefined) return "ours";
  const isGone = ports.now() - goneAt(gone, itemOf(step)) < goneMs;
  if (account?.origin !== "before" && !isGone && !isUnread(step.grant)) return "ours";
  const asked = { account: step.account, priority: limits.priority };
  const asking = isHeld(ports.tenant.reader.grants, step.grant, asked);
  // People hear of what cannot be read from the look; it keeps nobody from what can be given.
  const held = await (isUnread(step.grant) ? asking.catch(unknownOf) : asking);
  if (held === "unknown") return "unread";
  if (held === "no") return "ours";
  return isGone ? "disputed" : "native";
}

function unknownOf(error: unknown): "unknown" {
  if (error instanceof GraphError) return "unknown";
  throw error;
}

const putOffs = {
  native: { ms: nativeMs, why: "the account had this already, by somebody else's hand" },
  unread: { ms: unreadMs, why: "what the account has could not be read to its end" },
  overtaken: { ms: overtakenMs, why: "the analyst has changed since this was decided" },
} as const satisfies Partial<Record<Standing, { readonly ms: number; readonly why: string }>>;

/** Nothing is on record of what is not written. */
export const isPutOff = (standing: Standing | undefined): standing is keyof typeof putOffs =>
  standing !== undefined && standing in putOffs;

export async function putOff(standing: keyof typeof putOffs, { ports }: Performing): Promise<Performed> {
  const { ms, why } = putOffs[standing];
  return { kind: "put-off", outcome: { kind: "again", at: ports.now() + ms, why } };
}
