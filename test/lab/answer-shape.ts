import {
  declaredMember,
  declaredMembers,
  structuredType,
  type Metadata,
  type TypeRef,
} from "../contract/metadata.ts";

/** How an answer of the lab differs from Graph's metadata, in plain words; `type` is qualified. */
export function shapeProblems(metadata: Metadata, type: string, value: unknown): readonly string[] {
  if (typeof value !== "object" || value === null) return [`${type} is ${String(value)}`];
  const given = new Map(Object.entries(value));
  const derived = given.get("@odata.type");
  const name = typeof derived === "string" ? derived.slice(1) : type;
  if (structuredType(metadata, name) === undefined) return [`${name} does not exist`];
  const unknown = [...given.keys()]
    .filter((key) => !key.includes("@odata."))
    .filter((key) => declaredMember(metadata, name, key) === undefined)
    .map((key) => `${name} has no ${key}`);
  const wrong = declaredMembers(metadata, name).flatMap((member) => {
    const own = given.get(member.name);
    if (own === undefined) return [];
    if (own === null) return member.nullable ? [] : [`${name}/${member.name} is null`];
    return valueProblems(metadata, member.type, { path: `${name}/${member.name}`, value: own });
  });
  return [...unknown, ...wrong];
}

function valueProblems(
  metadata: Metadata,
  { name, collection }: TypeRef,
  { path, value }: { readonly path: string; readonly value: unknown },
): readonly string[] {
  if (collection) {
    if (!Array.isArray(value)) return [`${path} is no collection`];
    return value.flatMap((item: unknown) =>
      valueProblems(metadata, { name, collection: false }, { path, value: item }),
    );
  }
  const type = metadata.types.get(name);
  if (type?.kind === "enum") {
    return typeof value === "string" && type.members.has(value)
      ? []
      : [`${path} is ${JSON.stringify(value)}, which ${name} does not have`];
  }
  if (type !== undefined) return shapeProblems(metadata, name, value);
  return isPrimitive(name, value) ? [] : [`${path} is ${JSON.stringify(value)} and not ${name}`];
}

function isPrimitive(name: string, value: unknown): boolean {
  if (name === "Edm.Boolean") return typeof value === "boolean";
  if (typeof value !== "string") return false;
  if (name === "Edm.DateTimeOffset") return !Number.isNaN(Date.parse(value));
  return name === "Edm.Duration" ? /^P(?=.)/.test(value) : name === "Edm.String";
}
