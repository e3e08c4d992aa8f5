import { connect } from "node:net";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startClock, type LabClock } from "../../lab/clock.ts";
import { fixture, newGate, newHost, testHost, until, type TestHost } from "./host-apps.ts";

describe("an HTTP function in the lab's host", () => {
  let clock: LabClock;
  let web: TestHost;
  const get = (path: string, init?: RequestInit) => fetch(web.host.url + path, init);

  beforeAll(async () => {
    clock = startClock();
    web = newHost({ app: fixture("web"), clock, env: { OWN: "yes" } });
    await web.host.start();
  });
  afterAll(async () => {
    await web.host.kill();
    clock.stop();
  });

  it("gets the method, the URL, decoded query values, route parameters and the text of its body", async () => {
    const answer = await get("/api/echo/Hello?name=SOC%20Readers&plus=a+b", {
      method: "POST",
      headers: { "content-type": "text/plain" },
      body: "plain text",
    });
    expect(answer.headers.get("content-type")).toBe("application/json");
    expect(await answer.json()).toEqual({
      method: "POST",
      url: `${web.host.url}/api/echo/Hello?name=SOC%20Readers&plus=a+b`,
      params: { word: "Hello" },
      query: { name: "SOC Readers", plus: "a b" },
      contentType: "text/plain",
      text: "plain text",
    });
  });

  it("can answer Graph's validation of a subscription address with the decoded token as text/plain", async () => {
    const token = "Validation: Testing client application reachability for subscription Request-Id: 1";
    const answer = await get(`/api/validate?validationToken=${encodeURIComponent(token)}`, {
      method: "POST",
    });
    expect([answer.status, answer.headers.get("content-type"), await answer.text()]).toEqual([
      200,
      "text/plain",
      token,
    ]);
  });

  it("sees the values of a repeated query key joined by a comma, as in Azure", async () => {
    expect(await (await get("/api/echo?x=1&x=2")).json()).toMatchObject({ query: { x: "1,2" } });
  });

  it("is found whatever the case of the path, and keeps the case of its parameters", async () => {
    expect(await (await get("/API/Echo/MixedCase")).json()).toMatchObject({ params: { word: "MixedCase" } });
  });

  it("does not see an optional route parameter that is absent", async () => {
    expect(await (await get("/api/echo")).json()).toMatchObject({ params: {} });
  });

  it("wins with a literal route over a parameter, and is not reached past a failed constraint", async () => {
    expect(await (await get("/api/items/newest")).json()).toBe("newest");
    expect(await (await get("/api/items/12")).json()).toEqual({ id: "12" });
    expect((await get("/api/items/twelve")).status).toBe(404);
    expect(await (await get("/api/files/a/b%20c")).json()).toEqual({ path: "a/b c" });
  });

  it("answers 404 for a method it does not have, because Azure has no 405", async () => {
    const answer = await get("/api/echo", { method: "PUT", body: "x" });
    expect([answer.status, await answer.text()]).toEqual([404, ""]);
    expect((await get("/echo")).status).toBe(404);
  });

  it("answers 204 when it returns nothing, and the status it names otherwise", async () => {
    expect((await get("/api/nothing")).status).toBe(204);
    expect((await get("/api/accepted")).status).toBe(202);
  });

  it("answers 500 without a body when it throws or returns what is no response, and the error is logged", async () => {
    for (const path of ["/api/throws", "/api/text"]) {
      const answer = await get(path);
      expect([answer.status, await answer.text()]).toEqual([500, ""]);
    }
    const failures = web.lines.filter(
      ({ level, functionName }) => level === "error" && functionName === "throws",
    );
    expect(failures).toHaveLength(1);
    expect(failures[0]?.message).toContain("the handler failed on purpose");
  });

  it("receives a body of 5 MB whole", async () => {
    const answer = await get("/api/size", { method: "POST", body: Buffer.alloc(5 * 1024 * 1024, "x") });
    expect(await answer.json()).toEqual({ bytes: 5 * 1024 * 1024 });
  });

  it("gets an empty body from a chunked request, as in Azure, with a warning in the log", async () => {
    const answer = await get("/api/size", {
      method: "POST",
      body: new Blob(["chunk"]).stream(),
      duplex: "half",
    });
    expect(await answer.json()).toEqual({ bytes: 0 });
    expect(web.lines).toContainEqual(
      expect.objectContaining({
        level: "warning",
        functionName: "size",
        message: expect.stringContaining("chunked"),
      }),
    );
  });

  it("sets several cookies, with their attributes", async () => {
    const answer = await get("/api/cookies");
    expect(answer.headers.getSetCookie()).toEqual([
      "a=1%202; HttpOnly; SameSite=Strict",
      "b=2; Max-Age=60; Path=/api",
    ]);
  });

  it("logs through its context and standard output to the lab", async () => {
    await get("/api/logs");
    expect(web.said("logs")).toEqual(["from the app { n: 1 }", "a warning"]);
    await until("standard output", () => web.lines.some(({ message }) => message === "from standard output"));
    expect(web.lines.find(({ message }) => message === "a warning")).toMatchObject({
      host: "host-1",
      level: "warning",
      invocationId: expect.any(String),
    });
  });

  it("has the settings it was given and nothing else of the lab's environment", async () => {
    process.env["LAB_ONLY"] = "secret";
    const other = testHost({ app: fixture("web"), clock, env: { OWN: "yes" } });
    await other.host.start();
    delete process.env["LAB_ONLY"];
    expect(await (await fetch(`${other.host.url}/api/setting`)).json()).toEqual({ own: "yes", lab: null });
  });

  it("refuses a body over the limit with 413", async () => {
    const small = testHost({ app: fixture("web"), clock, env: { FUNCTIONS_REQUEST_BODY_SIZE_LIMIT: "10" } });
    await small.host.start();
    // By hand, because fetch would fail while it is still sending.
    const { port } = new URL(small.host.url);
    const answer = await new Promise<string>((resolve, reject) => {
      const socket = connect(Number(port), "127.0.0.1", () => {
        socket.write("POST /api/size HTTP/1.1\r\nhost: x\r\ncontent-length: 11\r\n\r\n");
      });
      socket.once("data", (data) => {
        socket.destroy();
        resolve(data.toString());
      });
      socket.once("error", reject);
    });
    expect(answer).toContain("413");
  });

  it("shows as busy while it is in flight", async () => {
    const gate = await newGate();
    const slow = testHost({ app: fixture("web"), clock, env: { GATE: gate.url } });
    await slow.host.start();
    const answer = fetch(`${slow.host.url}/api/slow`);
    await until("the handler waits at the gate", () => gate.waiting() === 1);
    expect(slow.host.busy()).toEqual(["host-1: HTTP GET /api/slow"]);
    gate.open();
    expect(await (await answer).text()).toBe("done");
    await until("the host is at rest", () => slow.host.busy().length === 0);
  });

  it("has no route prefix when host.json says so", async () => {
    const app = fixture("bare-prefix");
    const bare = testHost({ app, clock });
    await bare.host.start();
    expect(await (await fetch(`${bare.host.url}/ping`)).text()).toBe("pong");
    expect((await fetch(`${bare.host.url}/api/ping`)).status).toBe(404);
  });
});
