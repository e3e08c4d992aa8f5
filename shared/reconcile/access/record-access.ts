import type { Applied } from "../run/apply.ts";
import { evidenceOf, readsOf } from "./evidence.ts";
import { endingOf, withoutIds, type Outcome } from "../run/outcome.ts";
import { hashOf } from "../run/plan-hash.ts";
import type { Round } from "../pair/access-round.ts";

/** Written down before it is said, so that a run which lost the pair says nothing, and one that dies says it again. */
export async function prove(round: Round): Promise<void> {
  const { plan, read, claim, ports } = round;
  const evidence = evidenceOf(read);
  const hash = hashOf({ plan, evidence });
  const known = claim.state().value.proof;
  const { purpose } = plan;
  const at = known?.hash === hash ? known.at : ports.now();
  const proof = { hash, at, purpose } as const;
  const proven = () =>
    ({ ...claim.state().value, proof: { ...proof, entered: "yes" }, unproven: null }) as const;
  if (known?.hash === hash && known.entered === "yes") return claim.set({ value: proven() });
  await claim.write({ value: { ...claim.state().value, proof: { ...proof, entered: "no" } } });
  await enter(round, {
    kind: "proof",
    at,
    steps: [],
    outcome: "done",
    // When it was read is no part of what a proof is told apart by.
    evidence: {
      ...evidence,
      read: readsOf(read, { target: ports.tenant.reader.grants, source: ports.source.grants }),
    },
  });
  claim.set({ value: proven(), entered: hash });
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
