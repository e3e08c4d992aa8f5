import type { GuestRules, Invitations } from "../../graph/invitations.ts";
import { rowOf, sameItem, type AccountRecord } from "../../model/ledger.ts";
import type { Grant } from "../../model/grant.ts";
import type { Sight } from "../../model/sight.ts";
import type { PairRecord } from "../../model/pair.ts";
import type { NamedGrant } from "../../planner/owned.ts";
import type { GuestEnd, Invitation } from "../../planner/invitation.ts";
import type { AccountSeen } from "../../planner/account-situation.ts";
import type { AccessReadPorts, Looking } from "../pair/access-ports.ts";
import type { Found } from "./account-answer.ts";

/** The address that a target is asked to invite: a request that is open keeps the one that it was made with. */
const mailOf = ({ pair, record }: Pick<Looking, "pair" | "record">): string =>
  pair.invited?.mail ?? record.mail ?? record.userPrincipalName;

/** Whether accounts come by invitation here; an open one is seen to its end, also when the policy says otherwise by now. */
export const isInvited = ({ pair, rules }: Pick<Looking, "pair" | "rules">): boolean =>
  rules.target.topology === "pull" || pair.invited !== null;

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
  const asked = [{ ...invited, entry: { ...invited.entry, state: "added" } as const }, ...invited.refused];
  const rows = asked.map(({ grant, name, entry }) => ({
    item: { kind: "grant", grant, account: account.id } as const,
    name,
    entry,
  }));
  const others = pair.ledger.filter((one) => !rows.some(({ item }) => sameItem(one.item, item)));
  return { ...pair, invited: null, ledger: [...others, ...rows] };
}

/**
 * What requests in Muster's own words have brought is Muster's, also when nothing of it is on record any more: an invitation that was
 * forgotten, or a table that was lost.
 */
export function withClaimed(
  pair: PairRecord,
  account: AccountSeen,
  named: readonly NamedGrant[],
): PairRecord {
  if (account.kind !== "present" || account.proof === "contested") return pair;
  const rows = named.flatMap(({ grant, name }) => {
    const { by, seen } = account.seen(grant, "no");
    const item = { kind: "grant", grant, account: account.id } as const;
    const isHad = seen === "present" || seen === "coming";
    if (by !== "muster" || !isHad || rowOf(pair.ledger, item) !== undefined) return [];
    return [{ item, name, entry: { state: "added", at: 0, oppositeAt: 0 } as const }];
  });
  return rows.length === 0 ? pair : { ...pair, ledger: [...pair.ledger, ...rows] };
}

/** What the plan has to know of inviting somebody. `ends`: whether somebody may lose a package. */
export async function invitationOf(
  looking: Looking,
  { invitations, seen }: Pick<Found, "invitations" | "seen">,
  {
    leaving,
    ends,
    ports,
  }: { readonly leaving: boolean; readonly ends: boolean; readonly ports: AccessReadPorts },
): Promise<Invitation> {
  const { invited } = looking.pair;
  const sightOf = leaving ? leftOf : seenIn;
  return {
    mail: mailOf(looking),
    asked: invited === null ? null : { ...invited, sight: sightOf(invitations, invited.grant) },
    unseenSince: looking.pair.leftAt === null ? looking.pair.asked.scopedAt : null,
    // Nobody waits for what is only said.
    ends:
      ends && seen.kind === "present"
        ? await ports.tenant.reader.readGuestRules(looking.priority).then(endsIn, () => unreadEnd)
        : { kind: "unasked" },
  };
}

const seenIn = (invitations: Invitations | undefined, grant: Grant<"package">): Sight =>
  invitations?.seen(grant, "yes") ?? { seen: "unknown" };

/** Nothing is left of what was denied, or is over: that is an answer, and none is none. */
function leftOf(invitations: Invitations | undefined, grant: Grant<"package">): Sight {
  const left = invitations?.seen(grant, "no") ?? { seen: "unknown" };
  if (left.seen !== "absent") return left;
  const end = seenIn(invitations, grant);
  return end.seen === "stuck" || end.seen === "lapsed" ? end : left;
}

const unreadEnd: GuestEnd = {
  kind: "ends",
  how: "what becomes of the account is up to the tenant's settings, which could not be read",
};

function endsIn({ action, after }: GuestRules): GuestEnd {
  if (action === "none") return { kind: "stays" };
  const then = action === "block" ? "" : `, and deletes it ${after} later`;
  return { kind: "ends", how: `when the last access package is gone, it blocks the account${then}` };
}
