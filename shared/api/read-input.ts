import type { z } from "zod";

/** A request, as it came. */
export type RawInput = {
  readonly params: Readonly<Record<string, string>>;
  readonly query: Readonly<Record<string, string>>;
  readonly header: (name: string) => string | null;
  /** Empty when there is none. */
  readonly body: string;
};

/** What each part of a request has to look like. `body` null: it is not read. */
export type Shapes = {
  readonly params: z.ZodObject;
  readonly query: z.ZodObject;
  readonly headers: z.ZodObject;
  readonly body: z.ZodType | null;
};

/** Where something is wrong, and what. */
export type Wrong = { readonly at: string; readonly problem: string };

type Input = Readonly<Record<"params" | "query" | "headers" | "body", unknown>>;

/** Reads all of it, or says everything that is wrong with it. What a schema does not know is wrong. */
export function readInput(
  raw: RawInput,
  { params, query, headers, body }: Shapes,
):
  | { readonly kind: "read"; readonly input: Input }
  | { readonly kind: "wrong"; readonly wrong: readonly Wrong[] } {
  const named = (object: z.ZodObject, valueOf: (name: string) => string | null | undefined) =>
    Object.fromEntries(Object.keys(object.shape).map((name) => [name, valueOf(name) ?? undefined]));
  const parts = {
    // The host may put other things among these.
    params: check(
      "path",
      params,
      named(params, (name) => raw.params[name]),
    ),
    query: check("query", query, raw.query),
    headers: check("header", headers, named(headers, raw.header)),
    body: body === null ? { value: undefined, wrong: [] } : checkBody(body, raw.body),
  };
  const wrong = Object.values(parts).flatMap((part) => part.wrong);
  if (wrong.length > 0) return { kind: "wrong", wrong };
  return {
    kind: "read",
    input: {
      params: parts.params.value,
      query: parts.query.value,
      headers: parts.headers.value,
      body: parts.body.value,
    },
  };
}

type Checked = { readonly value: unknown; readonly wrong: readonly Wrong[] };

function checkBody(schema: z.ZodType, text: string): Checked {
  const wrong = (problem: string) => ({ value: undefined, wrong: [{ at: "body", problem }] });
  if (text === "") return wrong("is empty: send JSON, and say its length in Content-Length");
  try {
    return check("body", schema, JSON.parse(text));
  } catch {
    return wrong("is not JSON");
  }
}

function check(part: string, schema: z.ZodType, value: unknown): Checked {
  const parsed = schema.safeParse(value);
  if (parsed.success) return { value: parsed.data, wrong: [] };
  return { value: undefined, wrong: parsed.error.issues.flatMap((issue) => wrongOf(part, issue, value)) };
}

function wrongOf(part: string, issue: z.core.$ZodIssue, value: unknown): readonly Wrong[] {
  const at = [part, ...issue.path.map(String)].join(".");
  if (issue.code === "unrecognized_keys")
    return issue.keys.map((key) => ({ at: `${at}.${shortened(key)}`, problem: "is not known here" }));
  return [{ at, problem: valueAt(value, issue.path) === undefined ? "is missing" : issue.message }];
}

function valueAt(value: unknown, [first, ...rest]: readonly PropertyKey[]): unknown {
  if (first === undefined) return value;
  if (typeof value !== "object" || value === null || !Object.hasOwn(value, first)) return undefined;
  return valueAt((value as Readonly<Record<PropertyKey, unknown>>)[first], rest);
}

/** Names are the caller's, and as long as they like. */
const shortened = (name: string) => (name.length > 60 ? `${name.slice(0, 60)}…` : name);
