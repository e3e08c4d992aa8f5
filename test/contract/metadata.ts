/** Graph's published OData metadata, as far as requests can be checked against it. All type names are qualified. */
export type Metadata = {
  readonly types: ReadonlyMap<string, StructuredType | EnumType>;
  /** Entity sets and singletons, by the first segment of a URL. */
  readonly roots: ReadonlyMap<string, Root>;
  /** Bound actions and functions by their short name; names are overloaded. */
  readonly operations: ReadonlyMap<string, readonly Operation[]>;
  /** Direct subtypes by type. */
  readonly subtypes: ReadonlyMap<string, readonly string[]>;
};

export type TypeRef = { readonly name: string; readonly collection: boolean };

export type StructuredType = {
  readonly kind: "entity" | "complex";
  readonly name: string;
  readonly base: string | undefined;
  readonly abstract: boolean;
  readonly open: boolean;
  readonly stream: boolean;
  readonly members: ReadonlyMap<string, Member>;
  readonly capability: Capability;
};

export type EnumType = {
  readonly kind: "enum";
  readonly name: string;
  readonly members: ReadonlySet<string>;
  readonly flags: boolean;
};

export type Member = Property | Navigation;

type Property = {
  readonly kind: "property";
  readonly name: string;
  readonly type: TypeRef;
  readonly nullable: boolean;
  /** The service sets the value; a client cannot send it. */
  readonly computed: boolean;
  readonly capability: Capability;
};

export type Navigation = {
  readonly kind: "navigation";
  readonly name: string;
  readonly type: TypeRef;
  readonly nullable: boolean;
  /** Contained objects live and die with their parent; others are only referred to. */
  readonly contained: boolean;
  readonly capability: Capability;
};

/** What the capability annotations say; undefined and an empty list mean that they say nothing. */
export type Capability = {
  readonly insertable: boolean | undefined;
  readonly updatable: boolean | undefined;
  readonly deletable: boolean | undefined;
  readonly updateMethods: readonly string[];
};

export type Root = {
  readonly kind: "set" | "singleton";
  readonly type: string;
  readonly capability: Capability;
};

export type Operation = {
  readonly kind: "action" | "function";
  readonly name: string;
  readonly binding: TypeRef;
  readonly parameters: readonly Parameter[];
  readonly returns: TypeRef | undefined;
};

export type Parameter = {
  readonly name: string;
  readonly type: TypeRef;
  readonly nullable: boolean;
  /** Marked optional; any other parameter of a function, and a non-nullable one of an action, must be given. */
  readonly optional: boolean;
};

export function structuredType(metadata: Metadata, name: string): StructuredType | undefined {
  const type = metadata.types.get(name);
  return type === undefined || type.kind === "enum" ? undefined : type;
}

/** The type and what it inherits from, most derived first. */
export function lineage(metadata: Metadata, name: string): readonly StructuredType[] {
  const type = structuredType(metadata, name);
  if (type === undefined) return [];
  return type.base === undefined ? [type] : [type, ...lineage(metadata, type.base)];
}

export function isA(metadata: Metadata, name: string, ancestor: string): boolean {
  return lineage(metadata, name).some((type) => type.name === ancestor);
}

/** True where one type is the other or inherits from it: only then can a cast succeed. */
export function isRelated(metadata: Metadata, one: string, other: string): boolean {
  return isA(metadata, one, other) || isA(metadata, other, one);
}

function isOpen(metadata: Metadata, name: string): boolean {
  return lineage(metadata, name).some((type) => type.open);
}

export function declaredMembers(metadata: Metadata, name: string): readonly Member[] {
  return lineage(metadata, name).flatMap((type) => [...type.members.values()]);
}

export function declaredMember(metadata: Metadata, typeName: string, name: string): Member | undefined {
  for (const type of lineage(metadata, typeName)) {
    const member = type.members.get(name);
    if (member !== undefined) return member;
  }
  return undefined;
}

/** A member that only types derived from this one have. */
export function derivedMember(metadata: Metadata, typeName: string, name: string): Member | undefined {
  for (const subtype of metadata.subtypes.get(typeName) ?? []) {
    const found =
      structuredType(metadata, subtype)?.members.get(name) ?? derivedMember(metadata, subtype, name);
    if (found !== undefined) return found;
  }
  return undefined;
}

// Directory extensions are the open properties Graph documents for directory objects: the appId without
// hyphens, then a name. https://learn.microsoft.com/graph/extensibility-overview
const extensionName = /^extension_[0-9a-f]{32}_[A-Za-z0-9_]+$/;

export function isDirectoryExtension(metadata: Metadata, typeName: string, name: string): boolean {
  return (
    extensionName.test(name) &&
    isA(metadata, typeName, "microsoft.graph.directoryObject") &&
    isOpen(metadata, typeName)
  );
}
