import type { AnalystRecord } from "../../model/analyst.ts";
import type { AnalystId, RoleName } from "../../model/ids.ts";
import { namesOf } from "../../planner/role-lists.ts";
import type { SourceDecision, Verdict } from "../../planner/source-situation.ts";
import { stampsOf } from "../../policy/desired.ts";
import type { Policy } from "../../policy/policy.ts";
import type { Outcome } from "../run/outcome.ts";
import type { SourceSeen } from "./read-source.ts";

/** Who was left behind with kept roles alone would have left: people decide, once it is sure that these are kept. */
export function leftBehind(record: AnalystRecord): readonly Outcome[] {
  const { userPrincipalName, roles, refused } = record;
  const isSure = roles.every(({ by }) => typeof refused[by]?.among === "number");
  if (record.leftBehind === "no" || !isSure) return [];
  return [
    {
      kind: "parked",
      reason: `nothing makes ${userPrincipalName} an analyst any more, and they keep what ${namesOf(roles).join(", ")} gave, because nobody was to lose that unseen`,
      advice: "disable the account if they are to leave, or take the access away by hand",
      cause: null,
      finding: "left-behind",
    },
  ];
}

/** A stamp that does not fit stays as it is; access does not depend on it. */
export function unfitStamps(id: AnalystId, roles: readonly RoleName[], policy: Policy): readonly Outcome[] {
  return stampsOf(policy, { id, roles }).unfit.map(({ property, length, limit }) => ({
    kind: "parked",
    reason: `the stamp ${property} of ${id} would be ${length} characters long, and a directory extension holds ${limit}`,
    advice: "shorten the role names in the policy",
    cause: `the stamp ${property} does not hold ${roles.join(", ")}`,
    finding: "unfit-stamp",
    about: property,
  }));
}

export function outcomesOf({ verdicts }: SourceDecision, { refusals }: SourceSeen): readonly Outcome[] {
  return [...verdicts.flatMap(outcomesOfVerdict), ...outcomesOfRefusals(refusals)];
}

function outcomesOfVerdict(verdict: Verdict): readonly Outcome[] {
  switch (verdict.kind) {
    case "uncertain":
      return [{ kind: "again", at: verdict.lookAgainAt, why: verdict.why }, { kind: "unseen" }];
    case "unproven":
      return [{ kind: "retry", why: verdict.why }];
    case "refused":
      return [
        {
          kind: "parked",
          reason: verdict.reason,
          advice: verdict.advice,
          cause: verdict.cause,
          finding: "kept-role",
          about: verdict.cause ?? "",
        },
      ];
    default:
      return verdict satisfies never;
  }
}

/** A role whose group cannot be found is neither given nor taken, and somebody has to correct the policy. */
function outcomesOfRefusals(refusals: SourceSeen["refusals"]): readonly Outcome[] {
  return refusals.map(({ role, reason, advice }) => ({
    kind: "parked",
    reason: `role ${role}: ${reason}`,
    advice,
    cause: reason,
    finding: "unusable-name",
    about: role,
  }));
}
