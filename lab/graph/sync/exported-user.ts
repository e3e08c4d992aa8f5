import { graphTime } from "../directory/graph-time.ts";
import type { Properties, UserRecord } from "../directory/objects.ts";
import { isExtensionName } from "../odata/query.ts";
import type { SyncJob } from "./job.ts";

/** Only internal members are synchronized: no guests, nobody who is external here already. */
export function isSyncable(user: UserRecord): boolean {
  const { userType, externalUserState, userPrincipalName } = user.properties;
  return (
    userType !== "Guest" &&
    (externalUserState ?? null) === null &&
    !String(userPrincipalName).includes("#EXT#")
  );
}

export function isEnabled(user: UserRecord): boolean {
  return user.properties["accountEnabled"] !== false;
}

/** What sync writes to the target. Null values are never carried over, so a cleared stamp lives on. */
export function exportedProperties({ mappings, target: tenant }: SyncJob, user: UserRecord): Properties {
  const exported: Record<string, unknown> = {};
  for (const { source, target } of mappings) {
    const value = source === "mail" ? mailOf(user) : user.properties[source];
    const isUnknown = isExtensionName(target) && !tenant.extensions.has(target);
    if (!isUnknown && value !== null && value !== undefined) exported[target] = value;
  }
  return exported;
}

/** A new account in the target: an external member who need not redeem anything. */
export function newAccountProperties(job: SyncJob, user: UserRecord): Properties {
  const { target } = job;
  const alias = freeAlias(job, user);
  const now = graphTime(target.clock.now());
  return {
    accountEnabled: true,
    ...exportedProperties(job, user),
    userPrincipalName: `${alias}@${target.defaultDomain}`,
    mailNickname: alias,
    otherMails: [mailOf(user)],
    userType: "Member",
    creationType: "Invitation",
    externalUserState: "Accepted",
    externalUserStateChangeDateTime: now,
    identities: [{ signInType: "federated", issuer: "ExternalAzureAD", issuerAssignedId: null }],
  };
}

export function mailOf(user: UserRecord): string {
  return String(user.properties["mail"] ?? user.properties["userPrincipalName"]);
}

/** `ana_source.example#EXT#`, with a number when that is taken: the form is nothing to rely on. */
function freeAlias({ target }: SyncJob, user: UserRecord): string {
  const base = String(user.properties["userPrincipalName"]).replace("@", "_");
  for (let number = 0; ; number++) {
    const alias = `${base}${number === 0 ? "" : number}#EXT#`;
    if (!target.userIdsByName.has(`${alias}@${target.defaultDomain}`.toLowerCase())) return alias;
  }
}
