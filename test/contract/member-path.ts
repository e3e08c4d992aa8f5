import { didYouMean } from "./closest-name.ts";
import {
  declaredMember,
  declaredMembers,
  derivedMember,
  isDirectoryExtension,
  isRelated,
  structuredType,
  type Metadata,
  type TypeRef,
} from "./metadata.ts";
import { documentedSpellings } from "./documented.ts";

/** What a path such as `status/quarantine/reason` leads to; an undefined type is an extension's, known to nobody. */
export type FoundPath =
  | { readonly kind: "found"; readonly type: TypeRef | undefined }
  | { readonly kind: "wrong"; readonly why: string };

/** Why a path of property names cannot be read from a type, or undefined. */
export function readPathProblem(
  metadata: Metadata,
  type: string,
  { path, derived }: { readonly path: string; readonly derived: "allowed" | "refused" },
): string | undefined {
  let at: TypeRef | undefined = { name: type, collection: false };
  for (const name of path.split("/")) {
    if (at === undefined) return `nothing follows an extension in ${path}`;
    const found = followName(metadata, at.name, { name, derived });
    if (found.kind === "wrong") return found.why;
    at = found.type;
  }
  return undefined;
}

/** One step: a member, an extension, or a cast. Members of derived types need a cast unless allowed. */
export function followName(
  metadata: Metadata,
  type: string,
  { name, derived }: { readonly name: string; readonly derived: "allowed" | "refused" },
): FoundPath {
  if (name.includes(".")) return cast(metadata, type, name);
  const spelt = documentedSpellings.get(type)?.get(name) ?? name;
  const member = declaredMember(metadata, type, spelt);
  if (member !== undefined) return { kind: "found", type: member.type };
  if (isDirectoryExtension(metadata, type, name)) return { kind: "found", type: undefined };
  const inherited = derivedMember(metadata, type, name);
  if (inherited !== undefined && derived === "allowed") return { kind: "found", type: inherited.type };
  return { kind: "wrong", why: whyNot(metadata, type, { name, derived: inherited !== undefined }) };
}

function cast(metadata: Metadata, type: string, name: string): FoundPath {
  if (structuredType(metadata, name) === undefined) return { kind: "wrong", why: `there is no type ${name}` };
  return isRelated(metadata, name, type)
    ? { kind: "found", type: { name, collection: false } }
    : { kind: "wrong", why: `a ${type} is never a ${name}` };
}

function whyNot(
  metadata: Metadata,
  type: string,
  { name, derived }: { readonly name: string; readonly derived: boolean },
): string {
  if (derived) return `${name} belongs to a type derived from ${type}: put the cast into the path`;
  if (name.startsWith("extension_"))
    return `${name} is no extension name of ${type}: extension_, the appId without hyphens, _ and the name`;
  const names = declaredMembers(metadata, type).map((member) => member.name);
  return `${type} has no ${name}${didYouMean(name, names)}`;
}
