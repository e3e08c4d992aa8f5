import { isA, type Metadata, type Operation, type TypeRef } from "./metadata.ts";

/** The overloads of `name` (short or qualified) that can be called on `bound`. */
export function boundOperations(metadata: Metadata, bound: TypeRef, name: string): readonly Operation[] {
  const short = name.slice(name.lastIndexOf(".") + 1);
  return (metadata.operations.get(short) ?? []).filter(
    (operation) => (short === name || operation.name === name) && canBind(metadata, operation, bound),
  );
}

/** Short names of everything that can be called on `bound`. */
export function operationNames(metadata: Metadata, bound: TypeRef): readonly string[] {
  return [...metadata.operations]
    .filter(([, operations]) => operations.some((operation) => canBind(metadata, operation, bound)))
    .map(([name]) => name);
}

function canBind(metadata: Metadata, { binding }: Operation, bound: TypeRef): boolean {
  return (
    binding.collection === bound.collection &&
    (binding.name === bound.name || isA(metadata, bound.name, binding.name))
  );
}

export type MatchedOverloads =
  | { readonly kind: "matched"; readonly operations: readonly Operation[]; readonly text: string }
  | { readonly kind: "none"; readonly why: string };

/**
 * Functions take their arguments in the path, as in `summary(start=…,end=…)`; actions take them in the body.
 * `args` is the text between the parentheses, undefined without parentheses.
 */
export function matchOverloads(operations: readonly Operation[], args: string | undefined): MatchedOverloads {
  const names = [...(args ?? "").matchAll(/(?:^|,)\s*(\w+)=/g)].map((match) => match[1] ?? "");
  const matched = operations.filter((operation) => accepts(operation, names));
  const first = matched[0];
  if (first === undefined)
    return { kind: "none", why: `${signatures(operations)} cannot be called with (${names.join(", ")})` };
  const called = operations[0]?.name ?? "";
  const short = called.slice(called.lastIndexOf(".") + 1);
  const text = names.length === 0 ? short : `${short}(${names.map((name) => `${name}={value}`).join(",")})`;
  return { kind: "matched", operations: matched, text };
}

function accepts(operation: Operation, names: readonly string[]): boolean {
  if (operation.kind === "action") return names.length === 0;
  const known = operation.parameters.map((parameter) => parameter.name);
  const needed = operation.parameters.filter((parameter) => !parameter.optional);
  return (
    names.every((name) => known.includes(name)) && needed.every((parameter) => names.includes(parameter.name))
  );
}

function signatures(operations: readonly Operation[]): string {
  return operations
    .map(({ name, parameters }) => `${name}(${parameters.map((parameter) => parameter.name).join(", ")})`)
    .join(" or ");
}
