import { graphTime } from "../directory/graph-time.ts";
import type { Properties, UserRecord } from "../directory/objects.ts";
import type { Tenant } from "../directory/tenant.ts";
import { isExtensionName } from "../odata/query.ts";

const mappedAsTheyAre = [
  "accountEnabled",
  "displayName",
  "givenName",
  "surname",
  "jobTitle",
  "department",
  "companyName",
  "employeeId",
  "employeeType",
  "officeLocation",
  "city",
  "state",
  "country",
  "postalCode",
  "streetAddress",
  "mobilePhone",
  "preferredLanguage",
] as const;

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
export function exportedProperties(user: UserRecord, target: Tenant): Properties {
  const exported: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(user.properties)) {
    const isMapped = (mappedAsTheyAre as readonly string[]).includes(name);
    const isExtension = isExtensionName(name) && target.extensions.has(name);
    if ((isMapped || isExtension) && value !== null && value !== undefined) exported[name] = value;
  }
  return { ...exported, mail: mailOf(user) };
}

/** A new account in the target: an external member who need not redeem anything. */
export function newAccountProperties(user: UserRecord, target: Tenant): Properties {
  const alias = freeAlias(user, target);
  const now = graphTime(target.clock.now());
  return {
    accountEnabled: true,
    ...exportedProperties(user, target),
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

function mailOf(user: UserRecord): string {
  return String(user.properties["mail"] ?? user.properties["userPrincipalName"]);
}

/** `ana_source.example#EXT#`, with a number when that is taken: the form is nothing to rely on. */
function freeAlias(user: UserRecord, target: Tenant): string {
  const base = String(user.properties["userPrincipalName"]).replace("@", "_");
  for (let number = 0; ; number++) {
    const alias = `${base}${number === 0 ? "" : number}#EXT#`;
    if (!target.userIdsByName.has(`${alias}@${target.defaultDomain}`.toLowerCase())) return alias;
  }
}
