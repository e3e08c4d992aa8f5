import type { Unproven } from "../../model/finding.ts";
import type { PairRecord } from "../../model/pair.ts";
import type { Note } from "../../model/plan.ts";
import { explainStep } from "../../planner/explain.ts";
import { explainNote } from "../../planner/explain-note.ts";
import type { Policy } from "../../policy/policy.ts";
import { hasLeft } from "./has-left.ts";
import type { Round } from "../pair/access-round.ts";

/**
 * A proof says that nothing is left to do now: what is withheld, awaited or not proven is. An account that is kept for a while is
 * blocked until its day has come.
 */
export const isProof = ({ plan, read }: Pick<Round, "plan" | "read">): boolean =>
  plan.steps.length === 0 && plan.withheld.length === 0 && read.trouble === null && !plan.notes.some(isOpen);

const isOpen = ({ kind }: Note) => openNotes.has(kind);

const openNotes: ReadonlySet<Note["kind"]> = new Set([
  "account-not-proven",
  "account-deleted-by-others",
  "account-blocked-by-others",
  "waits-for-account",
  "on-its-way",
  "stuck",
  "scope-moves",
  "scope-given-by-others",
  "settling",
  "unsure",
  "kept",
  "refused",
]);

/** Known before anything is read: whoever is to be out is unproven until something is proven, whatever becomes of the look. */
export function standing(pair: PairRecord, place: "leaves" | "belongs", now: number): PairRecord {
  if (place === "belongs") return pair.unproven === null ? pair : { ...pair, unproven: null };
  if (pair.unproven !== null || isProvenOut(pair)) return pair;
  return { ...pair, unproven: { since: pair.leftAt ?? now, why: "", advice: "" } };
}

/** Rows of older versions do not say what a proof is about. */
function isProvenOut({ proof, leftAt }: PairRecord): boolean {
  if (proof === null) return false;
  if (proof.purpose !== undefined) return proof.purpose === "leave";
  return leftAt !== null && proof.at >= leftAt;
}

/** What a plan for somebody who leaves says of them: what it leaves open makes an earlier proof void; a failed look does not. */
export function unprovenAfter(
  { plan, read }: Pick<Round, "plan" | "read">,
  { unproven }: PairRecord,
  now: number,
): Unproven | null {
  if (plan.purpose === "join") return null;
  const open = plan.notes.filter(isOpen);
  const isStranger = read.trouble?.kind === "parked" && read.trouble.finding === "second-account";
  const found = open.filter((note) => !isUnread(note, read));
  const isVoid = plan.steps.length + plan.withheld.length + found.length > 0 || isStranger;
  if (unproven === null && !isVoid) return null;
  return {
    since: unproven?.since ?? now,
    why: [
      ...plan.withheld.map(({ step, reason }) => `Muster does not ${explainStep(step)}: ${reason}`),
      ...open.map(explainNote),
    ].join("; "),
    advice: [...new Set(plan.withheld.map(({ advice }) => advice))].join("; "),
  };
}

/** Of a scope that Muster has not given, or has left, a failed look says nothing new: it keeps back a proof, and voids none. */
function isUnread(note: Note, { situation: { scope, owned } }: Round["read"]): boolean {
  if (note.kind !== "unsure" || scope === null || owned.scope !== undefined) return false;
  return scope.seen === "unknown" && note.name === scope.name;
}

/** Where the target is not in the policy any more, nobody may look whether they are out. */
export function unprovenThere(pair: PairRecord, leavers: Policy["leavers"]): Unproven | null {
  const { unproven, account, ledger, scoped, invited } = pair;
  if (unproven === null) return null;
  // Nothing was ever theirs there.
  if (account === null && scoped === null && invited === null && ledger.length === 0) return null;
  if (!hasLeft(pair, leavers)) return unproven;
  return {
    ...unproven,
    why: "the target was taken out of the policy before a read showed that they are out; all that Muster knows of was taken back",
    advice:
      "put the target back into the policy with retire: true until the journal has the proof, or look in that tenant yourself",
  };
}
