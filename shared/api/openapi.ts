import { z } from "zod";
import type { Description } from "./endpoint.ts";
import { apiRoles } from "./roles.ts";
import { schemaBook, type Schema, type SchemaBook } from "./schema-book.ts";
import { commonProblems } from "./serve.ts";

/** What every answer has that is no success. RFC 9457. */
const problemSchema = z
  .object({
    type: z.literal("about:blank"),
    status: z.int(),
    title: z.string(),
    detail: z.string().describe("What went wrong, and what to do."),
    requestId: z.guid().describe("By which the log knows the request."),
    errors: z
      .array(z.object({ at: z.string(), problem: z.string() }))
      .optional()
      .describe("What could not be read, and where."),
  })
  .meta({ id: "Problem", description: "What went wrong (RFC 9457)." });

type Operation = ReturnType<typeof operationOf>;

/** The OpenAPI 3.1 document of these endpoints. Equal endpoints, equal document. */
export function openApiOf(endpoints: readonly Description[], version: string) {
  const book = schemaBook();
  const problem = book.write(problemSchema, "output");
  const byRoute = Map.groupBy(endpoints, ({ route }) => `/api/${route}`);
  const paths = [...byRoute]
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([path, some]) => {
      const operations = some.map((one) => [one.method.toLowerCase(), operationOf(one, { book, problem })]);
      return [path, Object.fromEntries(operations) as Readonly<Record<string, Operation>>] as const; // by method
    });
  return {
    openapi: "3.1.0",
    info: {
      title: "Muster's API for operators",
      version,
      description: "docs/api.md says how to get a token, and what to do about every error.",
      license: { name: "MIT", identifier: "MIT" },
    },
    servers: [{ url: "https://{app}", variables: { app: { default: "muster.azurewebsites.net" } } }],
    paths: Object.fromEntries(paths),
    components: {
      schemas: book.named(),
      headers: {
        "x-request-id": { description: "By which the log knows the request.", schema: { type: "string" } },
        "retry-after": { description: "Seconds to wait.", schema: { type: "integer" } },
      },
      securitySchemes: {
        entra: {
          type: "http",
          scheme: "bearer",
          bearerFormat: "JWT",
          description: `A token of Microsoft Entra for Muster's application, with an app role: ${rolesInWords()}.`,
        },
      },
    },
  };
}

const rolesInWords = () =>
  Object.entries(apiRoles)
    .map(([role, means]) => `${role} ${means}`)
    .join("; ");

type Means = { readonly book: SchemaBook; readonly problem: Schema };

function operationOf(one: Description, { book, problem }: Means) {
  return {
    operationId: one.name,
    summary: one.summary,
    description: `Takes the app role ${one.role}.`,
    security: [{ entra: [one.role] }],
    parameters: [
      ...parametersOf("path", book.write(one.params, "input")),
      ...parametersOf("query", book.write(one.query, "input")),
      ...parametersOf("header", book.write(one.headers, "input")),
    ],
    ...(one.body !== null && {
      requestBody: {
        required: true,
        content: { "application/json": { schema: book.write(one.body, "input") } },
      },
    }),
    responses: responsesOf(one, { book, problem }),
  };
}

type Response = {
  readonly description: string;
  readonly headers: Readonly<Record<string, unknown>>;
  readonly content: Readonly<Record<string, { readonly schema: Schema }>>;
};

function responsesOf(one: Description, { book, problem }: Means): Readonly<Record<string, Response>> {
  return {
    [one.answer.status]: {
      description: one.answer.means,
      headers: { ...headersOf(one.answer.headers), ...requestIdHeader },
      content: { "application/json": { schema: book.write(one.answer.body, "output") } },
    },
    ...problemsOf(one, problem),
  };
}

function parametersOf(where: "path" | "query" | "header", object: Schema) {
  const schema = object as {
    readonly properties?: Readonly<Record<string, Schema>>;
    readonly required?: readonly string[];
  }; // that of an object
  return Object.entries(schema.properties ?? {}).map(([name, { description, ...own }]) => ({
    name,
    in: where,
    required: schema.required?.includes(name) ?? false,
    ...(description !== undefined && { description }),
    schema: own,
  }));
}

const requestIdHeader = { "x-request-id": { $ref: "#/components/headers/x-request-id" } };
const retryHeader = { "retry-after": { $ref: "#/components/headers/retry-after" } };

const headersOf = (headers: Readonly<Record<string, string>>) =>
  Object.fromEntries(
    Object.entries(headers).map(([name, description]) => [name, { description, schema: { type: "string" } }]),
  );

/** Numbers for names come in order, whoever says them. */
function problemsOf({ body, problems }: Description, problem: Schema) {
  const { 413: tooLarge, ...common } = commonProblems;
  const all: Readonly<Record<string, string>> = {
    ...common,
    ...(body !== null && { 413: tooLarge }),
    ...problems,
  };
  return Object.fromEntries(
    Object.entries(all).map(([status, description]) => [
      status,
      {
        description,
        headers: { ...requestIdHeader, ...(status === "503" && retryHeader) },
        content: { "application/problem+json": { schema: problem } },
      },
    ]),
  );
}
