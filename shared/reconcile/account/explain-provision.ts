import type { ProvisionResult } from "../../graph/provision-result.ts";
import type { PushTarget } from "../../policy/policy.ts";
import type { Performing } from "../pair/access-ports.ts";
import { identityStamp } from "./identity-stamp.ts";
import type { Outcome } from "../run/outcome.ts";
import { notProven, sharedBy } from "./shared-account.ts";

/** What sync said, or did not say, of somebody whom it makes no account for. */
export type NoAccount = Exclude<ProvisionResult, { kind: "failed" }>;
export type PutOff = { readonly kind: "put-off"; readonly outcome: Outcome };

/** @throws Error where a plan asks for no account */
export function syncOf({ target }: Performing["rules"]): PushTarget["sync"] {
  if (target.sync === null) throw new Error(`nobody is provisioned in ${target.name}`);
  return target.sync;
}

export const putOff = (at: number, why: string): PutOff => ({
  kind: "put-off",
  outcome: { kind: "again", at, why },
});

/** On-demand provisioning is throttled or does not answer, and no cycle has made the account either. */
export function explainSilence(error: string, rules: Performing["rules"]): PutOff {
  const { job } = syncOf(rules);
  const reason = `${rules.target.name}: the synchronization job ${job} has made no account for people in two cycles, and on-demand provisioning does not answer: ${error}`;
  const advice =
    "look at the job's provisioning logs; while others use up its limit, they have to ask less often";
  return parked(reason, advice, `${job} does not answer on demand`);
}

/** Two cycles of sync have made no account. */
export function explainOverdue(result: NoAccount, { rules, analyst }: Performing): PutOff {
  const { name } = rules.target;
  const sync = syncOf(rules);
  if (result.kind === "provisioned")
    return parked(
      `${name}: sync says that ${analyst} has the account ${result.account}, which is not there`,
      `see whether the synchronization job ${sync.job} leads to that tenant; if it does and somebody purged the account, restart the job`,
      null,
    );
  return result.kind === "unnamed"
    ? parked(
        `${name}: sync says that it made an account for ${analyst}, and no account carries the stamp ${identityStamp(rules)}`,
        `map it in the attribute mappings of the synchronization job ${sync.job}, and restart the job`,
        null,
      )
    : parked(
        `${name}: ${analyst} has been in scope for two cycles of sync, which makes no account for them: ${result.detail}`,
        `look at the scoping filters and the provisioning logs of the synchronization job ${sync.job}`,
        null,
      );
}

/** In the words of the looks that follow, which find it by its stamp. */
export function explainShared(owner: string, { rules, mail }: Performing): PutOff {
  const { reason, advice } = notProven(rules.target.name, mail, sharedBy(owner));
  return parked(reason, advice, null);
}

/** Sync refused: a quarantine, tenants that do not trust each other, or what its answer says. @throws GraphError */
export async function explainFailure(
  result: Extract<ProvisionResult, { kind: "failed" }>,
  { ports, rules, limits }: Performing,
): Promise<PutOff> {
  const sync = syncOf(rules);
  const status = await ports.jobs.readStatus(sync, limits.priority);
  if (status.quarantine !== null) {
    return parked(
      `${rules.target.name}: the synchronization job ${sync.job} is in quarantine (${status.quarantine}): nobody is provisioned or removed by it`,
      "find out why in the source tenant's provisioning logs; with TooManyDeletes, allow or reject the staged deletes; then restart the job",
      "quarantine",
    );
  }
  if (result.code === "AzureDirectoryB2BManagementPolicyCheckFailure") {
    return parked(
      `${rules.target.name}: the tenants do not trust each other for ${sync.job}: ${result.detail}`,
      "switch on automatic redemption in the source's outbound and the target's inbound cross-tenant access settings",
      "redemption",
    );
  }
  return parked(
    `${rules.target.name}: on-demand provisioning through ${sync.job} failed: ${result.code}: ${result.detail}`,
    "look at the provisioning logs of the synchronization application in the source tenant",
    null,
  );
}

const parked = (reason: string, advice: string, cause: string | null): PutOff => ({
  kind: "put-off",
  outcome: { kind: "parked", reason, advice, cause, finding: "not-provisioned" },
});
