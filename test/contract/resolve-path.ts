import { didYouMean } from "./closest-name.ts";
import {
  declaredMember,
  declaredMembers,
  derivedMember,
  isRelated,
  structuredType,
  type Capability,
  type Member,
  type Metadata,
  type Operation,
  type TypeRef,
} from "./metadata.ts";
import { boundOperations, matchOverloads, operationNames } from "./bound-operations.ts";
import { keyProblem } from "./entity-key.ts";

/** What a URL path addresses. */
export type Target =
  | { readonly kind: "batch" }
  | ({ readonly kind: "collection" } & Addressed)
  | ({ readonly kind: "entity"; readonly by: "key" | "name" } & Addressed)
  | { readonly kind: "reference"; readonly to: "collection" | "item" | "single"; readonly type: string }
  | ({ readonly kind: "value"; readonly type: TypeRef } & Governed)
  | { readonly kind: "raw" }
  | { readonly kind: "count"; readonly type: string }
  | { readonly kind: "operation"; readonly operations: readonly Operation[] };

/** Where objects live decides what may be done with them. */
type Origin = "set" | "singleton" | "contained" | "reference" | "result";

type Addressed = { readonly type: string; readonly origin: Origin } & Governed;

/** The annotations in force, and the `type/member` that declares the way here. */
type Governed = { readonly capability: Capability; readonly declaredAs: string };

export type ResolvedPath =
  | { readonly kind: "found"; readonly target: Target; readonly template: string }
  | { readonly kind: "missing"; readonly problem: string; readonly template: string };

type Place = Target | { readonly kind: "root" };

type Step =
  | { readonly kind: "step"; readonly place: Target; readonly text: string }
  | { readonly kind: "none"; readonly why: string };

const silent: Capability = {
  insertable: undefined,
  updatable: undefined,
  deletable: undefined,
  updateMethods: [],
};

/**
 * Walks the path of a Graph URL (after `/v1.0`, without query) through the metadata.
 *
 * The template names the call whatever the ids are: `/groups/{id}/members/{id}/$ref`.
 */
export function resolvePath(metadata: Metadata, path: string): ResolvedPath {
  const segments = path.split("/").slice(1);
  let place: Place = { kind: "root" };
  let template = "";
  for (const [index, encoded] of segments.entries()) {
    const segment = decode(encoded);
    const step: Step =
      segment === undefined || segment === ""
        ? none(segment === "" ? "it has an empty segment" : `${encoded} is not valid percent-encoding`)
        : walk(metadata, place, segment);
    if (step.kind === "none")
      return {
        kind: "missing",
        problem: `${path} is not a path of Graph v1.0: ${step.why}`,
        template: [template, ...segments.slice(index)].join("/"),
      };
    place = step.place;
    template += `/${step.text}`;
  }
  if (place.kind === "root")
    return { kind: "missing", problem: `${path || "an empty path"} addresses nothing`, template: path };
  return { kind: "found", target: place, template };
}

function decode(segment: string): string | undefined {
  try {
    return decodeURIComponent(segment);
  } catch {
    return undefined;
  }
}

function walk(metadata: Metadata, place: Place, segment: string): Step {
  switch (place.kind) {
    case "root":
      return fromRoot(metadata, segment);
    case "collection":
      return fromCollection(metadata, place, segment);
    case "entity":
      return fromEntity(metadata, place, segment);
    case "value":
      return fromValue(metadata, place, segment);
    case "operation":
      return fromResult(metadata, place.operations, segment);
    case "batch":
    case "reference":
    case "raw":
    case "count":
      break;
  }
  return none(`nothing follows ${place.kind === "batch" ? "$batch" : `a ${place.kind}`}, so not ${segment}`);
}

function fromRoot(metadata: Metadata, segment: string): Step {
  if (segment === "$batch") return step({ kind: "batch" }, segment);
  const { name, key } = splitKey(segment);
  const root = metadata.roots.get(name);
  if (root === undefined)
    return none(`there is no entity set or singleton ${name}${didYouMean(name, metadata.roots.keys())}`);
  const governed = { type: root.type, capability: root.capability, declaredAs: name };
  if (root.kind === "singleton")
    return step({ kind: "entity", by: "name", origin: "singleton", ...governed }, name);
  const set = { kind: "collection", origin: "set", ...governed } as const;
  return key === undefined ? step(set, name) : withKey(metadata, set, { before: name, key });
}

type Collection = Extract<Target, { kind: "collection" }>;
type Entity = Extract<Target, { kind: "entity" }>;

function fromCollection(metadata: Metadata, place: Collection, segment: string): Step {
  if (segment === "$count") return step({ kind: "count", type: place.type }, segment);
  if (segment === "$ref") return reference(place, "collection");
  const cast = castTo(metadata, place.type, segment);
  if (cast !== undefined) return cast.kind === "none" ? cast : step({ ...place, type: segment }, segment);
  const called = operation(metadata, { name: place.type, collection: true }, segment);
  if (called !== undefined) return called;
  if (segment.startsWith("$")) return none(`${segment} does not apply to a collection`);
  return withKey(metadata, place, { before: "", key: segment });
}

