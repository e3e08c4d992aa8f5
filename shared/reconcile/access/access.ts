import type { Priority } from "../../graph/tenant.ts";
import type { AnalystRecord, HeldRole } from "../../model/analyst.ts";
import type { Grant } from "../../model/grant.ts";
import type { AnalystId, TenantId } from "../../model/ids.ts";
import type { PairRecord } from "../../model/pair.ts";
import { planAccess } from "../../planner/access-plan.ts";
import { checkPlan } from "../../planner/checks.ts";
import { replicationWindowMs } from "../../planner/replicas.ts";
import { cyclePollMs } from "../../planner/provisioning.ts";
import { placeAt } from "../../policy/places.ts";
import { analystRow } from "../../state/analysts.ts";
import type { Claim } from "../../state/key-state.ts";
import type { AccessPorts, Rules } from "../pair/access-ports.ts";
import { applySteps } from "../run/apply.ts";
import { departedThere } from "../run/departed-there.ts";
import { factsOf } from "./check-facts.ts";
import type { Run } from "../run/handling.ts";
import { hasLeft } from "./has-left.ts";
import { keptBooks } from "./keep-books.ts";
import { obstacles } from "./obstacles.ts";
import { endingOf, type Outcome } from "../run/outcome.ts";
import { performStage } from "./perform-access.ts";
import { isStill, isUnseen, newsOf, unlooked } from "./news.ts";
import { meaningOf } from "../run/plan-hash.ts";
import { readAccess } from "./read-access.ts";
import { findRoleGroups, waysToHold } from "../source/role-groups.ts";
import { enterRun, prove } from "./record-access.ts";
import type { Round } from "../pair/access-round.ts";
import { outcomesInWords } from "../account/refused-account.ts";
import { adopt } from "../account/shared-account.ts";
import { sleepingSync } from "../account/sleeping-sync.ts";
import { isProof, standing, unprovenAfter, unprovenThere } from "./unproven.ts";
import { isLeaving } from "../pair/wishes.ts";

/** A plan that is carried out changes what a read shows; this many rounds is more than any life needs. */
const roundLimit = 6;

export type Pair = { readonly tenant: TenantId; readonly analyst: AnalystId };

/**
 * The five steps for one analyst in one target: read, plan, check, apply, record, and again until a read shows nothing
 * left to do. That last read is the proof: no outcome is derived from a call that did not throw. Every round asks anew who
 * the analyst is and what the policy says.
 */
export async function reconcileAccess(
  pair: Pair,
  ports: AccessPorts,
  { claim, run }: { readonly claim: Claim<PairRecord>; readonly run: Run },
): Promise<readonly Outcome[]> {
  const { leftAt, unproven } = claim.state().value;
  const hadLeft = leftAt !== null || unproven !== null;
  for (let round = 0; round < roundLimit; round += 1) {
    const played = await playRound(pair, ports, { claim, run, hadLeft });
    if (played === "again") continue;
    // Not before it is over: a run that dies has served nobody.
    claim.set({ value: { ...claim.state().value, served: played.served } });
    return played.outcomes;
  }
  return [{ kind: "retry", why: `after ${roundLimit} rounds there is still something to do` }];
}

/**
 * How a round ended, and the version of the analyst's record that it has served; 0: none, because the record was not made under the
 * policy that the round went by. If that one is taken back before anybody has looked at the analyst, the record stays as it is.
 */
type Played = { readonly served: number; readonly outcomes: readonly Outcome[] };

/** `hadLeft`: whether they had left when the run began; runs that failed before they leave are none of their leaving. */
type Held = { readonly claim: Claim<PairRecord>; readonly run: Run; readonly hadLeft: boolean };

