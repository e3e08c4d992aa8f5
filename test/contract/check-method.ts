import { documentedMethods } from "./documented.ts";
import { type Capability, type Metadata, structuredType } from "./metadata.ts";
import type { Target } from "./resolve-path.ts";

/** Why the method does not fit what the path addresses, or undefined. */
export function methodProblem(
  metadata: Metadata,
  target: Target,
  call: { readonly method: string; readonly template: string },
): string | undefined {
  const allowed = allowedMethods(metadata, target);
  if (allowed.includes(call.method)) return undefined;
  const { kind } = target;
  return `${call.method} does not fit ${call.template}, ${article(kind)} (${allowed.join(", ")})${hint(target, call)}`;
}

function allowedMethods(metadata: Metadata, target: Target): readonly string[] {
  switch (target.kind) {
    case "batch":
      return ["POST"];
    case "count":
      return ["GET"];
    case "raw":
      return ["GET", "PUT"];
    case "operation":
      return [target.operations[0]?.kind === "function" ? "GET" : "POST"];
    case "reference":
      return { collection: ["GET", "POST"], item: ["DELETE"], single: ["GET", "PUT", "DELETE"] }[target.to];
    case "value":
      return ["GET", ...updateMethods(target, { unlessSaid: "no" })];
    case "collection":
      return ["GET", ...(mayInsert(target) ? ["POST"] : [])];
    case "entity":
      break;
  }
  return entityMethods(metadata, target);
}

// Objects that are only referred to are written where they live, unless an annotation says that they may be here.
function mayInsert({ origin, capability }: Extract<Target, { kind: "collection" }>): boolean {
  const bySilence = origin === "set" || origin === "contained";
  return capability.insertable ?? bySilence;
}

function entityMethods(metadata: Metadata, target: Extract<Target, { kind: "entity" }>): readonly string[] {
  const { origin, capability } = target;
  const own = structuredType(metadata, target.type)?.capability;
  const lives = origin === "set" || origin === "contained";
  const deletable = capability.deletable ?? own?.deletable ?? lives;
  const merged: Capability = {
    insertable: capability.insertable,
    deletable,
    updatable: capability.updatable ?? own?.updatable,
    updateMethods:
      capability.updateMethods.length > 0 ? capability.updateMethods : (own?.updateMethods ?? []),
  };
  const unlessSaid = lives || origin === "singleton" ? "yes" : "no";
  return [
    "GET",
    ...updateMethods({ capability: merged, declaredAs: target.declaredAs }, { unlessSaid }),
    ...(deletable ? ["DELETE"] : []),
  ];
}

function updateMethods(
  { capability, declaredAs }: { readonly capability: Capability; readonly declaredAs: string },
  { unlessSaid }: { readonly unlessSaid: "yes" | "no" },
): readonly string[] {
  const documented = documentedMethods.get(declaredAs) ?? [];
  if (capability.updatable === false) return documented;
  if (capability.updateMethods.length > 0) return [...capability.updateMethods, ...documented];
  const updatable = capability.updatable ?? unlessSaid === "yes";
  return [...(updatable ? ["PATCH"] : []), ...documented];
}

function hint(target: Target, { method, template }: { method: string; template: string }): string {
  if (target.kind === "collection" && target.origin === "reference" && method === "POST")
    return `; add a reference with POST ${template}/$ref`;
  // Without the suffix Graph may act on the object itself, not on the reference to it.
  if (target.kind === "entity" && target.origin === "reference" && method === "DELETE")
    return `; remove the reference with DELETE ${template}/$ref`;
  return "";
}

function article(kind: Target["kind"]): string {
  const words: Record<Target["kind"], string> = {
    batch: "the batch endpoint",
    collection: "a collection",
    entity: "an object",
    reference: "a reference",
    value: "a property",
    raw: "a raw value",
    count: "a count",
    operation: "an operation",
  };
  return words[kind];
}
