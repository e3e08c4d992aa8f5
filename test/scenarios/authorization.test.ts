import { generateKeyPair, SignJWT, UnsecuredJWT, type JWTPayload } from "jose";
import { beforeAll, describe, expect, test } from "vitest";
import { endpoints } from "../../shared/runtime/api/endpoints.ts";
import { delivery, userItem } from "../support/delivery.ts";
import { openScene, type Scene } from "../support/lab.ts";
import { tokenFor } from "../support/token.ts";
import { workflowCall } from "../support/workflow-call.ts";

/**
 * Everything of Muster's that listens to HTTP, with every kind of caller: only the right ones pass. test/api/caller.test.ts has more
 * tokens that no authority gives.
 */
let scene: Scene;
beforeAll(async () => {
  // What is asked for here is carried out elsewhere.
  scene = await openScene({ targets: 1, weather: "calm", disabled: ["sweeps", "nightly", "catch-up"] });
});

const apps = () => scene.lab.world.apps;
const base = () => `${scene.lab.hosts[0]?.url}/api`;
const tokenOf = (client: Parameters<typeof tokenFor>[1], audience = "api://muster", tenant?: string) =>
  tokenFor(scene.lab, client, audience, tenant);

const stranger = "99999999-9999-4999-8999-999999999999";
const day = 86_400;
const seconds = () => Math.floor(scene.lab.clock.now() / 1_000);
const issuer = (tenant: string) => `${scene.lab.graph.url}/${tenant}/v2.0`;

/** Claims with which anybody might do anything: of the relay, with every role. */
function sound(): JWTPayload & { readonly tid: string } {
  const tid = scene.lab.world.source.tenantId;
  const { clientId } = apps().relay;
  return {
    tid,
    oid: clientId,
    appid: clientId,
    azp: clientId,
    aud: "api://muster",
    iss: issuer(tid),
    roles: ["Muster.Read", "Muster.Operate", "Muster.Approve"],
    iat: seconds() - 60,
    nbf: seconds() - 60,
    exp: seconds() + 600,
  };
}
const signed = (claims: Readonly<Record<string, unknown>> = {}) =>
  scene.lab.graph.sign({ ...sound(), ...claims });

/** Whoever has one of these is nobody, wherever they knock. */
const nobodies: Readonly<Record<string, () => Promise<string | null>>> = {
  "no token": async () => null,
  "an empty header": async () => "",
  "a password": async () => "Basic bXVzdGVyOm11c3Rlcg==",
  "a function key": async () => "Bearer functionkey",
  "a token that is none": async () => "Bearer a.b.c",
  "another audience": async () => `Bearer ${await signed({ aud: "api://other" })}`,
  "an audience that the authority gives": async () =>
    `Bearer ${await tokenOf(apps().operator, "api://other")}`,
  "an administrator's token for Graph": async () =>
    `Bearer ${await tokenOf(apps().admin, "https://graph.microsoft.com")}`,
  "another issuer": async () => `Bearer ${await signed({ iss: "https://login.example/v2.0" })}`,
  "the issuer of another tenant": async () => `Bearer ${await signed({ iss: issuer(stranger) })}`,
  "a tenant that nobody knows": async () =>
    `Bearer ${await signed({ tid: stranger, iss: issuer(stranger) })}`,
  "another tenant, and the issuer of ours": async () => `Bearer ${await signed({ tid: stranger })}`,
  "no tenant": async () => `Bearer ${await signed({ tid: undefined })}`,
  "no signature": async () => `Bearer ${(await signed()).split(".").with(2, "").join(".")}`,
  "somebody else's signature": async () => {
    const { privateKey } = await generateKeyPair("RS256");
    const [head = ""] = (await signed()).split(".");
    const { kid } = JSON.parse(Buffer.from(head, "base64url").toString()) as { readonly kid: string }; // the lab's own
    const token = new SignJWT(sound()).setProtectedHeader({ alg: "RS256", typ: "JWT", kid });
    return `Bearer ${await token.sign(privateKey)}`;
  },
  "the signature of another token": async () => {
    const [head = "", body = ""] = (await signed({ exp: seconds() + day })).split(".");
    return `Bearer ${head}.${body}.${(await signed()).split(".")[2]}`;
  },
  "the algorithm none": async () => `Bearer ${new UnsecuredJWT(sound()).encode()}`,
  "the algorithm none, and a signature": async () => {
    const [, body, signature] = (await signed()).split(".");
    const head = Buffer.from('{"alg":"none","typ":"JWT"}').toString("base64url");
    return `Bearer ${head}.${body}.${signature}`;
  },
  "a token that is over": async () => `Bearer ${await signed({ exp: seconds() - 120 })}`,
  "a token without an end": async () => `Bearer ${await signed({ exp: undefined })}`,
  "a token whose time has not come": async () => `Bearer ${await signed({ nbf: seconds() + 600 })}`,
};

