import type { Properties } from "../../directory/objects.ts";
import type { Call, Reply } from "../../http/call.ts";
import { GraphProblem } from "../../http/problem.ts";
import { parseExpansion, nothingExpanded, type Expansion } from "../../odata/expansion.ts";
import { valueAt } from "../../odata/filter.ts";
import { listing } from "../../odata/listing.ts";
import { project } from "../../odata/project.ts";
import { readQuery, readSelect } from "../../odata/query.ts";
import { types, type TypeName } from "./types.ts";

/** An entity ready to be shown, with what can be reached from it. */
export type Node = {
  readonly id: string;
  readonly type: TypeName;
  readonly properties: Properties;
  readonly navigations: Readonly<Record<string, () => Node | readonly Node[] | undefined>>;
};

const rootOf = (type: TypeName) =>
  `identityGovernance/${type.startsWith("accessReview") ? "accessReviews" : "entitlementManagement"}`;

/** A listing with `$filter`, `$select` and `$expand`; filters read through navigations. */
export function listNodes(
  call: Call,
  set: { readonly type: TypeName; readonly name: string; readonly nodes: readonly Node[] },
): Reply {
  const expansion = expansionOf(call, set.type);
  const query = readQuery(withoutExpand(call), types[set.type].shape);
  return listing(call, query, {
    items: set.nodes,
    context: `${rootOf(set.type)}/${set.name}${suffixOf(expansion)}`,
    read,
    show: (node) => shown(node, query.select, expansion),
  });
}

export function entity(call: Call, set: string, node: Node): Record<string, unknown> {
  const expansion = expansionOf(call, node.type);
  const select = readSelect(call, types[node.type].shape);
  const context = `${call.url.origin}/v1.0/$metadata#${rootOf(node.type)}/${set}${suffixOf(expansion)}/$entity`;
  return { "@odata.context": context, ...shown(node, select, expansion) };
}

function shown(
  node: Node,
  select: readonly string[] | undefined,
  expansion: Expansion,
): Record<string, unknown> {
  const body = project(node.properties, types[node.type].shape, select);
  const names = expansion.has("*") ? Object.keys(types[node.type].navigations) : [...expansion.keys()];
  for (const name of names) {
    const { select: inner, expand = nothingExpanded } = expansion.get(name) ?? { select: undefined };
    const found = node.navigations[name]?.();
    if (isMany(found)) body[name] = found.map((each) => shown(each, inner, expand));
    else body[name] = found === undefined ? null : shown(found, inner, expand);
  }
  return body;
}

const isMany = (found: Node | readonly Node[] | undefined): found is readonly Node[] => Array.isArray(found);

/** The value at a path such as `target/objectid`; the documentation writes that one in lower case. */
function read(node: Node, path: string): unknown {
  const [name = "", ...rest] = path.split("/");
  if (rest.length === 0) return node.properties[name === "objectid" ? "objectId" : name];
  const own = node.properties[name];
  if (typeof own === "object" && own !== null) return within(own, rest);
  const next = node.navigations[name]?.();
  if (next === undefined || isMany(next)) return undefined;
  return read(next, rest.join("/"));
}

/** In a complex value; a step with a dot in it is a cast. */
function within(value: object, [step, ...rest]: readonly string[]): unknown {
  const type = (value as Readonly<Record<string, unknown>>)["@odata.type"];
  const isCast = step?.includes(".") === true;
  if (isCast && type !== `#${step}`) return undefined;
  return valueAt(value, (isCast ? rest : [step, ...rest]).join("/"));
}

function withoutExpand(call: Call): Call {
  const url = new URL(call.url);
  url.searchParams.delete("$expand");
  return { ...call, url };
}

function expansionOf(call: Call, type: TypeName): Expansion {
  const text = call.url.searchParams.get("$expand");
  if (text === null) return nothingExpanded;
  try {
    const expansion = parseExpansion(text);
    check(expansion, type);
    return expansion;
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    throw new GraphProblem(400, "BadRequest", `Parsing OData Select and Expand failed: ${error.message}`);
  }
}

function check(expansion: Expansion, type: TypeName): void {
  const { navigations } = types[type];
  for (const [name, { select = [], expand }] of expansion) {
    if (name === "*") continue;
    const next = navigations[name];
    if (next === undefined) throw unknown(name, type);
    const strange = select.find((property) => !types[next].shape.known.has(property));
    if (strange !== undefined) throw unknown(strange, next);
    check(expand, next);
  }
}

function unknown(name: string, type: TypeName): SyntaxError {
  return new SyntaxError(`Could not find a property named '${name}' on type 'microsoft.graph.${type}'.`);
}

const suffixOf = (expansion: Expansion) =>
  expansion.size === 0 ? "" : `(${[...expansion.keys()].map((name) => `${name}()`).join(",")})`;
