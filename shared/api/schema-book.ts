import { z } from "zod";

export type Schema = Readonly<Record<string, unknown>>;
type Direction = "input" | "output";

/** Writes schemas as JSON schema, and keeps those that have a name (`meta({ id })`) in one place: the rest refers to them. */
export type SchemaBook = {
  readonly write: (schema: z.ZodType, direction: Direction) => Schema;
  /** Those with names, by name. */
  readonly named: () => Readonly<Record<string, Schema>>;
};

const place = "#/components/schemas/";

export function schemaBook(): SchemaBook {
  const known = new Map<string, Schema>();
  return {
    write(schema, io) {
      // Only what is inside of something else is referred to by its name.
      const { properties, $defs = {} } = z.toJSONSchema(z.object({ it: schema }), {
        io,
        override({ jsonSchema }) {
          // Answers may come to have more members. What nobody knows in a request is refused.
          if (io === "output" && jsonSchema.additionalProperties === false)
            delete jsonSchema.additionalProperties;
        },
      });
      for (const [name, own] of Object.entries($defs)) known.set(name, referring(own));
      return referring(properties?.["it"]);
    },
    named: () => Object.fromEntries([...known].toSorted(([a], [b]) => (a < b ? -1 : 1))),
  };
}

/** Plain JSON, with every reference where an OpenAPI document has its schemas. */
const referring = (schema: unknown): Schema =>
  JSON.parse(JSON.stringify(schema).replaceAll('"#/$defs/', `"${place}`)) as Schema; // it was one
