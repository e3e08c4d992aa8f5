import type { EntityShape } from "../directory/properties.ts";
import type { Properties } from "../directory/objects.ts";

/** The properties a reader gets: the selected ones or the default set, nulls as Graph shows them. */
export function project(
  properties: Properties,
  shape: EntityShape,
  select: readonly string[] | undefined,
): Record<string, unknown> {
  const names = select === undefined || select.includes("*") ? shape.defaults : select;
  const shown: Record<string, unknown> = {};
  for (const name of names) {
    const value = properties[name];
    if (value !== undefined && value !== null) shown[name] = value;
    // An extension without a value is left out; a declared property is null or empty.
    else if (shape.known.has(name)) shown[name] = shape.collections.has(name) ? [] : null;
  }
  return shown;
}