/** Callers of whom it is known who they are, by what they hold. */
const somebodies: Readonly<Record<string, () => Promise<string>>> = {
  "no role": () => tokenOf(apps().operators.none),
  "Muster.Read": () => tokenOf(apps().operators["Muster.Read"]),
  "Muster.Operate": () => tokenOf(apps().operators["Muster.Operate"]),
  "Muster.Approve": () => tokenOf(apps().operators["Muster.Approve"]),
  "the relay's place": () => tokenOf(apps().relay),
  "Muster.Read, by a user": () =>
    signed({ oid: stranger, scp: "user_impersonation", roles: ["Muster.Read"] }),
  "Muster.Operate, by a user": () =>
    signed({ oid: stranger, scp: "user_impersonation", roles: ["Muster.Operate"] }),
  "no role, by a user": () => signed({ oid: stranger, scp: "user_impersonation", roles: undefined }),
  "a permission with the name of a role": () =>
    signed({ oid: stranger, scp: "Muster.Operate Muster.Read", roles: undefined }),
  "a role that is only named like one": () => signed({ roles: ["Muster.Operate.All", "muster.operate"] }),
};

/** What each door takes: the request, and what becomes of whom. Whoever is not named is refused. */
type Door = {
  readonly path: string;
  readonly request: () => Omit<RequestInit, "headers"> & {
    readonly headers?: Readonly<Record<string, string>>;
  };
  readonly passes: Readonly<Record<string, number>>;
};

const readers = ["Muster.Read", "Muster.Operate", "Muster.Read, by a user", "Muster.Operate, by a user"];
const operators = ["Muster.Operate", "Muster.Operate, by a user"];
const all = (names: readonly string[], status: number) =>
  Object.fromEntries(names.map((name) => [name, status]));

const doors: Readonly<Record<string, Door>> = {
  "lifecycle-workflows": {
    path: "lifecycle-workflows",
    request: () => ({ method: "POST", body: workflowCall({ at: scene.lab.clock.now() }) }),
    // Roles are nothing here. A user of the relay's application is not the relay.
    passes: all(["the relay's place", "a role that is only named like one"], 202),
  },
  "clear-departure": {
    path: "departures/a0000000-0000-4000-8000-00000000000a",
    request: () => ({ method: "DELETE" }),
    passes: all(operators, 202),
  },
  "create-resync": {
    path: "resyncs",
    request: () => ({
      method: "POST",
      headers: { "idempotency-key": crypto.randomUUID() },
      body: '{"scope":{"target":"contoso"},"mode":"plan"}',
    }),
    passes: all(operators, 202),
  },
  "read-resync": {
    path: "resyncs/8638208400000000-000000000000",
    request: () => ({}),
    passes: all(readers, 404),
  },
  "list-runs": { path: "runs", request: () => ({}), passes: all(readers, 200) },
  "read-run": {
    path: "runs/8638208400000000-000000000000",
    request: () => ({}),
    passes: all(readers, 404),
  },
};

async function knock({ path, request }: Door, authorization: string | null) {
  const { headers, ...rest } = request();
  const answer = await fetch(`${base()}/${path}`, {
    ...rest,
    headers: { ...headers, ...(authorization !== null && { authorization }) },
  });
  return { answer, text: await answer.text() };
}

/** What came of a call that was taken is over. What waits for a worker of sweeps would be waited for in vain. */
const settle = async ({ path }: Door) => {
  if (path === "lifecycle-workflows" || path.startsWith("departures")) await scene.lab.settled();
};
const sent = () => Object.values(scene.lab.bus.stats()).reduce((sum, queue) => sum + queue.sent, 0);

