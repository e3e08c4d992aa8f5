import type {
  Capability,
  EnumType,
  Member,
  Metadata,
  Operation,
  Parameter,
  Root,
  StructuredType,
  TypeRef,
} from "./metadata.ts";
import { attribute, children, parseXml, requiredAttribute, texts, type XmlElement } from "./xml-element.ts";

/** Reads a CSDL document (OData 4.0). Throws when the text holds no schema. */
export function parseMetadata(csdl: string): Metadata {
  const schemas = children(parseXml(csdl), "edmx:Edmx")
    .flatMap((edmx) => children(edmx, "edmx:DataServices"))
    .flatMap((services) => children(services, "Schema"));
  if (schemas.length === 0)
    throw new Error("metadata: no Schema found; expected Graph's CSDL (edmx:Edmx), perhaps another file?");

  const reader = readerFor(schemas);
  const types = new Map(
    schemas.flatMap((schema) => reader.types(schema)).map((type) => [type.name, type] as const),
  );
  return {
    types,
    roots: new Map(schemas.flatMap((schema) => reader.roots(schema))),
    operations: Map.groupBy(
      schemas.flatMap((schema) => reader.operations(schema)),
      (operation) => operation.name.slice(operation.name.lastIndexOf(".") + 1),
    ),
    subtypes: subtypesOf([...types.values()]),
  };
}

function subtypesOf(types: readonly (StructuredType | EnumType)[]): Map<string, string[]> {
  const subtypes = new Map<string, string[]>();
  for (const type of types) {
    if (type.kind === "enum" || type.base === undefined) continue;
    subtypes.set(type.base, [...(subtypes.get(type.base) ?? []), type.name]);
  }
  return subtypes;
}

type Reader = {
  types(schema: XmlElement): readonly (StructuredType | EnumType)[];
  roots(schema: XmlElement): readonly (readonly [string, Root])[];
  operations(schema: XmlElement): readonly Operation[];
};

function readerFor(schemas: readonly XmlElement[]): Reader {
  const qualify = qualifierFor(schemas);
  const annotations = annotationsByTarget(schemas, qualify);

  const typeRef = (text: string): TypeRef => {
    const inner = /^Collection\((.+)\)$/.exec(text)?.[1];
    return { name: qualify(inner ?? text), collection: inner !== undefined };
  };

  const annotationsOn = (element: XmlElement, target: string): readonly XmlElement[] => [
    ...children(element, "Annotation"),
    ...(annotations.get(target) ?? []),
  ];

  function members(element: XmlElement, owner: string): ReadonlyMap<string, Member> {
    const read = (child: XmlElement) => {
      const name = requiredAttribute(child, "Name");
      const found = annotationsOn(child, `${owner}/${name}`);
      return {
        name,
        type: typeRef(requiredAttribute(child, "Type")),
        nullable: attribute(child, "Nullable") !== "false",
        capability: capability(found),
        computed: isTrue(found, "Org.OData.Core.V1.Computed"),
        contained: attribute(child, "ContainsTarget") === "true",
      };
    };
    const properties = children(element, "Property").map((child): Member => {
      const { contained: _contained, ...property } = read(child);
      return { kind: "property", ...property };
    });
    const navigations = children(element, "NavigationProperty").map((child): Member => {
      const { computed: _computed, ...navigation } = read(child);
      return { kind: "navigation", ...navigation };
    });
    return new Map([...properties, ...navigations].map((member) => [member.name, member]));
  }

  function structured(element: XmlElement, kind: "entity" | "complex", namespace: string): StructuredType {
    const name = `${namespace}.${requiredAttribute(element, "Name")}`;
    const base = attribute(element, "BaseType");
    return {
      kind,
      name,
      base: base === undefined ? undefined : qualify(base),
      abstract: attribute(element, "Abstract") === "true",
      open: attribute(element, "OpenType") === "true",
      stream: attribute(element, "HasStream") === "true",
      members: members(element, name),
      capability: capability(annotationsOn(element, name)),
    };
  }

  function parameter(element: XmlElement): Parameter {
    return {
      name: requiredAttribute(element, "Name"),
      type: typeRef(requiredAttribute(element, "Type")),
      nullable: attribute(element, "Nullable") !== "false",
      optional: isTrue(children(element, "Annotation"), "Org.OData.Core.V1.OptionalParameter"),
    };
  }

  function operation(element: XmlElement, kind: "action" | "function", namespace: string): Operation[] {
    const [binding, ...parameters] = children(element, "Parameter").map(parameter);
    // Graph publishes no unbound operations; one would have nothing to be called on.
    if (binding === undefined || attribute(element, "IsBound") !== "true") return [];
    const returns = children(element, "ReturnType")[0];
    return [
      {
        kind,
        name: `${namespace}.${requiredAttribute(element, "Name")}`,
        binding: binding.type,
        parameters,
        returns: returns === undefined ? undefined : typeRef(requiredAttribute(returns, "Type")),
      },
    ];
  }

  function root(element: XmlElement, kind: "set" | "singleton", container: string): readonly [string, Root] {
    const name = requiredAttribute(element, "Name");
    const type = qualify(requiredAttribute(element, kind === "set" ? "EntityType" : "Type"));
    return [name, { kind, type, capability: capability(annotationsOn(element, `${container}/${name}`)) }];
  }

  return {
    types(schema) {
      const namespace = requiredAttribute(schema, "Namespace");
      return [
        ...children(schema, "EntityType").map((element) => structured(element, "entity", namespace)),
        ...children(schema, "ComplexType").map((element) => structured(element, "complex", namespace)),
        ...children(schema, "EnumType").map((element) => enumType(element, namespace)),
      ];
    },
    roots(schema) {
      const namespace = requiredAttribute(schema, "Namespace");
      return children(schema, "EntityContainer").flatMap((container) => {
        const name = `${namespace}.${requiredAttribute(container, "Name")}`;
        return [
          ...children(container, "EntitySet").map((element) => root(element, "set", name)),
          ...children(container, "Singleton").map((element) => root(element, "singleton", name)),
        ];
      });
    },
    operations(schema) {
      const namespace = requiredAttribute(schema, "Namespace");
      return [
        ...children(schema, "Action").flatMap((element) => operation(element, "action", namespace)),
        ...children(schema, "Function").flatMap((element) => operation(element, "function", namespace)),
      ];
    },
  };
}

