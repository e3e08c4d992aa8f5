import { checkFilter } from "./check-filter.ts";
import { didYouMean } from "./closest-name.ts";
import { readPathProblem } from "./member-path.ts";
import { declaredMember, isA, lineage, type Metadata, type TypeRef } from "./metadata.ts";
import { splitOutside, type QueryOption } from "./query-options.ts";
import type { Target } from "./resolve-path.ts";

export type CheckedQuery = {
  readonly problems: readonly string[];
  /** The properties that the query reads, as written. */
  readonly properties: readonly string[];
};

/** Checks the options of a request whose path and method are right. */
export function checkQuery(
  metadata: Metadata,
  target: Target,
  request: { readonly method: string; readonly options: readonly QueryOption[] },
): CheckedQuery {
  const names = request.options.map((option) => option.name);
  const repeated = names
    .filter((name, index) => names.indexOf(name) !== index)
    .map((name) => `${name} is given more than once`);
  const scope = scopeOf(metadata, target, request.method);
  return merged([
    { problems: repeated, properties: [] },
    ...request.options.map((option) => checkOption(metadata, scope, option)),
  ]);
}

type Scope = {
  readonly type: string | undefined;
  readonly options: readonly string[];
  readonly delta: boolean;
  readonly called: string;
};

const shaping = ["$select", "$expand"];
const listing = ["$filter", "$orderby", "$search", "$count", "$top", "$skip", "$skiptoken", "$format"];
const known = [...shaping, ...listing, "$deltatoken"];

function scopeOf(metadata: Metadata, target: Target, method: string): Scope {
  const none = { type: undefined, options: [], delta: false, called: `${method} of ${target.kind}` };
  switch (target.kind) {
    case "collection":
      return method === "GET"
        ? { ...none, type: target.type, options: [...shaping, ...listing], called: "a listing" }
        : none;
    case "entity":
      return method === "GET"
        ? { ...none, type: target.type, options: [...shaping, "$format"], called: "one object" }
        : none;
    case "value":
      return method === "GET" ? resultScope(metadata, target.type, "a property") : none;
    case "reference":
      return method === "GET" ? { ...none, options: listing, called: "references" } : none;
    case "count":
      return { ...none, type: target.type, options: ["$filter", "$search"], called: "a count" };
    case "operation":
      return operationScope(metadata, target);
    case "batch":
    case "raw":
      break;
  }
  return none;
}

function operationScope(metadata: Metadata, target: Extract<Target, { kind: "operation" }>): Scope {
  const operation = target.operations[0];
  if (operation?.returns === undefined)
    return { type: undefined, options: [], delta: false, called: "an operation without a result" };
  const scope = resultScope(metadata, operation.returns, operation.name);
  return operation.name.endsWith(".delta") ? deltaScope(metadata, scope) : scope;
}

// Users and groups take neither $expand nor $top nor $orderby in a delta query.
// https://learn.microsoft.com/graph/delta-query-overview
function deltaScope(metadata: Metadata, scope: Scope): Scope {
  const directory = scope.type !== undefined && isA(metadata, scope.type, "microsoft.graph.directoryObject");
  const options = directory ? ["$select", "$filter", "$skiptoken"] : scope.options;
  return { ...scope, delta: true, options: [...options, "$deltatoken"] };
}

function resultScope(metadata: Metadata, type: TypeRef, called: string): Scope {
  const structured = lineage(metadata, type.name).length > 0;
  return {
    type: structured ? type.name : undefined,
    options: [...(structured ? shaping : []), ...(type.collection ? listing : ["$format"])],
    delta: false,
    called,
  };
}