test("every function that listens to HTTP stands here", () => {
  const functions = scene.lab.hosts[0]?.functions().filter(({ kind }) => kind === "http") ?? [];
  const names = functions.map(({ name }) => name).toSorted();
  expect(names).toEqual(["notifications", ...Object.keys(doors)].toSorted());
  expect(endpoints.map(({ name }) => name).filter((name) => doors[name] === undefined)).toEqual([]);
});

describe.each(Object.entries(doors))("%s", (_name, door) => {
  test.each(Object.entries(nobodies))("is shut to %s", async (_who, authorization) => {
    await settle(door);
    const before = sent();
    const { answer, text } = await knock(door, await authorization());
    expect(answer.status).toBe(401);
    expect(answer.headers.get("www-authenticate")).toContain("Bearer");
    expect(answer.headers.get("content-type")).toBe("application/problem+json");
    expect(JSON.parse(text)).toMatchObject({ status: 401, detail: expect.any(String) });
    expect(sent()).toBe(before);
  });

  test.each(Object.entries(somebodies))("knows %s", async (who, token) => {
    await settle(door);
    const before = sent();
    const { answer, text } = await knock(door, `Bearer ${await token()}`);
    expect(answer.status).toBe(door.passes[who] ?? 403);
    if (answer.status !== 403) return;
    expect(JSON.parse(text)).toMatchObject({ status: 403, detail: expect.any(String) });
    expect(sent()).toBe(before);
  });

  test("is shut to operators of another tenant", async () => {
    const { tenantId = "" } = scene.lab.world.targets["contoso"] ?? {};
    for (const one of Object.values(apps().operators)) {
      const { answer } = await knock(door, `Bearer ${await tokenOf(one, "api://muster", tenantId)}`);
      // A relay may call from a target: there it is known who they are.
      expect(answer.status).toBe(door.path === "lifecycle-workflows" ? 403 : 401);
    }
  });

  test("is not there for other methods", async () => {
    const { method = "GET" } = door.request();
    const [operator, relay] = [await tokenOf(apps().operator), await tokenOf(apps().relay)];
    for (const other of ["GET", "POST", "PUT", "PATCH", "DELETE"].filter((one) => one !== method))
      for (const token of [operator, relay]) {
        const answer = await fetch(`${base()}/${door.path}`, {
          method: other,
          headers: { authorization: `Bearer ${token}` },
        });
        expect([404, 405]).toContain(answer.status);
      }
  });
});

describe("notifications, which nobody needs a token for", () => {
  const post = (query: string, body: string, headers: Readonly<Record<string, string>> = {}) =>
    fetch(`${base()}/notifications${query}`, { method: "POST", body, headers });

  test("takes nothing that is not proven by its client state, whoever brings it", async () => {
    const tokens = [
      ...(await Promise.all(Object.values(nobodies).map((one) => one()))),
      ...(await Promise.all(Object.values(somebodies).map(async (one) => `Bearer ${await one()}`))),
    ];
    const before = sent();
    for (const authorization of tokens) {
      const answer = await post("", delivery(userItem()), authorization === null ? {} : { authorization });
      expect(answer.status).toBe(202);
      expect(await answer.json()).toMatchObject({ keys: 0 });
    }
    expect(sent()).toBe(before);
  });

  test("answers Graph's question whose it is", async () => {
    const answer = await post("?validationToken=is%20this%20yours", "");
    expect([answer.status, await answer.text()]).toEqual([200, "is this yours"]);
  });
});

describe("a caller of lifecycle-workflows", () => {
  const url = () => `${base()}/lifecycle-workflows`;

  test("hears in what way a call is wrong, if they may make one", async () => {
    const authorization = `Bearer ${await tokenOf(apps().relay)}`;
    const body = workflowCall({ category: "purge" });
    const answer = await fetch(url(), { method: "POST", headers: { authorization }, body });
    expect(answer.status).toBe(400);
    expect(await answer.json()).toMatchObject({ detail: expect.stringContaining("category") });
    expect((await fetch(url(), { method: "POST", body })).status).toBe(401);
  });

  test("is read no further than a call goes", async () => {
    const headers = { authorization: `Bearer ${await tokenOf(apps().relay)}` };
    const answer = await fetch(url(), { method: "POST", headers, body: "x".repeat(200_000) });
    expect(answer.status).toBe(413);
  });
});