function enumType(element: XmlElement, namespace: string): EnumType {
  return {
    kind: "enum",
    name: `${namespace}.${requiredAttribute(element, "Name")}`,
    members: new Set(children(element, "Member").map((member) => requiredAttribute(member, "Name"))),
    flags: attribute(element, "IsFlags") === "true",
  };
}

/** Replaces a schema's alias by its namespace: `graph.user` is `microsoft.graph.user`. */
function qualifierFor(schemas: readonly XmlElement[]): (name: string) => string {
  const namespaces = new Map(
    schemas.flatMap((schema) => {
      const alias = attribute(schema, "Alias");
      return alias === undefined ? [] : [[alias, requiredAttribute(schema, "Namespace")] as const];
    }),
  );
  return (name) => {
    const dot = name.indexOf(".");
    const namespace = namespaces.get(name.slice(0, dot));
    return namespace === undefined ? name : namespace + name.slice(dot);
  };
}

function annotationsByTarget(
  schemas: readonly XmlElement[],
  qualify: (name: string) => string,
): ReadonlyMap<string, readonly XmlElement[]> {
  const found = new Map<string, XmlElement[]>();
  for (const element of schemas.flatMap((schema) => children(schema, "Annotations"))) {
    const target = qualify(requiredAttribute(element, "Target"));
    found.set(target, [...(found.get(target) ?? []), ...children(element, "Annotation")]);
  }
  return found;
}

function isTrue(annotations: readonly XmlElement[], term: string): boolean {
  return annotations.some(
    (annotation) => attribute(annotation, "Term") === term && attribute(annotation, "Bool") !== "false",
  );
}

function capability(annotations: readonly XmlElement[]): Capability {
  const values = annotations
    .filter((annotation) => attribute(annotation, "Term")?.startsWith("Org.OData.Capabilities.V1."))
    .flatMap((annotation) => children(annotation, "Record"))
    .flatMap((record) => children(record, "PropertyValue"));
  const value = (name: string) => values.find((candidate) => attribute(candidate, "Property") === name);
  const flag = (name: string) => {
    const text = attribute(value(name) ?? {}, "Bool");
    return text === undefined ? undefined : text === "true";
  };
  const methods = texts(value("UpdateMethod") ?? {}, "EnumMember").flatMap((text) => text.split(" "));
  return {
    insertable: flag("Insertable"),
    updatable: flag("Updatable"),
    deletable: flag("Deletable"),
    updateMethods: methods.map((text) => text.slice(text.indexOf("/") + 1)),
  };
}