function checkOption(metadata: Metadata, scope: Scope, { name, value }: QueryOption): CheckedQuery {
  if (!known.includes(name))
    return problem(`${name} is not a query option of Graph${didYouMean(name, known)}`);
  if (!scope.options.includes(name)) return problem(`${name} does not apply to ${scope.called}`);
  if (value === "") return problem(`${name} is empty`);
  switch (name) {
    case "$select":
      return checkSelect(metadata, scope, value);
    case "$expand":
      return checkExpand(metadata, scope.type ?? "", value);
    case "$filter":
      return scope.type === undefined ? nothing : checkFilter(metadata, scope.type, value);
    case "$orderby":
      return checkOrder(metadata, scope.type, value);
    case "$top":
      return checkTop(metadata, scope.type, value);
    case "$skip":
      return /^\d+$/.test(value) ? nothing : problem(`$skip must be a whole number, not ${value}`);
    case "$count":
      return ["true", "false"].includes(value)
        ? nothing
        : problem(`$count must be true or false, not ${value}`);
    default:
      return nothing;
  }
}

// Pages of directory objects hold at most 999; other services have limits of their own.
function checkTop(metadata: Metadata, type: string | undefined, value: string): CheckedQuery {
  if (!/^[1-9]\d*$/.test(value)) return problem(`$top must be a whole number above 0, not ${value}`);
  const directory = type !== undefined && isA(metadata, type, "microsoft.graph.directoryObject");
  return directory && Number(value) > 999 ? problem(`$top must be from 1 to 999, not ${value}`) : nothing;
}

function checkSelect(metadata: Metadata, scope: Scope, value: string): CheckedQuery {
  const { type } = scope;
  const names = value.split(",").map((name) => name.trim());
  const problems = names.flatMap((name) => {
    if (type === undefined || name === "*") return [];
    const found = readPathProblem(metadata, type, { path: name, derived: "allowed" });
    if (found !== undefined) return [`$select: ${found}`];
    // Only delta queries select relations (members, manager); elsewhere they are expanded.
    const [first = ""] = name.split("/");
    const navigation = declaredMember(metadata, type, first)?.kind === "navigation";
    return navigation && !scope.delta ? [`$select: ${first} is a relation: use $expand or its own path`] : [];
  });
  return { problems, properties: names };
}

function checkExpand(metadata: Metadata, type: string, value: string): CheckedQuery {
  return merged(splitOutside(value, ",").map((part) => checkExpandItem(metadata, type, part.trim())));
}

function checkExpandItem(metadata: Metadata, type: string, item: string): CheckedQuery {
  const match = /^([\w.*]+)(?:\((.+)\))?$/.exec(item);
  if (match === null) return problem(`$expand: ${item} is not a relation with options`);
  const [, name = "", nested] = match;
  if (name === "*") return nothing;
  const member = declaredMember(metadata, type, name);
  if (member === undefined) return problem(`$expand: ${type} has no ${name}`);
  if (member.kind === "property") return problem(`$expand: ${name} is a property: use $select`);
  const scope = {
    type: member.type.name,
    options: [...shaping, ...(member.type.collection ? listing : [])],
    delta: false,
    called: name,
  };
  const checks = (nested === undefined ? [] : splitOutside(nested, ";")).map((option) => {
    const equals = option.indexOf("=");
    return checkOption(metadata, scope, { name: option.slice(0, equals), value: option.slice(equals + 1) });
  });
  return { problems: merged(checks).problems, properties: [name] };
}

function checkOrder(metadata: Metadata, type: string | undefined, value: string): CheckedQuery {
  const items = value.split(",").map((item) => item.trim().split(/\s+/));
  const problems = items.flatMap(([path = "", direction = "asc", ...rest]) => {
    if (rest.length > 0 || !["asc", "desc"].includes(direction))
      return [`$orderby: ${path} is followed by neither asc nor desc`];
    const found =
      type === undefined ? undefined : readPathProblem(metadata, type, { path, derived: "refused" });
    return found === undefined ? [] : [`$orderby: ${found}`];
  });
  return { problems, properties: items.map(([path = ""]) => path) };
}

const nothing: CheckedQuery = { problems: [], properties: [] };

function problem(text: string): CheckedQuery {
  return { problems: [text], properties: [] };
}

function merged(checks: readonly CheckedQuery[]): CheckedQuery {
  return {
    problems: checks.flatMap((check) => check.problems),
    properties: checks.flatMap((check) => check.properties),
  };
}
