import type { AccessToken, TokenCredential } from "@azure/identity";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { graphHttp, late, type HttpCall } from "../../shared/graph/http.ts";
import { graphTenant } from "../../shared/graph/tenant.ts";

const url = "https://graph.example";
const call: HttpCall = {
  method: "GET",
  path: "/users/1?$select=id",
  headers: { "client-request-id": "c-1" },
  timeoutMs: 7_000,
};
const token: AccessToken = { token: "the token", expiresOnTimestamp: Date.UTC(2100, 0) };
const giving = (answer: () => Promise<AccessToken | null>): TokenCredential => ({ getToken: answer });
const given = giving(async () => token);
const never = giving(() => new Promise(() => undefined));

/** What went over the network, what comes back, and the clocks that run: each ends when the test says so. */
let network: { requests: Request[]; answer: (request: Request) => Promise<Response> };
let clocks: { readonly ms: number; readonly ring: () => void }[];

beforeEach(() => {
  network = {
    requests: [],
    answer: async () => Response.json({ id: "1" }, { headers: { "Request-Id": "r-1" } }),
  };
  clocks = [];
  vi.stubGlobal("fetch", (input: string | URL | Request, init?: RequestInit) => {
    const request = new Request(input, init);
    network.requests.push(request);
    return network.answer(request);
  });
  vi.spyOn(AbortSignal, "timeout").mockImplementation((ms) => {
    const controller = new AbortController();
    clocks.push({ ms, ring: () => controller.abort(new DOMException("The time is over.", "TimeoutError")) });
    return controller.signal;
  });
});
afterEach(() => {
  vi.unstubAllGlobals();
  vi.restoreAllMocks();
});

const ring = async (ms: number) => {
  await vi.waitFor(() => expect(clocks.some((clock) => clock.ms === ms)).toBe(true));
  for (const clock of clocks.splice(0)) if (clock.ms === ms) clock.ring();
};

describe("an exchange with Graph", () => {
  test("goes where it should, with the token, and comes back whole", async () => {
    const answer = await graphHttp({ url, credential: given })(call);
    expect(answer).toMatchObject({ status: 200, body: { id: "1" }, headers: { "request-id": "r-1" } });
    expect(network.requests.map((request) => request.url)).toEqual([`${url}/v1.0/users/1?$select=id`]);
    expect(network.requests[0]?.headers.get("authorization")).toBe("Bearer the token");
    expect(network.requests[0]?.headers.get("client-request-id")).toBe("c-1");
  });

  test("is not sent when its time was over before a token came", async () => {
    const slow = giving(async () => {
      vi.spyOn(Date, "now").mockReturnValue(1_001);
      return token;
    });
    vi.spyOn(Date, "now").mockReturnValue(999);
    expect(await graphHttp({ url, credential: slow })({ ...call, sendBefore: 1_000 })).toBe(late);
    expect(network.requests).toEqual([]);
    vi.spyOn(Date, "now").mockReturnValue(999);
    const inTime = await graphHttp({ url, credential: given })({ ...call, sendBefore: 1_000 });
    expect(inTime.status).toBe(200);
  });

  test("that is refused is an answer", async () => {
    network.answer = async () =>
      Response.json({ error: { code: "Denied", message: "No." } }, { status: 403 });
    expect(await graphHttp({ url, credential: given })(call)).toMatchObject({
      status: 403,
      body: { error: { code: "Denied" } },
    });
  });

  test("that comes back as something else than JSON is an answer", async () => {
    network.answer = async () => new Response("<html>", { status: 502 });
    expect(await graphHttp({ url, credential: given })(call)).toMatchObject({ status: 502, body: "<html>" });
  });

  test("that comes back empty is an answer", async () => {
    network.answer = async () => new Response(null, { status: 204 });
    const answer = await graphHttp({ url, credential: given })({ ...call, method: "DELETE" });
    expect(answer).toMatchObject({ status: 204, body: undefined });
  });

  test("that breaks off got no answer", async () => {
    network.answer = () => Promise.reject(new TypeError("fetch failed"));
    expect(await graphHttp({ url, credential: given })(call)).toMatchObject({
      status: 0,
      body: { error: { code: "network", message: expect.stringContaining("fetch failed") } },
    });
  });

  test("that takes longer than it may got no answer in time", async () => {
    network.answer = ({ signal }) =>
      new Promise((_, reject) => {
        const end = () => reject(signal.reason as Error); // the test made it
        if (signal.aborted) end();
        else signal.addEventListener("abort", end);
      });
    const pending = graphHttp({ url, credential: given })(call);
    await ring(call.timeoutMs);
    expect(await pending).toMatchObject({ status: 0, body: { error: { code: "timeout" } } });
  });
});

describe("a credential", () => {
  test("that never answers is given up after ten seconds, whether it listens or not, and Graph is not asked", async () => {
    const pending = graphHttp({ url, credential: never })(call);
    await ring(10_000);
    expect(await pending).toMatchObject({
      status: 0,
      body: { error: { code: "token", message: "no token came within 10 s" } },
    });
    expect(network.requests).toEqual([]);
  });

  test("is told that its time is over", async () => {
    let heard = false;
    const listening: TokenCredential = {
      getToken: (_, options) =>
        new Promise(() => options?.abortSignal?.addEventListener("abort", () => (heard = true))),
    };
    const pending = graphHttp({ url, credential: listening })(call);
    await ring(10_000);
    await pending;
    expect(heard).toBe(true);
  });

  test("that never answers frees its place for the next call", async () => {
    let slow = true;
    const once = giving(() => (slow ? never.getToken("") : Promise.resolve(token)));
    const http = graphHttp({ url, credential: once });
    const { send } = graphTenant({ tenantId: "t", url, http, concurrency: 1 });
    const get = { method: "GET", path: "/users/1", template: "/users/{id}", priority: "normal" } as const;
    const first = send(get).catch((error: unknown) => String(error));
    await vi.waitFor(() => expect(clocks.some(({ ms }) => ms === 10_000)).toBe(true));
    const second = send({ ...get, priority: "low" });
    slow = false;
    await ring(10_000);
    expect(await first).toContain("no token came within 10 s");
    expect((await second).status).toBe(200);
  });

  test("that is refused got no token, which is told from a network that is down", async () => {
    const refused = Object.assign(new Error("AADSTS700016: not found"), { name: "AuthenticationError" });
    expect(await graphHttp({ url, credential: giving(() => Promise.reject(refused)) })(call)).toMatchObject({
      status: 0,
      body: { error: { code: "token", message: expect.stringContaining("AADSTS700016") } },
    });
  });

  test("that gives nothing got no token", async () => {
    expect(await graphHttp({ url, credential: giving(async () => null) })(call)).toMatchObject({
      body: { error: { code: "token" } },
    });
  });
});
