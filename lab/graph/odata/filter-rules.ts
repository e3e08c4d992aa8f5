import { unsupportedQuery, type GraphProblem } from "../http/problem.ts";
import { endsWithIsSupported, filterSupport, type Support, type Use } from "./filterable.ts";
import type { Clause, Filter } from "./filter.ts";

export type FilterContext = {
  /** Of the entity filtered: `microsoft.graph.user`. */
  readonly type: string;
  /** ConsistencyLevel: eventual and $count=true. */
  readonly isAdvanced: boolean;
  /** Length of the request's URL, on which advanced queries have a limit of their own. */
  readonly urlLength: number;
};

// "Query parameter limitations", developer.microsoft.com/graph/known-issues/?search=13635.
const maxAlternatives = 15;
const maxValueLength = 120;
const maxUrlLength = 2_048;

/** Throws the 400 for what Graph cannot filter by. https://learn.microsoft.com/graph/aad-advanced-queries */
export function checkFilter(filter: Filter, context: FilterContext): void {
  for (const clause of filter.clauses) checkClause(clause, context);
  if (context.isAdvanced) {
    if (context.urlLength > maxUrlLength)
      throw unsupportedQuery(`The URL of an advanced query is limited to ${maxUrlLength} characters.`);
  } else if (filter.alternatives > maxAlternatives) {
    throw unsupportedQuery(
      "Too many child clauses specified in search filter expression containing 'OR' operators: " +
        `${filter.alternatives}. Max allowed: ${maxAlternatives}.`,
    );
  }
}

function checkClause(clause: Clause, { type, isAdvanced }: FilterContext): void {
  const { path, operator, value } = clause;
  const support = supportOf(clause, type);
  if (support === "none")
    throw isComparison(operator) ? unsupported(path, type) : unsupportedOperator(operator);
  if (isAdvanced) return;
  if (support === "advanced") {
    const isOperator = operator === "ne" || operator === "not" || operator === "endswith";
    throw isOperator ? needsAdvanced(operator) : unsupported(path, type);
  }
  if (typeof value === "string" && value.length > maxValueLength) {
    throw unsupportedQuery(`A value to match is limited to ${maxValueLength} characters: '${path}'.`);
  }
}

/** Their rules are their own, and know no advanced queries. */
const logs: readonly string[] = [
  "microsoft.graph.provisioningObjectSummary",
  "microsoft.graph.directoryAudit",
];

function supportOf({ path, operator, value }: Clause, type: string): Support {
  const isLog = logs.includes(type);
  const use = (name: Use) => filterSupport(type, path, value === null && name === "eq" ? "null" : name);
  switch (operator) {
    case "eq":
    case "in":
      return use("eq");
    case "ne":
    case "not":
      // Documented for whatever supports `eq`; the other comparisons are taken to follow.
      return !isLog && isFilterable(path, type) ? "advanced" : "none";
    case "startswith":
      return use("startsWith");
    case "endswith":
      return endsWithIsSupported(path) ? "advanced" : "none";
    case "ge":
    case "le":
      return use("range");
    case "gt":
    case "lt":
      return isLog ? use("range") : "none";
    case "contains":
      if (isReviewScope(path, type)) return "default";
      return isLog && path.endsWith("/displayName") ? "default" : "none";
    case "any":
      return isFilterable(path, type) ? "advanced" : "none";
    default:
      return operator satisfies never;
  }
}

/** https://learn.microsoft.com/graph/api/accessreviewset-list-definitions, and the resource page of accessReviewInstance. */
const isReviewScope = (path: string, type: string) =>
  path === "scope/microsoft.graph.accessReviewQueryScope/query" &&
  ["microsoft.graph.accessReviewScheduleDefinition", "microsoft.graph.accessReviewInstance"].includes(type);

function isFilterable(path: string, type: string): boolean {
  return (["eq", "startsWith", "range", "null"] as const).some(
    (use) => filterSupport(type, path, use) !== "none",
  );
}

function isComparison(operator: Clause["operator"]): boolean {
  return !["gt", "lt", "contains", "endswith"].includes(operator);
}

function unsupported(path: string, type: string): GraphProblem {
  const [property = ""] = path.split("/");
  const resource = type.replace("microsoft.graph.", "").replace(/^./, (letter) => letter.toUpperCase());
  return unsupportedQuery(
    `Unsupported or invalid query filter clause specified for property '${property}' of resource '${resource}'.`,
  );
}

const operatorNames: Readonly<Partial<Record<Clause["operator"], string>>> = {
  contains: "Contains",
  endswith: "EndsWith",
  gt: "GreaterThan",
  lt: "LessThan",
};

function unsupportedOperator(operator: Clause["operator"]): GraphProblem {
  return unsupportedQuery(
    `Unsupported property filter clause operator '${operatorNames[operator] ?? operator}'.`,
  );
}

const advancedNames = { ne: "NotEqualsMatch", not: "Not", endswith: "endsWith" } as const;

function needsAdvanced(operator: keyof typeof advancedNames): GraphProblem {
  return unsupportedQuery(
    `Operator '${advancedNames[operator]}' is not supported because the required parameters might be missing. ` +
      "Try adding $count=true query parameter and ConsistencyLevel:eventual header. " +
      "Refer to https://aka.ms/graph-docs/advanced-queries for more information",
  );
}
