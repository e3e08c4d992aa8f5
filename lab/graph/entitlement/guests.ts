import { graphTime } from "../directory/graph-time.ts";
import type { Actor, UserRecord } from "../directory/objects.ts";
import type { Tenant } from "../directory/tenant.ts";
import { textOf } from "../directory/text.ts";
import { createUser } from "../directory/user-writes.ts";

/**
 * Makes the guest account of somebody who was assigned by address. When the home tenant is one of the lab's, it is the account of
 * that user there, which cross-tenant sync recognizes.
 */
export function inviteGuest(
  tenant: Tenant,
  email: string,
  parts: { readonly tenants: ReadonlyMap<string, Tenant>; readonly by: Actor; readonly owner: Actor },
): UserRecord {
  const alias = freeAlias(tenant, email);
  const sourceId = homeUser(parts.tenants, email)?.id;
  const properties = {
    accountEnabled: true,
    displayName: email.split("@")[0] ?? email,
    mail: email,
    otherMails: [email],
    userPrincipalName: `${alias}@${tenant.defaultDomain}`,
    mailNickname: alias,
    userType: "Guest",
    creationType: "Invitation",
    externalUserState: tenant.entitlement.redemption === "automatic" ? "Accepted" : "PendingAcceptance",
    externalUserStateChangeDateTime: graphTime(tenant.clock.now()),
    identities: [{ signInType: "federated", issuer: "ExternalAzureAD", issuerAssignedId: null }],
  };
  const { by, owner } = parts;
  return createUser(tenant, { properties, by, owner, ...(sourceId !== undefined && { sourceId }) });
}

/** Whoever is in the recycle bin may come back to what they were invited to meanwhile. */
function homeUser(tenants: ReadonlyMap<string, Tenant>, email: string): UserRecord | undefined {
  const homes = [...tenants.values()].filter(({ kind }) => kind === "source");
  const users = [...homes.map((home) => home.users), ...homes.map((home) => home.deletedUsers)];
  return users
    .flatMap((some) => [...some.entries()].map(([, user]) => user))
    .find(({ properties }) => textOf(properties["mail"]).toLowerCase() === email.toLowerCase());
}

/** As sync names accounts; an earlier one may have taken the name. */
function freeAlias(tenant: Tenant, email: string): string {
  const base = email.replace("@", "_");
  for (let number = 0; ; number++) {
    const alias = `${base}${number === 0 ? "" : number}#EXT#`;
    if (!tenant.userIdsByName.has(`${alias}@${tenant.defaultDomain}`.toLowerCase())) return alias;
  }
}
