import { createLocalJWKSet, errors, exportJWK, generateKeyPair, SignJWT, UnsecuredJWT } from "jose";
import { beforeAll, describe, expect, test } from "vitest";
import { identify, type TokenRules } from "../../shared/api/caller.ts";

const home = "11111111-1111-4111-8111-111111111111";
const elsewhere = "99999999-9999-4999-8999-999999999999";
const oid = "aaaaaaaa-0000-4000-8000-000000000001";
const app = "bbbbbbbb-0000-4000-8000-000000000001";
const now = Date.UTC(2026, 10, 23, 12);
const seconds = Math.floor(now / 1_000);
const login = "https://login.example";

type Keys = Awaited<ReturnType<typeof generateKeyPair>>;
let own: Keys;
let foreign: Keys;
let rules: TokenRules;
beforeAll(async () => {
  [own, foreign] = await Promise.all([generateKeyPair("RS256"), generateKeyPair("RS256")]);
  const jwk = { ...(await exportJWK(own.publicKey)), kid: "one", alg: "RS256", use: "sig" };
  const keys = createLocalJWKSet({ keys: [jwk] });
  rules = {
    audiences: ["api://muster", app],
    tenants: new Set([home]),
    issuersOf: (tenant) => [`${login}/${tenant}/v2.0`, `https://sts.windows.net/${tenant}/`],
    keysOf: () => keys,
    now: () => now,
  };
});

const sound = {
  aud: "api://muster",
  iss: `${login}/${home}/v2.0`,
  tid: home,
  oid,
  azp: app,
  roles: ["Muster.Operate"],
  iat: seconds - 10,
  nbf: seconds - 10,
  exp: seconds + 600,
};

type Made = {
  readonly claims?: Readonly<Record<string, unknown>>;
  readonly keys?: Keys;
  readonly kid?: string;
};

const signed = ({ claims = {}, keys = own, kid = "one" }: Made = {}) =>
  new SignJWT({ ...sound, ...claims })
    .setProtectedHeader({ alg: "RS256", typ: "JWT", kid })
    .sign(keys.privateKey);

const identified = async (token: string, other: Partial<TokenRules> = {}) =>
  identify(`Bearer ${token}`, { ...rules, ...other });

describe("who calls with a token that Entra made for Muster", () => {
  test("is who it says", async () => {
    expect(await identified(await signed())).toEqual({
      kind: "caller",
      caller: { tenant: home, object: oid, app, kind: "application", roles: ["Muster.Operate"] },
    });
  });

  test("is a user where the token says what they let the application do", async () => {
    expect(await identified(await signed({ claims: { scp: "user_impersonation" } }))).toMatchObject({
      kind: "caller",
      caller: { object: oid, app, kind: "user", roles: ["Muster.Operate"] },
    });
  });

  test.each([
    ["a token of version 1", { iss: `https://sts.windows.net/${home}/`, azp: undefined, appid: app }],
    ["the application's id for an audience", { aud: app }],
    ["ids in capitals", { tid: home.toUpperCase(), oid: oid.toUpperCase() }],
    ["no role at all", { roles: undefined }],
    ["a clock that is a little behind", { nbf: seconds + 50, iat: seconds + 50 }],
    ["a clock that is a little ahead", { exp: seconds - 50 }],
  ])("counts with %s", async (_, claims) => {
    expect(await identified(await signed({ claims }))).toMatchObject({
      kind: "caller",
      caller: { tenant: home, object: oid, app },
    });
  });
});

describe("nobody is believed with", () => {
  test.each([
    ["nothing", null],
    ["an empty header", ""],
    ["another scheme", "Basic bXVzdGVyOm11c3Rlcg=="],
    ["no token", "Bearer "],
    ["something that is no token", "Bearer a.b.c"],
    ["two tokens", "Bearer a.b.c, Bearer d.e.f"],
  ])("%s", async (_, header) => {
    expect(await identify(header, rules)).toMatchObject({ kind: "refused" });
  });

  test.each([
    ["another audience", { aud: "api://other" }],
    ["an audience among others that is not Muster's", { aud: ["https://graph.microsoft.com"] }],
    ["no audience", { aud: undefined }],
    ["the issuer of another tenant", { iss: `${login}/${elsewhere}/v2.0` }],
    ["an issuer that only begins like it", { iss: `${login}/${home}/v2.0/evil` }],
    ["no issuer", { iss: undefined }],
    ["another tenant", { tid: elsewhere, iss: `${login}/${elsewhere}/v2.0` }],
    ["another tenant and the issuer of ours", { tid: elsewhere }],
    ["no tenant", { tid: undefined }],
    ["a tenant that is no id", { tid: "common" }],
    ["no object", { oid: undefined }],
    ["no application", { azp: undefined }],
    ["a time that is over", { exp: seconds - 61 }],
    ["no end", { exp: undefined }],
    ["a time that has not come", { nbf: seconds + 61 }],
    ["no beginning", { nbf: undefined }],
    ["roles that are no list", { roles: "Muster.Operate" }],
  ])("%s", async (_, claims) => {
    expect(await identified(await signed({ claims }))).toMatchObject({ kind: "refused" });
  });

  test("somebody else's signature", async () => {
    expect(await identified(await signed({ keys: foreign }))).toMatchObject({ kind: "refused" });
  });

  test("a key that nobody knows", async () => {
    expect(await identified(await signed({ kid: "two" }))).toMatchObject({ kind: "refused" });
  });

  test("no signature", async () => {
    expect(await identified(new UnsecuredJWT(sound).encode())).toMatchObject({ kind: "refused" });
    const [, body = ""] = (await signed()).split(".");
    const none = Buffer.from(JSON.stringify({ alg: "none", kid: "one" })).toString("base64url");
    expect(await identified(`${none}.${body}.`)).toMatchObject({ kind: "refused" });
    expect(await identified(`${none}.${body}.x`)).toMatchObject({ kind: "refused" });
  });

  test("a signature by the public key as if it were a shared one", async () => {
    const secret = new TextEncoder().encode(JSON.stringify(await exportJWK(own.publicKey)));
    const token = await new SignJWT(sound).setProtectedHeader({ alg: "HS256", kid: "one" }).sign(secret);
    expect(await identified(token)).toMatchObject({ kind: "refused" });
  });

  test("a body that was changed after it was signed", async () => {
    const [head = "", , signature = ""] = (await signed()).split(".");
    const body = Buffer.from(JSON.stringify({ ...sound, roles: ["Muster.Approve"] })).toString("base64url");
    expect(await identified(`${head}.${body}.${signature}`)).toMatchObject({ kind: "refused" });
  });
});

test.each([
  ["do not come", new errors.JWKSTimeout()],
  ["come as something else", new errors.JOSEError("Expected 200 OK from the JSON Web Key Set HTTP response")],
  ["cannot be reached", new TypeError("fetch failed")],
])("nobody is refused because the keys %s: that is said", async (_, error) => {
  const keysOf = () => () => Promise.reject(error);
  expect(await identified(await signed(), { keysOf })).toMatchObject({ kind: "unavailable" });
});
