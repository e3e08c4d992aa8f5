import type { EntityShape } from "../directory/properties.ts";
import type { Call } from "../http/call.ts";
import { badRequest, GraphProblem, notImitated, unsupportedQuery } from "../http/problem.ts";
import { compileFilter, type Filter } from "./filter.ts";

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

export function readQuery(call: Call, shape: EntityShape): Query {
  const options = call.url.searchParams;
  for (const option of ["$expand", "$search", "$skip", "$apply"]) {
    if (options.has(option)) throw notImitated(`${option} on ${call.template}`);
  }
  const isAdvanced = hasConsistencyLevel(call) && options.get("$count") === "true";
  const filterText = options.get("$filter");
  return {
    select: readSelect(call, shape),
    filter: filterText === null ? undefined : readFilter(filterText, { call, shape, isAdvanced }),
    top: readTop(options.get("$top")),
    // Without the header Graph ignores $count on directory objects.
    count: isAdvanced,
    orderBy: readOrderBy(options.get("$orderby"), shape),
    skipToken: options.get("$skiptoken") ?? undefined,
  };
}

export function hasConsistencyLevel(call: Call): boolean {
  return call.headers.get("ConsistencyLevel")?.toLowerCase() === "eventual";
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
  if (filter.advanced !== undefined && !isAdvanced && shape.operators === "directory") {
    throw unsupportedQuery(
      `Operator '${filter.advanced}' is not supported because the required parameters might be missing. ` +
        "Try adding $count=true query parameter and ConsistencyLevel:eventual header. " +
        "Refer to https://aka.ms/graph-docs/advanced-queries for more information",
    );
  }
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

function readOrderBy(text: string | null, shape: EntityShape): Query["orderBy"] {
  if (text === null) return undefined;
  const [path = "", direction = "asc"] = text.trim().split(/\s+/);
  if (!shape.known.has(path)) throw undeclared(path);
  return { path, descending: direction.toLowerCase() === "desc" };
}