function fromEntity(metadata: Metadata, place: Entity, segment: string): Step {
  if (segment === "$ref") return reference(place, place.by === "key" ? "item" : "single");
  if (segment === "$value") return rawValue(metadata, place.type);
  const cast = castTo(metadata, place.type, segment);
  if (cast !== undefined) return cast.kind === "none" ? cast : step({ ...place, type: segment }, segment);

  const { name, key } = splitKey(segment);
  const member = declaredMember(metadata, place.type, name);
  if (member !== undefined) return toMember(metadata, place.type, { member, key });
  const called = operation(metadata, { name: place.type, collection: false }, segment);
  return called ?? none(noMember(metadata, place.type, name));
}

function toMember(
  metadata: Metadata,
  type: string,
  found: { readonly member: Member; readonly key: string | undefined },
): Step {
  const { member, key } = found;
  const governed = { capability: member.capability, declaredAs: declaration(metadata, type, member.name) };
  if (member.kind === "property") return step({ kind: "value", type: member.type, ...governed }, member.name);
  const origin: Origin = member.contained ? "contained" : "reference";
  const addressed = { type: member.type.name, origin, ...governed };
  if (!member.type.collection) return step({ kind: "entity", by: "name", ...addressed }, member.name);
  const collection = { kind: "collection", ...addressed } as const;
  if (key === undefined) return step(collection, member.name);
  return withKey(metadata, collection, { before: member.name, key });
}

function declaration(metadata: Metadata, type: string, member: string): string {
  const structured = structuredType(metadata, type);
  if (structured?.members.has(member) || structured?.base === undefined) return `${type}/${member}`;
  return declaration(metadata, structured.base, member);
}

function fromValue(metadata: Metadata, place: Extract<Target, { kind: "value" }>, segment: string): Step {
  if (segment === "$value" && !place.type.collection) return step({ kind: "raw" }, segment);
  if (segment === "$count" && place.type.collection)
    return step({ kind: "count", type: place.type.name }, segment);
  const member = place.type.collection ? undefined : declaredMember(metadata, place.type.name, segment);
  if (member !== undefined) return toMember(metadata, place.type.name, { member, key: undefined });
  return (
    operation(metadata, place.type, segment) ??
    none(`${segment} does not follow a value of ${place.type.name}`)
  );
}

function fromResult(metadata: Metadata, operations: readonly Operation[], segment: string): Step {
  const returned = operations.find((candidate) => candidate.kind === "function")?.returns;
  if (returned === undefined || structuredType(metadata, returned.name)?.kind !== "entity")
    return none(`nothing follows ${operations[0]?.name ?? "an operation"}`);
  const addressed = { type: returned.name, origin: "result", capability: silent, declaredAs: "" } as const;
  return returned.collection
    ? fromCollection(metadata, { kind: "collection", ...addressed }, segment)
    : fromEntity(metadata, { kind: "entity", by: "name", ...addressed }, segment);
}

function reference(place: Collection | Entity, to: "collection" | "item" | "single"): Step {
  if (place.origin !== "reference")
    return none("$ref applies only where objects are referred to, not where they live");
  return step({ kind: "reference", to, type: place.type }, "$ref");
}

function rawValue(metadata: Metadata, type: string): Step {
  return structuredType(metadata, type)?.stream === true
    ? step({ kind: "raw" }, "$value")
    : none(`${type} has no $value`);
}

/** A qualified name is a cast when it is a type; undefined when it is something else. */
function castTo(metadata: Metadata, from: string, segment: string): { kind: "cast" } | Step | undefined {
  if (!segment.includes(".") || structuredType(metadata, segment) === undefined) return undefined;
  return isRelated(metadata, segment, from) ? { kind: "cast" } : none(`a ${from} is never a ${segment}`);
}

function operation(metadata: Metadata, bound: TypeRef, segment: string): Step | undefined {
  const { name, key } = splitKey(segment);
  const operations = boundOperations(metadata, bound, name);
  if (operations.length === 0) return undefined;
  const match = matchOverloads(operations, key);
  return match.kind === "none"
    ? match
    : step({ kind: "operation", operations: match.operations }, match.text);
}

function withKey(
  metadata: Metadata,
  place: Collection,
  given: { readonly before: string; readonly key: string },
): Step {
  const checked = keyProblem(metadata, place.type, given);
  if (checked.kind === "wrong") {
    const names = operationNames(metadata, { name: place.type, collection: true });
    return none(checked.why + didYouMean(given.key, names));
  }
  return step({ ...place, kind: "entity", by: "key" }, checked.text);
}

/** `users('x')` is the set `users` with the key `'x'`; `delta()` is `delta` with an empty one. */
function splitKey(segment: string): { readonly name: string; readonly key: string | undefined } {
  const match = /^([^()]+)\((.*)\)$/.exec(segment);
  return match === null ? { name: segment, key: undefined } : { name: match[1] ?? "", key: match[2] ?? "" };
}

function noMember(metadata: Metadata, type: string, name: string): string {
  if (derivedMember(metadata, type, name) !== undefined)
    return `${name} belongs to a type derived from ${type}: put a cast before it`;
  const names = [
    ...declaredMembers(metadata, type).map((member) => member.name),
    ...operationNames(metadata, { name: type, collection: false }),
  ];
  return `${type} has no ${name}${didYouMean(name, names)}`;
}

function step(place: Target, text: string): Step {
  return { kind: "step", place, text };
}

function none(why: string): Step {
  return { kind: "none", why };
}
