import { grantKey, type Grant } from "../model/grant.ts";
import type { AnalystRecord } from "../model/analyst.ts";
import type { Sight } from "../model/sight.ts";
import type { PairRecord } from "../model/pair.ts";
import type { Plan } from "../model/plan.ts";
import type { AccessDecision } from "../planner/access-draft.ts";
import type { AccessSituation, ScopeSeen } from "../planner/access-situation.ts";
import type { Claim, KeyState } from "../state/key-state.ts";
import type { AccessPorts, Rules } from "./access-ports.ts";
import type { Applied } from "./apply.ts";
import type { Run } from "./handling.ts";
import { endingOf, withoutIds, type Outcome } from "./outcome.ts";
import { hashOf } from "./plan-hash.ts";
import type { AccessRead } from "./read-access.ts";

/** What a round read when nothing was refused. */
export type ReadOk = Extract<AccessRead, { kind: "read" }>;

/** One round over a pair: what was read, decided and let through by the checks. */
export type Round = {
  readonly plan: Plan;
  readonly read: ReadOk;
  readonly decision: AccessDecision;
  readonly analyst: KeyState<AnalystRecord | null>;
  readonly record: AnalystRecord;
  readonly rules: Rules;
  readonly ports: AccessPorts;
  readonly claim: Claim<PairRecord>;
  readonly run: Run;
};

/** Written down before it is said, so that a run which lost the pair says nothing, and one that dies says it again. */
export async function prove(round: Round): Promise<void> {
  const { plan, read, claim, ports } = round;
  const evidence = evidenceOf(read);
  const hash = hashOf({ plan, evidence });
  const known = claim.state().value.proof;
  if (known?.hash === hash && known.entered === "yes") return;
  const at = known?.hash === hash ? known.at : ports.now();
  await claim.write({ value: { ...claim.state().value, proof: { hash, at, entered: "no" } } });
  await enter(round, { kind: "proof", at, steps: [], outcome: "done", evidence });
  claim.set({
    value: { ...claim.state().value, proof: { hash, at, entered: "yes" } },
    entered: hash,
  });
}

/** What was done or found, unless nothing was done and the last entry about this pair says just that. */
export async function enterRun(round: Round, applied: Applied, outcomes: readonly Outcome[]): Promise<void> {
  const { plan, read, claim, ports } = round;
  const ending = endingOf(outcomes);
  const steps = applied.steps.map(({ result, detail }) => ({ result, detail: withoutIds(detail) }));
  const said = hashOf({
    plan,
    steps,
    ending: { kind: ending.kind, parked: ending.parked.map(({ reason }) => withoutIds(reason)) },
  });
  const idle = applied.steps.every(({ result }) => result === "waiting" || result === "failed");
  if (idle && said === claim.state().entered) return;
  // What was done is evidence, whoever has the pair now; what was merely found is for whoever has it to say.
  if (idle) await claim.write();
  const evidence = evidenceOf(read);
  await enter(round, { kind: "run", at: ports.now(), steps: applied.steps, outcome: ending.kind, evidence });
  claim.set({ entered: said });
}

/** What the read showed, in words and ids that a person can look up in the tenant. */
function evidenceOf({ situation }: ReadOk): Readonly<Record<string, unknown>> {
  const { account, accounts, scope, managed, owned, subjects, wanted } = situation;
  const grants = new Map(
    [...owned.grants, ...managed].map(({ grant, name }) => [grantKey(grant), { grant, name }]),
  );
  const isWanted = new Set(wanted.map(({ grant }) => grantKey(grant)));
  const isLost = ({ scope: what }: ScopeSeen) => subjects.get(grantKey(what)) === "not-there";
  const disabled = accounts === "own" ? "disabled" : "blocked";
  const noScope = accounts === "own" ? null : { name: null, seen: "unknown" };
  return {
    account:
      account.kind === "present"
        ? {
            state: account.enabled ? "enabled" : disabled,
            id: account.id,
            proof: account.proof,
            ...(account.detail === "" ? {} : { detail: account.detail }),
          }
        : { state: account.kind, id: owned.account?.accountId ?? null },
    origin: owned.account?.origin ?? null,
    scope: scope === null ? noScope : { name: scope.name, seen: isLost(scope) ? "recycled" : scope.seen },
    // In an order of their own: what is Muster's and what is not changes, and a proof is told apart by what it says.
    grants: byKey(grants).map(([key, { grant, name }]) => ({
      kind: grant.kind,
      name,
      ...sightOf(grant, isWanted.has(key) ? "yes" : "no", situation),
    })),
  };
}

const byKey = <T>(map: ReadonlyMap<string, T>) => [...map].toSorted(([a], [b]) => (a < b ? -1 : 1));

/** Whose user is in the recycle bin has nothing of what is in there with it. */
function sightOf(
  grant: Grant,
  wanted: "yes" | "no",
  { account, accounts, subjects }: AccessSituation,
): { readonly seen: string; readonly detail?: string } {
  if (subjects.get(grantKey(grant)) === "not-there")
    return { seen: "recycled", detail: "its group is deleted, and may be restored with its members" };
  switch (account.kind) {
    case "present":
      return said(account.seen(grant, wanted));
    case "unreachable":
      return { seen: "unknown" };
    case "soft-deleted": {
      const sight = account.seen?.(grant, wanted);
      if (sight !== undefined && sight.unread !== "wholly") return said(sight);
      return { seen: accounts === "own" ? "recycled" : "absent" };
    }
    case "none":
      return { seen: "absent" };
    default:
      return account satisfies never;
  }
}

const said = ({ seen, detail }: Sight) => ({ seen, ...(detail === undefined ? {} : { detail }) });

type Entry = {
  readonly kind: "run" | "proof";
  readonly at: number;
  readonly steps: Applied["steps"];
  readonly outcome: string;
  readonly evidence: Readonly<Record<string, unknown>>;
};

async function enter({ plan, record, rules, ports, run }: Round, entry: Entry): Promise<void> {
  await ports.journal.append({
    ...entry,
    cause: run.cause,
    analyst: record.id,
    target: rules.target.name,
    tenant: rules.target.tenantId,
    planHash: hashOf(plan),
    plan,
    sinceEventMs: entry.at - record.since,
  });
}
