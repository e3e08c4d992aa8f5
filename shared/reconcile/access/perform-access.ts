import { write, type NotYet } from "../../graph/grants/kind.ts";
import type { Written } from "../../graph/group-members.ts";
import type { SendLimits } from "../../graph/tenant.ts";
import type { PairRecord } from "../../model/pair.ts";
import type { Step } from "../../model/plan.ts";
import type { Performing } from "../pair/access-ports.ts";
import { attempted, sendWithinMs } from "../run/apply.ts";
import type { Performed } from "../run/step-entry.ts";
import { missingOf } from "./lost-groups.ts";
import type { Outcome } from "../run/outcome.ts";
import { provision } from "../account/provision.ts";
import { isPutOff, putOff, standingOf } from "./standing.ts";
import {
  intentOf,
  isForCertain,
  isTheirs,
  itemOf,
  settled,
  type Membership,
  type Result,
  type Settling,
} from "./step-records.ts";

/**
 * Carries out the steps of one stage: the intents of all of them on record first, which proves that the pair is still this
 * run's; then the calls; then what they came to. "Already there" is judged by the ledger as it was when the intent was
 * written, which nobody else can have changed.
 *
 * @throws ClaimLost
 */
export async function performStage(steps: readonly Step[], doing: Performing): Promise<readonly Performed[]> {
  const { claim, ports } = doing;
  const before = claim.state().value;
  const standings = await Promise.all(steps.map((step) => standingOf(step, doing)));
  const own = steps.filter((_, index) => !isPutOff(standings[index]));
  const at = ports.now();
  // What was proven was true before this: if it is true again afterwards, that is said anew.
  const begun: PairRecord = { ...before, wroteAt: at, proof: null };
  const intents = own.reduce((pair, step) => intentOf(step, pair, doing), begun);
  await claim.write({ value: intents });
  const limits = { ...doing.limits, sendBefore: at + sendWithinMs };
  const results = await Promise.all(
    steps.map((step, index) =>
      isPutOff(standings[index])
        ? putOff(standings[index], doing)
        : attempted(() => perform(step, limits, doing)),
    ),
  );
  const after = steps.reduce(
    (pair, step, index) =>
      settled(step, pair, { performed: results[index], standing: standings[index], before, doing }),
    claim.state().value,
  );
  // A refusal changes nothing, so there is nothing to look at once more: that would be trying again, every time.
  const rest = results.some(mayHaveWritten)
    ? { wroteAt: ports.now() }
    : { wroteAt: before.wroteAt, proof: before.proof };
  await claim.write({ value: { ...after, ...rest } });
  return steps.map((step, index) => told(step, results[index], { standing: standings[index], before }));
}

function mayHaveWritten(result: Performed): boolean {
  if (result.kind === "failed") return !isForCertain(result.error);
  return result.kind === "written" || (result.trace ?? null) !== null;
}

/** Who was not found may be in a group that is deleted, and comes back with it. */
async function take(step: Membership, result: Result, { ports, limits }: Performing): Promise<Result> {
  if (result.written?.result !== "missing") return result;
  return { ...result, missing: await missingOf(itemOf(step), ports, limits.priority) };
}

async function perform(step: Step, limits: SendLimits, doing: Performing): Promise<Result> {
  const { ports, analyst } = doing;
  const { sourceWriter, targetWriter } = ports;
  switch (step.kind) {
    case "join-scope":
      return wroteOrNot(await sourceWriter.writeScope("give", step.scope, { analyst, limits }), step, doing);
    case "renew-scope":
      return wroteOrNot(await sourceWriter.writeScope("renew", step.scope, { analyst, limits }), step, doing);
    case "leave-scope": {
      const taken = await sourceWriter.writeScope("take", step.scope, { analyst, limits });
      return take(step, wroteOrNot(taken, step, doing), doing);
    }
    case "grant":
      return wroteOrNot(await write(targetWriter.grants, "give", { ...step, limits }), step, doing);
    case "renew":
      return wroteOrNot(await write(targetWriter.grants, "renew", { ...step, limits }), step, doing);
    case "revoke":
      return take(
        step,
        wroteOrNot(await write(targetWriter.grants, "take", { ...step, limits }), step, doing),
        doing,
      );
    case "provision":
      return provision(limits, doing);
    case "invite":
      return wroteOrNot(
        await targetWriter.invite(step.grant, { analyst, mail: step.mail, limits }),
        step,
        doing,
      );
    case "block-account":
      return wrote(await targetWriter.setEnabled(step.account, "blocked", limits));
    case "unblock-account":
      return wrote(await targetWriter.setEnabled(step.account, "unblocked", limits));
    case "delete-account":
      return wrote(await targetWriter.remove(step.account, limits));
    case "restore-account":
      return wrote(await targetWriter.restore(step.account, limits));
    case "stamp":
    case "revoke-sessions":
      throw new Error(`an access plan holds no ${step.kind}`);
    default:
      return step satisfies never;
  }
}

const wrote = (written: Written): Result => ({ kind: "written", ...written, written });

/** What cannot be done yet is tried again, later each time, and people hear of it when that goes on; or a person has to see to it. */
function wroteOrNot(
  written: Written | NotYet,
  { name }: { readonly name: string },
  { rules }: Performing,
): Result {
  if (written.result !== "not-yet") return wrote(written);
  const { advice, trace, appliedBefore } = written;
  const why = `${name}: ${written.why}`;
  const outcome: Outcome =
    advice === null
      ? { kind: "retry", why }
      : {
          kind: "parked",
          reason: `${rules.target.name}: ${why}`,
          advice,
          cause: null,
          finding: "refused-call",
          about: name,
          refused: "perhaps to one",
        };
  return { kind: "put-off", outcome, trace, ...(appliedBefore === "no" ? { undone: "yes" } : {}) };
}

/** What people read about the step. */
function told(
  step: Step,
  performed: Result | undefined,
  { standing, before }: Pick<Settling, "standing" | "before">,
): Performed {
  if (performed === undefined) return { kind: "failed", error: new Error("the step was passed over") };
  if (performed.kind !== "written" || performed.written === undefined) return performed;
  if (!isTheirs(performed.written, step, { standing, before })) return performed;
  const detail = "somebody else granted it; it is not Muster's";
  return {
    ...performed,
    detail,
    outcome: { kind: "retry", why: `${step.kind}: ${detail}, and no read shows it` },
  };
}
