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

/** A job's mappings before anybody changes them; an extension has the same name on both sides, or one on each. */
export function firstMappings(
  extensions: readonly (string | AttributeMapping)[],
): readonly AttributeMapping[] {
  return [...mappedByTemplate, ...extensions].map((one) =>
    typeof one === "string" ? { source: one, target: one } : one,
  );
}