async function playRound(
  { tenant, analyst }: Pair,
  ports: AccessPorts,
  { claim, run, hadLeft }: Held,
): Promise<Played | "again"> {
  if (ports.now() > run.until) {
    const why = "there is more to do than fits into one run";
    return { served: claim.state().value.served, outcomes: [{ kind: "wait", at: ports.now(), why }] };
  }
  const known = await ports.analysts.read(analystRow(analyst));
  const record = known?.value ?? null;
  if (known === null || record === null) return { served: 0, outcomes: [{ kind: "unseen" }] };
  const stands = (place: "leaves" | "belongs") =>
    claim.set({ value: standing(claim.state().value, place, ports.now()) });
  // Whatever the policy says, and if it says nothing at all.
  if (record.leaving !== null) stands("leaves");
  const { policy, hash, changedAt } = await ports.policy();
  const isRead = record.meaning === meaningOf(record, hash);
  const served = isRead ? record.version : 0;
  const target = placeAt(policy, tenant);
  if (target === undefined) {
    const left = claim.state().value;
    claim.set({ value: { ...left, unproven: unprovenThere(left, policy.leavers) } });
    return { served, outcomes: hasLeft(left, policy.leavers) ? [] : [missingTarget(tenant, left.place)] };
  }
  const rules: Rules = { policy, target, since: changedAt };
  const priority = record.leaving !== null ? "high" : "normal";
  const isClear = isRead || record.leaving !== null;
  if (!isClear && !(await meansTheSame(record, rules, { ports, priority }))) {
    const why = "the analyst has not been looked at under the new policy yet";
    return {
      served: claim.state().value.served,
      outcomes: [{ kind: "again", at: ports.now() + unreadMs, why }, { kind: "unseen" }],
    };
  }
  const leaves = isLeaving({ record, rules, pair: claim.state().value });
  stands(leaves ? "leaves" : "belongs");
  const pair = claim.state().value;
  const news = isUnseen(known, ports.now()) ? "waits" : "none";
  const attempts = leaves && !hadLeft ? 0 : run.attempts;
  const read = await readAccess({ record, news, pair, rules, priority, run: { attempts } }, ports);
  if (read.kind === "refused") return { served, outcomes: [read.outcome] };
  const decision = planAccess(read.situation);
  const plan = checkPlan(decision.plan, factsOf(read, { record, rules }));
  const kept = keptBooks(read, decision, { record, rules });
  const unproven = unprovenAfter({ plan, read }, kept, ports.now());
  claim.set({ value: { ...kept, unproven } });
  if (await isNewlyDeparted(pair, { tenant, record, rules, claim, ports })) return "again";
  const isOthers = await adopt({ whose: { record, rules }, before: pair, claim }, ports);
  // What stands in the way of other things was not asked.
  if (isOthers !== null) return { served, outcomes: [isOthers, { kind: "unseen" }] };
  const round: Round = { plan, read, decision, analyst: known, record, rules, ports, claim, run };
  if (plan.steps.length === 0) {
    const outcomes = await conclude(round);
    return outcomes === "again" ? "again" : { served, outcomes };
  }
  const isInScope = read.situation.scope?.seen === "present";
  const { account } = read.situation;
  const isUnread = (grant: Grant) =>
    account.kind === "present" && account.seen(grant, "yes").seen === "unknown";
  const doing = {
    analyst,
    mail: record.userPrincipalName,
    limits: { priority },
    rules,
    purpose: plan.purpose,
    isInScope,
    isUnread,
    isStill: () => isStill(record, ports),
    ports,
    claim,
  } as const;
  const applied = await applySteps(plan.steps, {
    order: read.situation.movers,
    stage: (steps) => performStage(steps, doing),
    now: ports.now,
    until: run.until,
  });
  const outcomes = [...outcomesInWords(applied, round), ...obstacles(round)];
  await enterRun(round, applied, [...outcomes, ...unlooked(await newsOf(round), ports.now())]);
  // What stands in the way of other things keeps nobody from looking at what was done.
  if (endingOf(applied.outcomes).kind === "done" && read.trouble === null) return "again";
  const now = ports.now();
  // However asking for the account has ended, the cycle of sync may make it.
  const polls = plan.steps.some(({ kind }) => kind === "provision") ? [now + cyclePollMs] : [];
  // What stands in the way may last, and what is due after that does not wait for its end.
  const { lookAgainAt } = decision;
  const due = lookAgainAt !== null && lookAgainAt > now + cyclePollMs ? [lookAgainAt] : [];
  const looks = [...polls, ...due, ...confirmations(claim.state().value, record, now)];
  return { served, outcomes: [...outcomes, ...later(looks)] };
}

/**
 * Role names are those of the policy under which the roles were read: another may give the same name to other people. Of a name
 * that it does not have, or did not have then, nothing follows.
 */
