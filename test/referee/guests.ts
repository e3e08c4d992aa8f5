import { move, type Account, type Target } from "./directory.ts";
import type { PersonName, TenantName } from "./cast.ts";
import { accountWith } from "./subjects.ts";

/** What an administrator of a target that invites does with the accounts of guests. */
export type GuestDeed = {
  readonly kind: "invite-guest" | "block-guest" | "unblock-guest" | "delete-guest";
  readonly person: PersonName;
  readonly target: TenantName;
};

/** Whoever an administrator invites is not governed by entitlement management. */
export function changeGuest(
  kind: GuestDeed["kind"],
  target: Target,
  { account, mail, invite }: { account: Account | undefined; mail: string; invite: () => Account },
): void {
  if (kind === "invite-guest") {
    if (accountWith(target, mail) === undefined) invite();
    return;
  }
  if (account === undefined) return;
  if (kind === "block-guest" && account.enabled)
    target.users.set(account.id, { ...account, enabled: false, endedBy: "admin" });
  if (kind === "unblock-guest" && !account.enabled)
    target.users.set(account.id, { ...account, enabled: true, endedBy: "nobody" });
  if (kind === "delete-guest") {
    target.users.set(account.id, { ...account, endedBy: "admin" });
    move(target.users, target.bin, account.id);
  }
}
