import { createLocalJWKSet, exportJWK, generateKeyPair, SignJWT } from "jose";
import { beforeAll, beforeEach, describe, expect, test } from "vitest";
import { z } from "zod";
import type { TokenRules } from "../../shared/api/caller.ts";
import { done, endpoint, refuse } from "../../shared/api/endpoint.ts";
import { bodyLimit, serve, type ApiRequest, type ServePorts } from "../../shared/api/serve.ts";

const home = "11111111-1111-4111-8111-111111111111";
const app = "bbbbbbbb-0000-4000-8000-000000000001";
const requestId = "cccccccc-0000-4000-8000-000000000001";
const at = Date.UTC(2026, 10, 23, 12);

let rules: TokenRules;
let token: (roles: readonly string[]) => Promise<string>;
beforeAll(async () => {
  const { publicKey, privateKey } = await generateKeyPair("RS256");
  const keys = createLocalJWKSet({ keys: [{ ...(await exportJWK(publicKey)), kid: "one", alg: "RS256" }] });
  rules = {
    audiences: ["api://muster"],
    tenants: new Set([home]),
    issuersOf: (tenant) => [`https://login.example/${tenant}/v2.0`],
    keysOf: () => keys,
    now: () => at,
  };
  const seconds = at / 1_000;
  token = (roles) =>
    new SignJWT({ tid: home, oid: app, azp: app, aud: "api://muster", roles: [...roles] })
      .setProtectedHeader({ alg: "RS256", kid: "one" })
      .setIssuer(`https://login.example/${home}/v2.0`)
      .setIssuedAt(seconds)
      .setNotBefore(seconds)
      .setExpirationTime(seconds + 60)
      .sign(privateKey);
});

type Ports = { readonly paint: (what: string) => Promise<void> };

const paint = endpoint({
  name: "paint",
  method: "POST",
  route: "walls/{wall}",
  role: "Muster.Operate",
  summary: "Paints a wall",
  params: z.object({ wall: z.string() }),
  query: z.strictObject({ coats: z.coerce.number().int().min(1).max(3).default(1) }),
  headers: z.object({ "X-Brush": z.string().min(2) }),
  body: z.strictObject({ colour: z.enum(["red", "green"]), layers: z.array(z.int()).default([]) }),
  answer: { status: 201, means: "Painted.", body: z.object({ painted: z.string() }) },
  problems: { 409: "It is wet.", 503: "There is no paint." },
  async reply({ params, query, headers, body, caller }, ports: Ports) {
    if (body.colour === "green") return refuse(409, "The wall is wet. Wait.");
    if (params.wall === "empty") return refuse(503, "There is no paint.");
    await ports.paint(params.wall);
    return done(
      { painted: [params.wall, query.coats, headers["X-Brush"], body.colour, caller.object].join(" ") },
      { "x-wall": params.wall },
    );
  },
});

const look = endpoint({
  name: "look",
  method: "GET",
  route: "walls",
  role: "Muster.Read",
  summary: "Looks",
  answer: { status: 200, means: "Seen.", body: z.object({ walls: z.int() }) },
  reply: async (_asked, _ports: Ports) => done({ walls: 4 }),
});

let logged: Parameters<ServePorts<Ports>["log"]>[];
let painted: string[];
beforeEach(() => {
  logged = [];
  painted = [];
});

class Outage extends Error {}

type Change = {
  readonly roles?: readonly string[];
  readonly request?: Partial<Omit<ApiRequest, "header">>;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  readonly outside?: Partial<ServePorts<Ports>>;
};

async function ask(change: Change = {}, what = paint) {
  const { roles = ["Muster.Operate"], body = '{"colour":"red"}' } = change;
  const sent: Readonly<Record<string, string>> = {
    authorization: `Bearer ${await token(roles)}`,
    "x-brush": "broad",
    ...change.headers,
  };
  const answer = await serve(
    what,
    {
      params: { wall: "north" },
      query: {},
      header: (name) => sent[name.toLowerCase()] ?? null,
      text: async () => body,
      ...change.request,
    },
    {
      rules: () => rules,
      ports: async () => ({ paint: async (wall) => void painted.push(wall) }),
      newRequestId: () => requestId,
      isOutage: (error) => error instanceof Outage,
      log: (...line) => void logged.push(line),
      ...change.outside,
    },
  );
  expect(answer.headers["x-request-id"]).toBe(requestId);
  expect(answer.headers["cache-control"]).toBe("no-store");
  expect(logged).toEqual([
    [
      expect.any(String),
      "The API has answered.",
      expect.objectContaining({ requestId, endpoint: what.name }),
    ],
  ]);
  return { ...answer, json: JSON.parse(answer.body) as Readonly<Record<string, unknown>> };
}

test("who may, and says it rightly, is answered, with the request's id", async () => {
  const { status, headers, json } = await ask({ request: { query: { coats: "2" } } });
  expect(status).toBe(201);
  expect(json).toEqual({ painted: `north 2 broad red ${app}` });
  expect(headers).toMatchObject({ "content-type": "application/json", "x-wall": "north" });
  expect(logged[0]?.[0]).toBe("info");
  expect(logged[0]?.[2]).toMatchObject({ status: 201, tenant: home, object: app, app });
});

test.each([
  [["Muster.Read"], 403, 200],
  [["Muster.Operate"], 201, 200],
  [["Muster.Approve"], 403, 403],
  [["muster.operate", "Muster.Operate.All", "*"], 403, 403],
  [[], 403, 403],
] as const)("with the roles %j, what writes is %i and what reads is %i", async (roles, writes, reads) => {
  expect((await ask({ roles })).status).toBe(writes);
  logged = [];
  expect((await ask({ roles }, look)).status).toBe(reads);
});

