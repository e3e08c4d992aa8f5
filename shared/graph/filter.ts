/** A `$filter` on equal values, as the query of a path, and the headers that it needs. */
export type Filter = { readonly query: string; readonly headers: Readonly<Record<string, string>> };

/** Properties that Graph filters by in advanced queries only. https://learn.microsoft.com/graph/aad-advanced-queries */
const advancedOnly: ReadonlySet<string> = new Set(["companyName", "employeeType", "officeLocation"]);
/** Longer values are for advanced queries, too. https://developer.microsoft.com/graph/known-issues/?search=13635 */
const longestValue = 120;

/** One of these properties has its value. */
export const equalToAny = (values: Readonly<Record<string, string>>): Filter => filterOf(values, "or");

/**
 * All of these properties have these values. An advanced query reads an index that may be further behind than the directory, so
 * it is only made where there is no other way.
 */
export const equalTo = (values: Readonly<Record<string, string>>): Filter => filterOf(values, "and");

function filterOf(values: Readonly<Record<string, string>>, joined: "and" | "or"): Filter {
  const conditions = Object.entries(values).map(
    ([name, value]) => `${name} eq '${value.replaceAll("'", "''")}'`,
  );
  const query = `$filter=${encodeURIComponent(conditions.join(` ${joined} `))}`;
  const isAdvanced = Object.entries(values).some(
    ([name, value]) => advancedOnly.has(name) || value.length > longestValue,
  );
  return isAdvanced
    ? { query: `${query}&$count=true`, headers: { ConsistencyLevel: "eventual" } }
    : { query, headers: {} };
}
