import { graphTime } from "../directory/graph-time.ts";
import type { Properties, UserRecord } from "../directory/objects.ts";
import { isExtensionName } from "../odata/query.ts";
import type { SyncJob } from "./job.ts";

/** Which attribute of the source user is written to which of the account. */
export type AttributeMapping = { readonly source: string; readonly target: string };

/** The template Azure2Azure maps these, and no extension: each of those has to be mapped in the job's schema. */
const mappedByTemplate = [
  "accountEnabled",
  "displayName",
  "givenName",
  "surname",
  "jobTitle",
  "department",
  "companyName",
  "employeeId",
  "employeeType",
  "mail",
  "officeLocation",
  "city",
  "state",
  "country",
  "postalCode",
  "streetAddress",
  "mobilePhone",
  "preferredLanguage",
] as const;

/** A job's mappings before anybody changes them. */
export function firstMappings(extensions: readonly string[]): readonly AttributeMapping[] {
  return [...mappedByTemplate, ...extensions].map((name) => ({ source: name, target: name }));
}

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

function mailOf(user: UserRecord): string {
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
