import type { GuestRules, Invitations } from "../graph/invitations.ts";
import { sameItem, type AccountRecord } from "../model/ledger.ts";
import type { PairRecord } from "../model/pair.ts";
import type { AccountSeen, Invitation } from "../planner/access-situation.ts";
import type { AccessReadPorts, Looking } from "./access-ports.ts";
import type { Found } from "./read-account.ts";

/** The address that a target is asked to invite: a request that is open keeps the one that it was made with. */
const mailOf = ({ pair, record }: Pick<Looking, "pair" | "record">): string =>
  pair.invited?.mail ?? record.userPrincipalName;

/** What has become of what was asked for by address. */
export function readInvitations(looking: Looking, { tenant }: AccessReadPorts): Promise<Invitations> {
  const { record, priority } = looking;
  return tenant.reader.readInvitations({ analyst: record.id, mail: mailOf(looking), priority });
}

/** An account that came of a request of Muster's for this analyst. It is entitlement management's, whoever asked for it. */
export const guestRecord = (accountId: AccountRecord["accountId"]): AccountRecord => ({
  accountId,
  proof: "assignment",
  origin: "before",
  blocked: "no",
  deleted: "no",
  changedAt: 0,
  aliveAt: 0,
  unblockedAt: 0,
});

/** What somebody was invited with is theirs by Muster's hand, now that they have an account. */
export function withArrived(pair: PairRecord, account: AccountSeen): PairRecord {
  const { invited } = pair;
  if (invited === null || account.kind !== "present") return pair;
  const item = { kind: "grant", grant: invited.grant, account: account.id } as const;
  const row = { item, name: invited.name, entry: { ...invited.entry, state: "added" } as const };
  return { ...pair, invited: null, ledger: [...pair.ledger.filter((one) => !sameItem(one.item, item)), row] };
}

/** What the plan has to know of inviting somebody. */
export async function invitationOf(
  looking: Looking,
  { invitations, seen }: Pick<Found, "invitations" | "seen">,
  { leaving, ports }: { readonly leaving: boolean; readonly ports: AccessReadPorts },
): Promise<Invitation> {
  const { invited } = looking.pair;
  const wanted = leaving ? "no" : "yes";
  return {
    mail: mailOf(looking),
    asked:
      invited === null
        ? null
        : { ...invited, sight: invitations?.seen(invited.grant, wanted) ?? { seen: "unknown" } },
    // Nobody waits for what is only said.
    ends:
      leaving && seen.kind === "present"
        ? await ports.tenant.reader.readGuestRules(looking.priority).then(endsIn, () => null)
        : null,
  };
}

function endsIn({ action, after }: GuestRules): string | null {
  if (action === "none") return null;
  const then = action === "block" ? "" : `, and deletes it ${after} later`;
  return `when the last access package is gone, it blocks the account${then}`;
}