describe("nothing is read of", () => {
  const text = async () => {
    throw new Error("the body was read");
  };

  test("somebody whom nobody knows: which token would do is not said", async () => {
    const answer = await ask({ headers: { authorization: "Bearer a.b.c" }, request: { text } });
    expect(answer.status).toBe(401);
    expect(answer.headers).toMatchObject({ "www-authenticate": 'Bearer error="invalid_token"' });
    expect(answer.json).toEqual({
      type: "about:blank",
      status: 401,
      title: "Unauthorized",
      detail: "Send a token of Microsoft Entra for this application, as docs/api.md says.",
      requestId,
    });
    // The log says why.
    expect(logged[0]?.[2]).toHaveProperty("why");
  });

  test("somebody without the role, who hears which it takes", async () => {
    const { status, json, headers } = await ask({ roles: ["Muster.Read"], request: { text } });
    expect([status, json["detail"]]).toEqual([403, expect.stringContaining("Muster.Operate")]);
    expect(headers["www-authenticate"]).toContain("insufficient_scope");
  });

  test("somebody who says that it is too long", async () => {
    const headers = { "content-length": String(bodyLimit + 1) };
    expect((await ask({ headers, request: { text } })).status).toBe(413);
  });

  test("what is longer than it said", async () => {
    expect((await ask({ body: `"${"x".repeat(bodyLimit)}"` })).status).toBe(413);
    expect(painted).toEqual([]);
  });

  test("the body, where none is wanted", async () => {
    expect((await ask({ request: { text } }, look)).status).toBe(200);
  });
});

describe("what is wrong is said, all of it and where:", () => {
  test.each<[string, Change, readonly string[]]>([
    ["no JSON", { body: "{" }, ["body: is not JSON"]],
    ["nothing", { body: "" }, ["body: is empty: send JSON, and say its length in Content-Length"]],
    ["a member missing", { body: "{}" }, ["body.colour: is missing"]],
    ["one that nobody knows", { body: '{"colour":"red","x":1}' }, ["body.x: is not known here"]],
    ["another type inside", { body: '{"colour":"red","layers":[1,"2"]}' }, ["body.layers.1: Invalid input"]],
    ["no such query", { request: { query: { coat: "1" } } }, ["query.coat: is not known here"]],
    ["a number that is none", { request: { query: { coats: "many" } } }, ["query.coats: "]],
    ["a header", { headers: { "x-brush": "b" } }, ["header.X-Brush: Too small"]],
    [
      "several things at once",
      { headers: { "x-brush": "" }, request: { query: { a: "", b: "" } }, body: "[]" },
      ["query.a: is", "query.b: is", "header.X-Brush: ", "body: Invalid input"],
    ],
  ])("%s", async (_what, change, says) => {
    const { status, json } = await ask(change);
    expect(status).toBe(400);
    const errors = json["errors"] as readonly { readonly at: string; readonly problem: string }[];
    const lines = errors.map(({ at: where, problem }) => `${where}: ${problem}`);
    expect(lines).toEqual(says.map((text) => expect.stringContaining(text)));
    expect(json["detail"]).toBe(lines.join("; "));
    expect(painted).toEqual([]);
  });

  test("a name that is too long to repeat is shortened", async () => {
    const { body } = await ask({ body: `{"colour":"red","${"x".repeat(50_000)}":1}` });
    expect(body.length).toBeLessThan(1_000);
  });

  test("what the host puts among the parts of a route is none of them", async () => {
    const { status } = await ask({ request: { params: { wall: "north", Headers: "x" } } });
    expect(status).toBe(201);
  });
});

test("what an endpoint refuses is a problem with the words that it has for it", async () => {
  const { status, headers, json } = await ask({ body: '{"colour":"green"}' });
  expect(headers["content-type"]).toBe("application/problem+json");
  expect(json).toEqual({
    type: "about:blank",
    status,
    title: "Conflict",
    detail: "The wall is wet. Wait.",
    requestId,
  });
  logged = [];
  const empty = await ask({ request: { params: { wall: "empty" } } });
  expect([empty.status, empty.headers["retry-after"]]).toEqual([503, "10"]);
});

describe("whatever is thrown", () => {
  const failing = (error: unknown): Partial<ServePorts<Ports>> => ({
    ports: async () => ({
      paint: async () => {
        throw error;
      },
    }),
  });

  test("is 500 and keeps its words for the log", async () => {
    const { status, body } = await ask({ outside: failing(new Error("the secret recipe")) });
    expect(status).toBe(500);
    expect(body).not.toContain("secret");
    expect(logged[0]).toMatchObject(["error", "The API has answered.", { why: "the secret recipe" }]);
  });

  test("by what Muster stands on is 503, to be asked again", async () => {
    const { status, headers, body } = await ask({ outside: failing(new Outage("at 10.0.0.4")) });
    expect([status, headers["retry-after"]]).toEqual([503, "10"]);
    expect(body).not.toContain("10.0.0.4");
  });

  test("before anybody is known is the same", async () => {
    const rulesOf = () => {
      throw new Error("MUSTER_CLIENT_ID: set it");
    };
    const { status, body } = await ask({ outside: { rules: rulesOf } });
    expect([status, body.includes("MUSTER_")]).toEqual([500, false]);
  });

  test("by the keys of a tenant is 503", async () => {
    const keysOf = () => () => Promise.reject(new TypeError("fetch failed"));
    const { status, headers } = await ask({ outside: { rules: () => ({ ...rules, keysOf }) } });
    expect([status, headers["retry-after"]]).toEqual([503, "10"]);
  });
});
