import * as z from "zod";
import type { Path } from "./problem.ts";
import { policyFileSchema } from "./policy-schema.ts";

/** What the schema says about one place in the file. */
export type Annotations = {
  readonly title?: string | undefined;
  readonly description?: string | undefined;
  /** The keys a map may have; none when it may have any. */
  readonly keys: readonly string[];
};

export function annotationsAt(path: Path): Annotations {
  return annotationsOf(schemaAt(path));
}

/** What the keys of the map at `path` must be like; undefined where the schema lists them. */
export function keyRuleAt(path: Path): { title: string; pattern: RegExp; description: string } | undefined {
  const schema = unwrap(schemaAt(path));
  const { title, pattern, description } =
    (schema instanceof z.ZodRecord ? z.globalRegistry.get(schema.keyType) : undefined) ?? {};
  if (typeof pattern !== "string" || title === undefined || description === undefined) return undefined;
  return { title, pattern: new RegExp(pattern), description };
}

/** Whether `value` could stand at `path`. */
export function isAcceptedAt(path: Path, value: unknown): boolean {
  const schema = schemaAt(path);
  return schema !== undefined && z.safeParse(schema, value).success;
}

function schemaAt(path: Path): z.core.$ZodType | undefined {
  let schema: z.core.$ZodType | undefined = policyFileSchema;
  for (const segment of path) schema = child(unwrap(schema), segment);
  return schema;
}

function child(schema: z.core.$ZodType | undefined, segment: string | number): z.core.$ZodType | undefined {
  if (schema instanceof z.ZodObject) return schema.shape[segment];
  if (schema instanceof z.ZodRecord) return schema.valueType;
  if (schema instanceof z.ZodArray) return schema.element;
  // What may be written in two ways has its keys in one of them.
  if (schema instanceof z.ZodUnion)
    return schema.options.map((option) => child(unwrap(option), segment)).find((one) => one !== undefined);
  return undefined;
}

type Wrapper = z.ZodOptional | z.ZodDefault | z.ZodPrefault;

function isWrapper(schema: z.core.$ZodType | undefined): schema is Wrapper {
  return schema instanceof z.ZodOptional || schema instanceof z.ZodDefault || schema instanceof z.ZodPrefault;
}

function unwrap(schema: z.core.$ZodType | undefined): z.core.$ZodType | undefined {
  return isWrapper(schema) ? unwrap(schema.unwrap()) : schema;
}

/** A wrapper describes the key, what it wraps names the kind of value: the outer word wins. */
function annotationsOf(schema: z.core.$ZodType | undefined): Annotations {
  if (schema === undefined) return { keys: [] };
  const own = z.globalRegistry.get(schema);
  const inner: Annotations = isWrapper(schema) ? annotationsOf(schema.unwrap()) : { keys: keysOf(schema) };
  return {
    title: own?.title ?? inner.title,
    description: own?.description ?? inner.description,
    keys: inner.keys,
  };
}

function keysOf(schema: z.core.$ZodType): readonly string[] {
  if (schema instanceof z.ZodUnion)
    return schema.options.flatMap((option: z.core.$ZodType) => annotationsOf(option).keys);
  return schema instanceof z.ZodObject ? Object.keys(schema.shape) : [];
}
