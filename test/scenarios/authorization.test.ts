import { beforeAll, describe, expect, test } from "vitest";
import { openScene, type Scene } from "../support/lab.ts";
import { tokenFor } from "../support/token.ts";
import { workflowCall } from "../support/workflow-call.ts";

/**
 * Every function that listens to HTTP and does not prove its callers by what they send, with every kind of caller: only the right ones
 * pass. test/api/caller.test.ts has the same of tokens that no authority gives.
 */
let scene: Scene;
beforeAll(async () => {
  scene = await openScene({ targets: 1, weather: "calm" });
});

const apps = () => scene.lab.world.apps;
const tokenOf = (...[client, audience]: [Parameters<typeof tokenFor>[1], string]) =>
  tokenFor(scene.lab, client, audience);
const relayToken = () => tokenOf(apps().relay, "api://muster");
const change = (token: string, part: 0 | 1 | 2, to: (text: string) => string) => {
  const parts = token.split(".");
  const changed = to(Buffer.from(parts[part] ?? "", "base64url").toString());
  return parts.with(part, Buffer.from(changed).toString("base64url")).join(".");
};

/** Each caller by what they send for authorization, and what becomes of them. */
const callers: Readonly<Record<string, readonly [status: number, () => Promise<string | null>]>> = {
  nobody: [401, async () => null],
  "an empty header": [401, async () => ""],
  "a password": [401, async () => "Basic bXVzdGVyOm11c3Rlcg=="],
  "a function key": [401, async () => "Bearer functionkey"],
  "a token that is none": [401, async () => "Bearer a.b.c"],
  "a token for Graph": [401, async () => `Bearer ${await tokenOf(apps().relay, "api://other")}`],
  "an administrator's token for Graph": [
    401,
    async () => `Bearer ${await tokenOf(apps().admin, "https://graph.microsoft.com")}`,
  ],
  "the relay's token without its signature": [
    401,
    async () => `Bearer ${(await relayToken()).split(".").with(2, "").join(".")}`,
  ],
  "the relay's token with the algorithm none": [
    401,
    async () => `Bearer ${change(await relayToken(), 0, (head) => head.replace("RS256", "none"))}`,
  ],
  "the relay's token with another tenant in it": [
    401,
    async () =>
      `Bearer ${change(await relayToken(), 1, (body) => body.replaceAll(scene.lab.world.source.tenantId, "99999999-9999-4999-8999-999999999999"))}`,
  ],
  "an operator, who is no relay": [
    403,
    async () => `Bearer ${await tokenOf(apps().operator, "api://muster")}`,
  ],
  "the relay": [202, async () => `Bearer ${await relayToken()}`],
};

describe("POST /api/lifecycle-workflows", () => {
  const url = () => `${scene.lab.hosts[0]?.url}/api/lifecycle-workflows`;
  const post = async (authorization: string | null, body = workflowCall({ at: scene.lab.clock.now() })) =>
    fetch(url(), { method: "POST", headers: authorization === null ? {} : { authorization }, body });

  test.each(Object.entries(callers))("from %s", async (_, [status, authorization]) => {
    const answer = await post(await authorization());
    expect(answer.status).toBe(status);
    if (status === 202) return;
    expect(answer.headers.get("content-type")).toBe("application/problem+json");
    expect(await answer.json()).toMatchObject({ status, detail: expect.any(String) });
  });

  test("says in what way a call is wrong, and only to who may make one", async () => {
    const token = `Bearer ${await relayToken()}`;
    const wrong = workflowCall({ category: "purge" });
    const answer = await post(token, wrong);
    expect(answer.status).toBe(400);
    expect(await answer.json()).toMatchObject({ detail: expect.stringContaining("category") });
    expect((await post(null, wrong)).status).toBe(401);
  });

  test("reads no more than a call has", async () => {
    expect((await post(`Bearer ${await relayToken()}`, "x".repeat(200_000))).status).toBe(413);
  });

  test("is not there for other methods", async () => {
    for (const method of ["GET", "PUT", "DELETE"]) {
      const answer = await fetch(url(), {
        method,
        headers: { authorization: `Bearer ${await relayToken()}` },
      });
      expect([404, 405]).toContain(answer.status);
    }
  });
});