async function meansTheSame(
  { roles }: AnalystRecord,
  { policy }: Rules,
  { ports, priority }: { readonly ports: AccessPorts; readonly priority: Priority },
): Promise<boolean> {
  const { found } = await findRoleGroups(policy, ports.source.groups, priority);
  const ways = waysToHold(policy, found);
  const isKnown = ({ role }: HeldRole) => policy.roles.some(({ name }) => name === role);
  return roles.every((one) => one.former === "yes" || !isKnown(one) || ways.get(one.role) === one.by);
}

type Meeting = Pick<Pair, "tenant"> & {
  readonly record: AnalystRecord;
  readonly rules: Rules;
  readonly claim: Claim<PairRecord>;
  readonly ports: Pick<AccessPorts, "departures">;
};

/** Of an account that nobody knew for theirs, a workflow of the target may have said something before. */
async function isNewlyDeparted(before: PairRecord, meeting: Meeting): Promise<boolean> {
  const { tenant, record, rules, claim, ports } = meeting;
  const subject = claim.state().value.account?.accountId;
  if (subject === undefined || subject === before.account?.accountId || before.departed !== null)
    return false;
  const source = rules.policy.source.tenantId;
  if (tenant === source) return false;
  const departed = await departedThere({ tenant, subject, analyst: record.id, source }, ports.departures);
  if (departed !== null) claim.set({ value: { ...claim.state().value, departed } });
  return departed !== null;
}

/** A new policy calls everybody, and a few thousand analysts are looked at in a few minutes. */
const unreadMs = 60_000;

function missingTarget(tenant: TenantId, name: string | null): Outcome {
  const target = name === null ? `tenant ${tenant}` : `${name} (tenant ${tenant})`;
  return {
    kind: "parked",
    reason: `${target} is not in the policy any more, and Muster once gave people access there`,
    advice:
      "put the target back into the policy with retire: true, and take it out when the journal has a proof for everybody and their accounts are deleted",
    cause: "not in the policy",
    finding: "not-in-policy",
    stops: "yes",
  };
}

/** Nothing is left that may be done: say so, with what the read showed, or say what stands in the way. */
async function conclude(round: Round): Promise<readonly Outcome[] | "again"> {
  const { read, decision, ports, claim } = round;
  const stuck = obstacles(round);
  const asleep = isProof(round) ? await sleepingSync(round) : [];
  // Asked last: what came while Graph was asked counts.
  const news = await newsOf(round);
  if (news.kind === "changed") return "again";
  const waits = news.kind === "none" ? asleep : unlooked(news, ports.now());
  if (waits.length === 0 && isProof(round)) await prove(round);
  else if (waits.length === 0 && read.trouble === null)
    await enterRun(round, { steps: [], outcomes: [] }, stuck);
  // Whatever a proof waits for, a write that it is made of is looked at once more, and what is due is done.
  const looks = [
    // Whoever is protected is left alone, whatever becomes of them.
    ...(decision.lookAgainAt === null || isLeftAlone(round) ? [] : [decision.lookAgainAt]),
    ...confirmations(claim.state().value, round.record, ports.now()),
  ];
  return [...stuck, ...waits, ...later(looks)];
}

const isLeftAlone = ({ record, rules }: Round) => rules.policy.protected.includes(record.id);

const later = (times: readonly number[]) =>
  times.map(
    (at) => ({ kind: "again", at, why: "a write is not visible yet, may be undone, or is not due" }) as const,
  );

/**
 * A read shows what some replica knows. So whatever was written is looked at once more when every replica must know it, and
 * somebody who left once more when nothing that was under way can still happen.
 */
function confirmations(
  { wroteAt, leftAt, scoped }: PairRecord,
  { leaving, since }: AnalystRecord,
  now: number,
): readonly number[] {
  // A source user who is restored is in scope once more, and leaves it once more; somebody else may have put them there, too.
  const lastAt = Math.max(leftAt ?? 0, scoped?.until ?? 0, leaving === null ? 0 : since);
  const times = [
    ...(wroteAt === 0 ? [] : [wroteAt + replicationWindowMs]),
    ...(leftAt === null ? [] : afterLeavingMs.map((ms) => lastAt + ms)),
  ];
  return times.filter((at) => at > now);
}

/** What was under way is over, and so is a cycle of sync that began before they left, which may restore the account. */
const afterLeavingMs = [15 * 60_000, 45 * 60_000];
