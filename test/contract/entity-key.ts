import { declaredMember, isA, type Metadata } from "./metadata.ts";

export type CheckedKey =
  { readonly kind: "key"; readonly text: string } | { readonly kind: "wrong"; readonly why: string };

const objectId = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;

/**
 * Anything may follow a collection as a key, so `/users/dleta` would be a user: where Graph's keys have a known
 * form, a segment without that form is a misspelt one.
 */
export function keyProblem(
  metadata: Metadata,
  type: string,
  given: { readonly before: string; readonly key: string },
): CheckedKey {
  const { before, key } = given;
  const alternate = /^([A-Za-z]\w*)=(.+)$/.exec(key);
  if (before !== "" && alternate !== null) {
    const name = alternate[1] ?? "";
    return declaredMember(metadata, type, name) === undefined
      ? { kind: "wrong", why: `${type} has no ${name} to be found by` }
      : { kind: "key", text: `${before}(${name}={value})` };
  }
  const bare = before === "" ? key : key.replace(/^'(.*)'$/, "$1");
  if (!isPlausible(metadata, type, bare))
    return { kind: "wrong", why: `${bare} is neither an id nor an operation of ${type}` };
  return { kind: "key", text: before === "" ? "{id}" : `${before}/{id}` };
}

// Only these have object ids throughout; an appRoleAssignment, say, is a directoryObject with an opaque id.
const keyedByObjectId = ["directoryObject", "user", "group", "servicePrincipal", "application"].map(
  (name) => `microsoft.graph.${name}`,
);

function isPlausible(metadata: Metadata, type: string, key: string): boolean {
  if (!keyedByObjectId.includes(type)) return !key.includes("microsoft.graph.");
  return objectId.test(key) || (isA(metadata, type, "microsoft.graph.user") && key.includes("@"));
}
