import type { Priority } from "../../graph/tenant.ts";
import type { AccountId } from "../../model/ids.ts";
import { cyclePollMs, overdueMs } from "../../planner/provisioning.ts";
import type { Performing } from "../pair/access-ports.ts";
import type { Performed } from "../run/step-entry.ts";
import { counted } from "../pair/asked.ts";
import { identityStamp } from "./identity-stamp.ts";

/**
 * An account of the analyst's, or one with their address, that is in the target's recycle bin: a cycle of sync restores theirs, and
 * on-demand provisioning does not; it makes a second one beside it. Asked before the first call only: what is deleted later is known.
 * https://learn.microsoft.com/entra/identity/app-provisioning/provision-on-demand
 *
 * @throws GraphError
 */
export async function twinOf(
  priority: Priority,
  { analyst, mail, rules, ports, claim }: Performing,
): Promise<AccountId | null> {
  if (claim.state().value.asked.tries > 0) return null;
  const stamp = identityStamp(rules);
  const { items, completeness } = await ports.tenant.reader.findDeleted({ analyst, stamp, mail, priority });
  if (completeness.kind === "partial")
    throw new Error(`not all deleted accounts with the stamp could be listed: ${completeness.why}`);
  return items.toSorted()[0] ?? null;
}

/** Leaves it to the cycle, and remembers that the account lives again for Muster's sake. */
export function awaitTwin(twin: AccountId, doing: Performing): Performed {
  const { mail, rules, ports, claim } = doing;
  const { value } = claim.state();
  const { scopedAt } = counted(doing);
  const now = ports.now();
  const at = now + cyclePollMs;
  const asked = { ...value.asked, scopedAt };
  claim.set({ value: { ...value, asked, askAfter: at, twin: value.account === null ? twin : value.twin } });
  if (now - scopedAt < overdueMs) {
    const why = `the account ${twin} is in the recycle bin, and the next cycle of sync restores it if it is theirs; on-demand provisioning would make a second one`;
    return { kind: "put-off", outcome: { kind: "again", at, why } };
  }
  const outcome = {
    kind: "parked",
    reason: `${rules.target.name}: the account ${twin} of ${mail} is in the recycle bin, and no cycle of sync has restored it or made another one`,
    advice: `restore it in the target tenant, or purge it so that sync makes a new one; the provisioning logs of the synchronization job ${rules.target.sync?.job ?? ""} say why sync does neither`,
    cause: null,
    finding: "not-provisioned",
  } as const;
  return { kind: "put-off", outcome };
}
