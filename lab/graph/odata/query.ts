import type { EntityShape } from "../directory/properties.ts";
import type { Call } from "../http/call.ts";
import { badRequest, GraphProblem, notImitated, unsupportedQuery } from "../http/problem.ts";
import { checkFilter } from "./filter-rules.ts";
import { compileFilter, type Filter } from "./filter.ts";
import { sortSupport } from "./filterable.ts";

/** The system query options of a request, checked against the entity they speak of. */
export type Query = {
  readonly select: readonly string[] | undefined;
  readonly filter: Filter | undefined;
  readonly top: number | undefined;
  readonly count: boolean;
  readonly orderBy: { readonly path: string; readonly descending: boolean } | undefined;
  readonly skipToken: string | undefined;
};

const maxPageSize = 999;

/** `references` are objects listed through another one, such as members. */
export type Listed = "entities" | "references";

export function readQuery(call: Call, shape: EntityShape, listed: Listed = "entities"): Query {
  const options = call.url.searchParams;
  for (const option of ["$expand", "$search", "$skip", "$apply"]) {
    if (options.has(option)) throw notImitated(`${option} on ${call.template}`);
  }
  const isAdvanced = isAdvancedQuery(call);
  const [filter, orderBy] = [options.get("$filter"), options.get("$orderby")];
  if (listed === "references" && (filter ?? orderBy) !== null && !isAdvanced) {
    // As reported in github.com/microsoftgraph/microsoft-graph-docs/issues/11242 and documented with each listing.
    throw unsupportedQuery(
      "The specified filter to the reference property query is currently not supported.",
    );
  }
  return {
    select: readSelect(call, shape),
    filter: filter === null ? undefined : readFilter(filter, { call, shape, isAdvanced }),
    top: readTop(options.get("$top")),
    // Without the header Graph ignores $count on directory objects.
    count: isAdvanced,
    orderBy: readOrderBy(orderBy, { shape, isAdvanced, isFiltered: filter !== null }),
    skipToken: options.get("$skiptoken") ?? undefined,
  };
}

/** For a listing that comes in pages and knows no options. */
export function pagedQuery(call: Call): Query {
  return {
    select: undefined,
    filter: undefined,
    top: undefined,
    count: false,
    orderBy: undefined,
    skipToken: call.url.searchParams.get("$skiptoken") ?? undefined,
  };
}

/** https://learn.microsoft.com/graph/aad-advanced-queries */
function isAdvancedQuery(call: Call): boolean {
  return hasConsistencyLevel(call) && call.url.searchParams.get("$count") === "true";
}

export function hasConsistencyLevel(call: Call): boolean {
  return call.headers.get("ConsistencyLevel")?.toLowerCase() === "eventual";
}

/** A cast of a transitive listing is an advanced query. */
export function requireAdvancedCast(call: Call): void {
  if (!isAdvancedQuery(call)) throw unsupportedQuery("Invalid search request.");
}

/** The selected names, or undefined for the default set; unknown names are a 400 as in Graph. */
export function readSelect(call: Call, shape: EntityShape): readonly string[] | undefined {
  const text = call.url.searchParams.get("$select");
  if (text === null || text.trim() === "") return undefined;
  const names = text.split(",").map((name) => name.trim());
  for (const name of names) {
    if (name === "*" || shape.known.has(name)) continue;
    if (shape.extensible && isExtensionName(name)) requireExtension(call, name);
    else throw unknownSelection(name, shape);
  }
  return names;
}

function unknownSelection(name: string, shape: EntityShape): GraphProblem {
  const reason = `Could not find a property named '${name}' on type '${shape.type}'.`;
  return new GraphProblem(400, "BadRequest", `Parsing OData Select and Expand failed: ${reason}`);
}

export function isExtensionName(name: string): boolean {
  return /^extension_[0-9a-f]{32}_\w+$/i.test(name);
}

function requireExtension(call: Call, name: string): void {
  if (!call.tenant.extensions.has(name)) throw undeclared(name);
}

function undeclared(name: string): GraphProblem {
  return unsupportedQuery(`Property '${name}' does not exist as a declared property or extension property.`);
}

function readFilter(
  text: string,
  { call, shape, isAdvanced }: { call: Call; shape: EntityShape; isAdvanced: boolean },
): Filter {
  const filter = parse(text);
  for (const path of filter.paths) {
    const [name = ""] = path.split("/");
    if (shape.known.has(name)) continue;
    if (shape.extensible && isExtensionName(name)) requireExtension(call, name);
    else throw undeclared(name);
  }
  checkFilter(filter, { type: shape.type, isAdvanced, urlLength: call.url.href.length });
  return filter;
}

function parse(text: string): Filter {
  try {
    return compileFilter(text);
  } catch (error) {
    if (error instanceof SyntaxError) throw badRequest(`Invalid filter clause: ${error.message}`);
    throw error;
  }
}

function readTop(text: string | null): number | undefined {
  if (text === null) return undefined;
  const top = Number(text);
  if (Number.isInteger(top) && top >= 1 && top <= maxPageSize) return top;
  throw unsupportedQuery(
    `Invalid page size specified: '${text}'. Must be between 1 and ${maxPageSize} inclusive.`,
  );
}

function readOrderBy(
  text: string | null,
  query: { shape: EntityShape; isAdvanced: boolean; isFiltered: boolean },
): Query["orderBy"] {
  if (text === null) return undefined;
  const { shape, isAdvanced, isFiltered } = query;
  const [path = "", direction = "asc"] = text.trim().split(/\s+/);
  if (!shape.known.has(path)) throw undeclared(path);
  const support = sortSupport(shape.type, path);
  if (support === "none") throw unsupportedQuery("An unsupported property was specified.");
  // Directory objects are sorted and filtered at once by advanced queries only.
  const needsAdvanced = support === "advanced" || (isFiltered && shape.operators === "directory");
  if (needsAdvanced && !isAdvanced) throw unsupportedQuery("Sorting not supported for current query.");
  return { path, descending: direction.toLowerCase() === "desc" };
}
