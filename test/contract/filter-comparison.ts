import { enumProblem } from "./check-value.ts";
import type { Token, TokenKind } from "./filter-tokens.ts";
import type { Metadata, TypeRef } from "./metadata.ts";

/** Why a property of this type cannot be compared with the literal, in words that follow its name, or undefined. */
export function comparisonProblem(metadata: Metadata, type: TypeRef, literal: Token): string | undefined {
  if (type.collection) return "is a collection: use any(x:x eq …)";
  if (literal.text === "null") return undefined;
  const declared = metadata.types.get(type.name);
  if (declared?.kind === "enum")
    return literal.kind === "string"
      ? enumProblem(declared, inMetadataCase(unquoted(literal.text)))
      : `is compared with ${literal.text}, not with a name in quotes`;
  if (declared !== undefined) return `is an object and cannot be compared with ${literal.text}`;
  const isBoolean = literal.kind === "name" && ["true", "false"].includes(literal.text);
  const fits = literalsOf[type.name]?.includes(isBoolean ? "boolean" : literal.kind) ?? false;
  return fits ? undefined : `is ${type.name} and cannot be compared with ${literal.text}`;
}

const numeric: readonly TokenKind[] = ["number"];

const literalsOf: Readonly<Record<string, readonly (TokenKind | "boolean")[]>> = {
  "Edm.String": ["string"],
  "Edm.Boolean": ["boolean"],
  // OData writes a GUID bare; Graph's own examples also quote it.
  "Edm.Guid": ["guid", "string"],
  "Edm.DateTimeOffset": ["instant", "date"],
  "Edm.Date": ["date"],
  "Edm.Duration": ["duration"],
  "Edm.Byte": numeric,
  "Edm.Int16": numeric,
  "Edm.Int32": numeric,
  "Edm.Int64": numeric,
  "Edm.Single": numeric,
  "Edm.Double": numeric,
  "Edm.Decimal": numeric,
};

// Documented filters write both 'delivered' and 'Delivered':
// https://learn.microsoft.com/graph/api/entitlementmanagement-list-assignments
function inMetadataCase(name: string): string {
  return name.charAt(0).toLowerCase() + name.slice(1);
}

function unquoted(text: string): string {
  return text.slice(1, -1).replaceAll("''", "'");
}
