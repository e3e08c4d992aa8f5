import { didYouMean } from "./closest-name.ts";
import { enumProblem, primitiveProblem, shown } from "./check-value.ts";
import { documentedProperties } from "./documented.ts";
import {
  declaredMember,
  declaredMembers,
  isA,
  isDirectoryExtension,
  lineage,
  structuredType,
  type Member,
  type Metadata,
  type Operation,
  type TypeRef,
} from "./metadata.ts";
import { bindingProblems, referenceProblem } from "./check-reference.ts";
import type { Target } from "./resolve-path.ts";

/** What is wrong with a request's JSON body (undefined without one), for a method that fits the target. */
export function bodyProblems(
  metadata: Metadata,
  target: Target,
  request: { readonly method: string; readonly body: unknown },
): readonly string[] {
  const { method, body } = request;
  if (method === "GET" || method === "DELETE")
    return body === undefined ? [] : [`${method} carries a body: ${shown(body)}`];
  if (target.kind === "operation") return callProblems(metadata, target.operations, body ?? {});
  if (target.kind === "raw") return [];
  if (!isObject(body)) return [`${method} needs a JSON object as body, not ${shown(body)}`];
  if (method === "PATCH" && present(body).length === 0) return ["PATCH carries nothing to change"];
  const check = checker(metadata, method === "POST" ? "create" : "update");
  switch (target.kind) {
    case "reference":
      return referenceBody(metadata, target.type, body);
    case "value":
      return target.type.collection
        ? check.wrapped(target.type, body)
        : check.value(target.type, body, { at: "", nullable: false });
    case "collection":
    case "entity":
      return check.value({ name: target.type, collection: false }, body, { at: "", nullable: false });
    case "batch":
    case "count":
      break;
  }
  return [];
}

function callProblems(metadata: Metadata, overloads: readonly Operation[], body: unknown): readonly string[] {
  if (!isObject(body)) return [`an action takes its parameters as a JSON object, not ${shown(body)}`];
  const results = overloads.map((operation) => parameterProblems(metadata, operation, body));
  return results.find((problems) => problems.length === 0) ?? results[0] ?? [];
}

function parameterProblems(metadata: Metadata, operation: Operation, body: JsonObject): readonly string[] {
  const check = checker(metadata, "create");
  const names = operation.parameters.map((parameter) => parameter.name);
  const missing = operation.parameters
    .filter((parameter) => !parameter.nullable && !parameter.optional && body[parameter.name] === undefined)
    .map((parameter) => `${operation.name} needs the parameter ${parameter.name}`);
  const wrong = present(body).flatMap(([name, value]) => {
    const parameter = operation.parameters.find((candidate) => candidate.name === name);
    if (parameter === undefined)
      return [`${operation.name} has no parameter ${name}${didYouMean(name, names)}`];
    return check.value(parameter.type, value, { at: name, nullable: parameter.nullable });
  });
  return [...missing, ...wrong];
}

function referenceBody(metadata: Metadata, type: string, body: JsonObject): readonly string[] {
  const extra = present(body)
    .filter(([name]) => name !== "@odata.id")
    .map(([name]) => `${name} does not belong in a reference: only @odata.id does`);
  const problem = referenceProblem(metadata, type, { at: "@odata.id", url: body["@odata.id"] });
  return problem === undefined ? extra : [...extra, problem];
}

type JsonObject = { readonly [name: string]: unknown };
type Position = { readonly at: string; readonly nullable: boolean };

type Checker = {
  value(type: TypeRef, value: unknown, position: Position): readonly string[];
  /** A collection sent by itself travels as `{"value": […]}`. */
  wrapped(type: TypeRef, body: JsonObject): readonly string[];
};

