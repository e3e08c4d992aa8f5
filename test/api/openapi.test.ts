import { expect, test } from "vitest";
import { z } from "zod";
import { done, endpoint } from "../../shared/api/endpoint.ts";
import { openApiOf } from "../../shared/api/openapi.ts";

const thing = z.object({ name: z.string(), inside: z.object({ count: z.int() }).meta({ id: "Inside" }) });
const things = endpoint({
  name: "change-thing",
  method: "POST",
  route: "things/{id}",
  role: "Muster.Operate",
  summary: "Changes a thing",
  params: z.object({ id: z.string().describe("Whose.") }),
  query: z.strictObject({ much: z.coerce.number().int().default(1) }),
  headers: z.object({ "Idempotency-Key": z.string() }),
  body: z.strictObject({ to: z.string() }),
  answer: {
    status: 200,
    means: "Changed.",
    body: thing.meta({ id: "Thing" }),
    headers: { Location: "Where." },
  },
  problems: { 409: "Somebody else has changed it." },
  reply: async (_asked, _ports: null) => done({ name: "a", inside: { count: 1 } }, { Location: "/api" }),
});
const plain = endpoint({
  name: "list-things",
  method: "GET",
  route: "things",
  role: "Muster.Read",
  summary: "Lists things",
  answer: { status: 200, means: "All.", body: z.object({ things: z.array(thing) }) },
  reply: async (_asked, _ports: null) => done({ things: [] }),
});

const document = openApiOf([things, plain], "1");
const operation = document.paths["/api/things/{id}"]?.["post"];

test("an endpoint is told with who may use it, and all that it takes", () => {
  expect(operation).toMatchObject({
    operationId: "change-thing",
    summary: "Changes a thing",
    security: [{ entra: ["Muster.Operate"] }],
    parameters: [
      { name: "id", in: "path", required: true, description: "Whose.", schema: { type: "string" } },
      { name: "much", in: "query", required: false, schema: { type: "integer", default: 1 } },
      { name: "Idempotency-Key", in: "header", required: true },
    ],
    requestBody: {
      required: true,
      content: { "application/json": { schema: { required: ["to"], additionalProperties: false } } },
    },
  });
});

test("and with all that it answers, its own refusals and those of every endpoint", () => {
  expect(Object.keys(operation?.responses ?? {})).toEqual([
    "200",
    "400",
    "401",
    "403",
    "409",
    "413",
    "500",
    "503",
  ]);
  expect(operation?.responses["200"]).toMatchObject({
    headers: { Location: { description: "Where." }, "x-request-id": {} },
    content: { "application/json": { schema: { $ref: "#/components/schemas/Thing" } } },
  });
  expect(operation?.responses["409"]).toMatchObject({
    description: "Somebody else has changed it.",
    content: { "application/problem+json": { schema: { $ref: "#/components/schemas/Problem" } } },
  });
  expect(operation?.responses["503"]?.headers).toHaveProperty("retry-after");
});

test("what takes no body cannot have one that is too large", () => {
  const responses = document.paths["/api/things"]?.["get"]?.responses ?? {};
  expect(Object.keys(responses)).toEqual(["200", "400", "401", "403", "500", "503"]);
});

test("what has a name is written once, and answers may have more members than are told", () => {
  expect(Object.keys(document.components.schemas)).toEqual(["Inside", "Problem", "Thing"]);
  expect(JSON.stringify(document)).not.toContain("$defs");
  expect(document.components.schemas["Thing"]).toMatchObject({
    properties: { inside: { $ref: "#/components/schemas/Inside" } },
  });
  expect(document.components.schemas["Thing"]).not.toHaveProperty("additionalProperties");
});

test("equal endpoints have equal documents, in whatever order they are named", () => {
  expect(JSON.stringify(openApiOf([plain, things], "1"))).toBe(JSON.stringify(document));
});