function checker(metadata: Metadata, purpose: "create" | "update"): Checker {
  function value(type: TypeRef, given: unknown, { at, nullable }: Position): readonly string[] {
    if (type.collection) return collection(type, given, at);
    if (given === null) return nullable ? [] : [`${at} must not be null`];
    const declared = metadata.types.get(type.name);
    if (declared === undefined) return worded(at, primitiveProblem(type.name, given));
    if (declared.kind === "enum") return worded(at, enumProblem(declared, given));
    return isObject(given)
      ? object(type.name, given, at)
      : [`${at} must be an object (${type.name}), not ${shown(given)}`];
  }

  function collection(type: TypeRef, given: unknown, at: string): readonly string[] {
    if (!Array.isArray(given)) return [`${at} must be a list of ${type.name}, not ${shown(given)}`];
    const element = { name: type.name, collection: false };
    return given.flatMap((item: unknown, index) =>
      value(element, item, { at: `${at}[${index}]`, nullable: false }),
    );
  }

  function object(declared: string, given: JsonObject, at: string): readonly string[] {
    const { type, problem } = actualType(metadata, declared, given["@odata.type"]);
    if (problem !== undefined) return [`${joined(at, "@odata.type")} ${problem}`];
    const needsType = purpose === "create" && structuredType(metadata, type)?.abstract === true;
    return [
      ...(needsType ? [`${at || "the body"} is of the abstract type ${type}: it needs an @odata.type`] : []),
      ...present(given).flatMap(([name, item]) =>
        property(type, name, { at: joined(at, name), value: item }),
      ),
    ];
  }

  function property(
    type: string,
    name: string,
    item: { readonly at: string; readonly value: unknown },
  ): readonly string[] {
    if (name.startsWith("@odata.")) return [];
    const [base = "", annotation] = name.split("@odata.");
    const member = declaredMember(metadata, type, base);
    if (annotation === "bind") return binding(type, { base, member }, item);
    if (annotation !== undefined) return member === undefined ? [unknownName(metadata, type, base)] : [];
    if (member !== undefined) return memberValue(member, item);
    const documented = documentedType(metadata, type, name);
    if (documented !== undefined) return value(documented, item.value, { at: item.at, nullable: true });
    if (isDirectoryExtension(metadata, type, name)) return worded(item.at, extensionProblem(item.value));
    return isFreeForm(metadata, type) ? [] : [unknownName(metadata, type, name)];
  }

  function memberValue(
    member: Member,
    { at, value: given }: { readonly at: string; readonly value: unknown },
  ): readonly string[] {
    if (member.kind === "property" && member.computed) return [`${at} is set by Graph and cannot be sent`];
    if (member.kind === "navigation" && member.type.collection && !member.contained)
      return [`${at} refers to objects: send ${member.name}@odata.bind with their URLs`];
    return value(member.type, given, { at, nullable: member.nullable });
  }

  function binding(
    type: string,
    { base, member }: { readonly base: string; readonly member: Member | undefined },
    { at, value: given }: { readonly at: string; readonly value: unknown },
  ): readonly string[] {
    if (member?.kind !== "navigation") return [`${at}: ${type} has no navigation ${base}`];
    return bindingProblems(metadata, member, { at, value: given });
  }

  return {
    value,
    wrapped: (type, body) => {
      const extra = Object.keys(body).filter((name) => name !== "value" && !name.startsWith("@odata."));
      return [
        ...extra.map((name) => `${name} does not belong beside value`),
        ...collection(type, body["value"], "value"),
      ];
    },
  };
}

function actualType(
  metadata: Metadata,
  declared: string,
  annotation: unknown,
): { readonly type: string; readonly problem?: string } {
  if (annotation === undefined) return { type: declared };
  if (typeof annotation !== "string") return { type: declared, problem: `must be a string` };
  const named = annotation.replace(/^#/, "");
  if (structuredType(metadata, named) === undefined)
    return { type: declared, problem: `names ${named}, which does not exist` };
  return isA(metadata, named, declared)
    ? { type: named }
    : { type: declared, problem: `names ${named}, which is not a ${declared}` };
}

function documentedType(metadata: Metadata, type: string, name: string): TypeRef | undefined {
  for (const { name: ancestor } of lineage(metadata, type)) {
    const found = documentedProperties.get(ancestor)?.get(name);
    if (found !== undefined) return found;
  }
  return undefined;
}

/** Open complex types exist to hold any names; an open entity is only open for extensions. */
function isFreeForm(metadata: Metadata, type: string): boolean {
  return lineage(metadata, type).some((ancestor) => ancestor.kind === "complex" && ancestor.open);
}

function extensionProblem(value: unknown): string | undefined {
  const items: readonly unknown[] = Array.isArray(value) ? value : [value];
  return items.every((item) => item === null || ["string", "number", "boolean"].includes(typeof item))
    ? undefined
    : `must be a text, number, boolean, or a list of these, not ${shown(value)}`;
}

function unknownName(metadata: Metadata, type: string, name: string): string {
  const names = declaredMembers(metadata, type).map((member) => member.name);
  return `${type} has no property ${name}${didYouMean(name, names)}`;
}

function present(body: JsonObject): readonly (readonly [string, unknown])[] {
  return Object.entries(body).filter(([, value]) => value !== undefined);
}

function joined(at: string, name: string): string {
  return at === "" ? name : `${at}.${name}`;
}

function worded(at: string, problem: string | undefined): readonly string[] {
  return problem === undefined ? [] : [`${at} ${problem}`];
}

function isObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
