import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { GraphError } from "../../shared/graph/error.ts";
import { tokenTimeoutText, type HttpAnswer, type HttpCall } from "../../shared/graph/http.ts";
import { graphTenant, notFound, type GraphCall, type GraphReply } from "../../shared/graph/tenant.ts";
import {
  eachPart,
  inTurn,
  noAnswer,
  ok,
  partsOf,
  refused,
  scriptedHttp,
  throttled,
} from "../support/scripted-http.ts";

const tenantId = "55555555-5555-4555-8555-555555555555";
const url = "https://graph.example";

const get = (path: string, changes: Partial<GraphCall> = {}): GraphCall => ({
  method: "GET",
  path,
  template: "/users/{id}",
  priority: "normal",
  ...changes,
});

const onDemandOf = (job: string) =>
  get(`/jobs/${job}/provisionOnDemand`, { method: "POST", lane: `on-demand ${job}` });
const add: GraphCall = {
  method: "POST",
  path: "/groups/1/members/$ref",
  template: "/groups/{id}/members/$ref",
  body: { "@odata.id": "…" },
  priority: "high",
  accepts: ({ status, message }) => status === 400 && message.includes("already exist"),
};
const alreadyThere = refused(400, { message: "One or more added object references already exist." });

function tenant(answer: (call: HttpCall) => HttpAnswer | Promise<HttpAnswer>, concurrency = 4) {
  const network = scriptedHttp(answer);
  return { network, ...graphTenant({ tenantId, url, http: network.http, concurrency }) };
}

/** The error a call ends with. */
async function errorOf(reply: Promise<GraphReply>): Promise<GraphError> {
  const error: unknown = await reply.then(
    () => "an answer",
    (reason: unknown) => reason,
  );
  if (error instanceof GraphError) return error;
  throw new Error(`expected a GraphError, got ${String(error)}`);
}

const requestIds = (calls: readonly HttpCall[]) => calls.map(({ headers }) => headers["client-request-id"]);

describe("a call", () => {
  test("says who asks, how urgent it is, and what it carries", async () => {
    const { network, send } = tenant(() => ok({ id: "1" }, { "request-id": "r-1" }));
    const reply = await send({ ...add, headers: { ConsistencyLevel: "eventual" } });
    expect(network.calls).toHaveLength(1);
    expect(network.calls[0]).toMatchObject({ method: "POST", path: add.path, body: add.body });
    expect(network.calls[0]?.headers).toMatchObject({
      "client-request-id": reply.trace.clientRequestId,
      "x-ms-throttle-priority": "high",
      ConsistencyLevel: "eventual",
    });
    expect(reply.trace).toMatchObject({ requestId: "r-1", status: 200, tries: 1 });
    expect(reply).toMatchObject({ body: { id: "1" }, appliedBefore: "no" });
  });

  test("without a body sends none", async () => {
    const { network, send } = tenant(() => ok());
    await send(get("/users/1"));
    expect(network.calls[0]).not.toHaveProperty("body");
  });

  test("has an id of its own, and keeps it over its tries", async () => {
    const busy = { "retry-after": "0.01" };
    const { network, send } = tenant(inTurn(refused(503, busy), refused(503, busy), ok(), ok()));
    const reply = await send(get("/users/1"));
    await send(get("/users/1"));
    const [first, second, third, other] = requestIds(network.calls);
    expect(first).toMatch(/^[0-9a-f-]{36}$/);
    expect([second, third]).toEqual([first, first]);
    expect(other).not.toBe(first);
    expect(reply.trace).toMatchObject({ clientRequestId: first, tries: 3 });
  });

  test("that is refused in a way it accepts is answered", async () => {
    const { send } = tenant(() => refused(404));
    expect(await send(get("/users/1", { accepts: notFound }))).toMatchObject({ status: 404 });
  });

  test("that is refused is an error with all that is known, and no id of a person in its path", async () => {
    const answer = { ...refused(403, { code: "Denied", message: "No." }), headers: { "request-id": "r-1" } };
    const { network, send } = tenant(() => answer);
    const error = await errorOf(send(get("/users/ana@source.example")));
    expect(network.calls).toHaveLength(1);
    expect(error.failure).toMatchObject({
      status: 403,
      code: "Denied",
      message: "No.",
      template: "/users/{id}",
      tenantId,
      requestId: "r-1",
      clientRequestId: requestIds(network.calls)[0],
      retryAfterMs: null,
    });
    expect(error.message).not.toContain("ana@");
  });

  test.each([400, 401, 403, 404, 405, 410, 412])(
    "that is refused with %i is not tried again",
    async (status) => {
      const { network, send } = tenant(() => refused(status));
      await errorOf(send(get("/users/1")));
      expect(network.calls).toHaveLength(1);
    },
  );

  test("that gets no token is not tried again: the token service has been asked often enough", async () => {
    const { network, send } = tenant(() => noAnswer("token", "AADSTS700016: not found"));
    expect((await errorOf(send(get("/users/1")))).failure).toMatchObject({ code: "token", status: 0 });
    expect(network.calls).toHaveLength(1);
  });

  test("that is answered with something that is no Graph error is an error all the same", async () => {
    const { send } = tenant(() => ({ status: 403, headers: {}, body: "<html>" }));
    expect((await errorOf(send(get("/users/1")))).failure).toMatchObject({ status: 403, code: "unknown" });
  });
});

describe("passing trouble", () => {
  const soon = { "retry-after": "0.01" };

  test.each([408, 409, 423, 425, 429, 500, 502, 503, 504])("%i is tried again", async (status) => {
    const { network, send } = tenant(inTurn(refused(status, soon), ok()));
    expect((await send(get("/users/1"))).status).toBe(200);
    expect(network.calls).toHaveLength(2);
  });

  test("that does not pass is an error after three tries", async () => {
    const { network, send } = tenant(() => refused(503, soon));
    expect((await errorOf(send(get("/users/1")))).failure.status).toBe(503);
    expect(network.calls).toHaveLength(3);
  });

  test.each([
    ["an error of the server", refused(500, soon)],
    ["an error on the way", refused(504, soon)],
  ])("after %s nobody knows whether the call went through: the answer says so", async (_, trouble) => {
    const { send } = tenant(inTurn(trouble, alreadyThere));
    expect(await send(add)).toMatchObject({ status: 400, appliedBefore: "maybe" });
  });

  test("after Graph said that it is not available, it is unlikely that it did", async () => {
    const { send } = tenant(inTurn(refused(503, soon), alreadyThere));
    expect(await send(add)).toMatchObject({ status: 400, appliedBefore: "unlikely" });
  });

  test("an error that follows does not say anything of the try that got no answer before", async () => {
    const { send } = tenant(inTurn(noAnswer("timeout"), refused(503, soon), alreadyThere));
    expect(await send(add)).toMatchObject({ status: 400, appliedBefore: "maybe" });
  });

  test("after being throttled everybody knows that it did not", async () => {
    const { send } = tenant(inTurn(throttled("0.01"), alreadyThere));
    expect(await send(add)).toMatchObject({ status: 400, appliedBefore: "no" });
  });

  test("on the first try there is nothing to doubt", async () => {
    const { send } = tenant(() => alreadyThere);
    expect(await send(add)).toMatchObject({ status: 400, appliedBefore: "no" });
  });

  test("with no answer at all is tried again after a moment, and is doubted", async () => {
    const { network, send } = tenant(inTurn(noAnswer("timeout"), alreadyThere));
    const startedAt = Date.now();
    expect(await send(add)).toMatchObject({ status: 400, appliedBefore: "maybe" });
    expect(network.calls).toHaveLength(2);
    expect(Date.now() - startedAt).toBeGreaterThanOrEqual(300);
  });
});

describe("being throttled", () => {
  test("for a moment is waited out here, fractions of a second included", async () => {
    const { network, send } = tenant(inTurn(throttled("0.12"), ok()));
    const startedAt = Date.now();
    const { trace } = await send(get("/users/1"));
    expect(Date.now() - startedAt).toBeGreaterThanOrEqual(118);
    expect(Date.now() - startedAt).toBeLessThan(1_000);
    expect(network.calls).toHaveLength(2);
    expect(trace.ms).toBeGreaterThanOrEqual(118);
  });

  test("for long is not waited out: the time goes back to the queue", async () => {
    const { network, send } = tenant(() => throttled("7.5"));
    expect((await errorOf(send(get("/users/1")))).failure.retryAfterMs).toBe(7_500);
    expect(network.calls).toHaveLength(1);
  });

  test("pauses the tenant: nobody asks again before the time, and nobody waits for it", async () => {
    const { network, send } = tenant(() => throttled("30"));
    await errorOf(send(get("/users/1")));
    const { failure } = await errorOf(send(get("/users/2", { priority: "high" })));
    expect(failure).toMatchObject({ status: 429, code: "paused", requestId: null });
    expect(failure.retryAfterMs).toBeGreaterThan(29_000);
    expect(failure.retryAfterMs).toBeLessThanOrEqual(30_000);
    expect(network.calls).toHaveLength(1);
  });

  test("for a moment makes the others wait for that moment as well", async () => {
    let pausedAt = 0;
    const early: number[] = [];
    const { network, send } = tenant(() => {
      if (pausedAt > 0) early.push(Date.now() - pausedAt);
      if (network.calls.length > 1) return ok();
      pausedAt = Date.now();
      return throttled("0.1");
    });
    const first = send(get("/users/1"));
    await vi.waitFor(() => expect(pausedAt).toBeGreaterThan(0));
    await Promise.all([first, send(get("/users/2"))]);
    expect(Math.min(...early)).toBeGreaterThanOrEqual(98);
  });

  test("is heard of in a 503 as well, when that says for how long", async () => {
    const busy = refused(503, { "retry-after": "30" });
    const { network, send } = tenant(inTurn(busy, ok()));
    await errorOf(send(get("/users/1")));
    expect((await errorOf(send(get("/users/2")))).failure.code).toBe("paused");
    expect(network.calls).toHaveLength(1);
  });

  test("by one tenant is nothing to another", async () => {
    const slow = tenant(() => throttled("30"));
    const other = tenant(() => ok());
    await errorOf(slow.send(get("/users/1")));
    expect((await other.send(get("/users/1"))).status).toBe(200);
  });

  test("of on-demand provisioning does not pause the directory, nor the other way round", async () => {
    const onDemand = get("/jobs/1/provisionOnDemand", { method: "POST", lane: "on-demand a" });
    const answer = (busy: string) => (call: HttpCall) => (call.path.includes(busy) ? throttled("30") : ok());
    const one = tenant(answer("provisionOnDemand"));
    await errorOf(one.send(onDemand));
    expect((await one.send(get("/users/1"))).status).toBe(200);
    expect((await errorOf(one.send(onDemand))).failure.code).toBe("paused");
    const other = tenant(answer("/users"));
    await errorOf(other.send(get("/users/1")));
    expect((await other.send(onDemand)).status).toBe(200);
  });

  test("for long is told to the other hosts, and for a moment is not", async () => {
    const told: unknown[] = [];
    const listen = (answer: () => HttpAnswer) =>
      graphTenant({
        tenantId,
        url,
        http: scriptedHttp(answer).http,
        onPause: (kind, until) => told.push([kind, Math.round((until - Date.now()) / 1_000)]),
      });
    const long = listen(() => throttled("30"));
    await errorOf(long.send(get("/users/1")));
    await errorOf(long.send(onDemandOf("a")));
    await listen(inTurn(throttled("0.1"), ok())).send(get("/users/1"));
    expect(told).toEqual([
      ["directory", 30],
      ["onDemand", 30],
    ]);
  });

  test("another host is heeded, each limit by itself, and no wait becomes shorter by that", async () => {
    const { network, send, heed } = tenant(() => ok());
    heed("directory", Date.now() + 30_000);
    heed("directory", Date.now() + 5_000);
    const { failure } = await errorOf(send(get("/users/1")));
    expect(failure).toMatchObject({ code: "paused" });
    expect(failure.retryAfterMs).toBeGreaterThan(29_000);
    expect((await send(onDemandOf("a"))).status).toBe(200);
    expect(network.calls).toHaveLength(1);
  });

  test("another host is heeded in the tenant's own time", async () => {
    const ahead = 3_600_000;
    const { send, heed, now } = tenant(() => ok({}, { date: new Date(Date.now() + ahead).toUTCString() }));
    await send(get("/users/1"));
    heed("directory", now() + 30_000);
    const { failure } = await errorOf(send(get("/users/1")));
    expect(failure.retryAfterMs).toBeLessThanOrEqual(30_000);
    expect(failure.retryAfterMs).toBeGreaterThan(29_000);
  });

  test("of one synchronization job holds for all: the limit of on-demand provisioning is the tenant's", async () => {
    const { network, send } = tenant((call) => (call.path.includes("busy") ? throttled("30") : ok()));
    await errorOf(send(onDemandOf("busy")));
    expect((await errorOf(send(onDemandOf("other")))).failure.code).toBe("paused");
    expect(network.calls).toHaveLength(1);
  });

  test("of on-demand provisioning is not met by a second call of the same turn", async () => {
    const { network, send } = tenant(inTurn(refused(503), ok()));
    expect((await errorOf(send(onDemandOf("stumbles")))).failure.status).toBe(503);
    expect(network.calls).toHaveLength(1);
  });

  test("in one part of a batch pauses the tenant and does not spoil the other parts", async () => {
    const { send } = tenant(eachPart(({ url: path }) => (path === "/users/1" ? throttled("30") : ok())));
    const [one, two] = await Promise.allSettled([send(get("/users/1")), send(get("/users/2"))]);
    expect([one?.status, two?.status]).toEqual(["rejected", "fulfilled"]);
    expect((await errorOf(send(get("/users/3")))).failure.code).toBe("paused");
  });

  test("without a time is waited out a little longer each time", async () => {
    const { network, send } = tenant(inTurn(refused(429), ok()));
    const startedAt = Date.now();
    await send(get("/users/1"));
    expect(network.calls).toHaveLength(2);
    expect(Date.now() - startedAt).toBeGreaterThanOrEqual(300);
  });
});

describe("a tenant that does not answer", () => {
  const silent = () => noAnswer("timeout");

  test("twice in a row is left alone for a while, so that it does not keep the workers waiting", async () => {
    const { network, send } = tenant(silent);
    expect((await errorOf(send(get("/users/1")))).failure.code).toMatch(/timeout|paused/);
    const asked = network.calls.length;
    expect(asked).toBe(2);
    const { failure } = await errorOf(send(get("/users/2")));
    expect(failure.retryAfterMs).toBeGreaterThan(8_000);
    expect(network.calls).toHaveLength(asked);
  });

  test("because its token service does not is left alone as well", async () => {
    const { network, send } = tenant(() => noAnswer("token", tokenTimeoutText));
    expect((await errorOf(send(get("/users/1")))).failure.code).toBe("token");
    await errorOf(send(get("/users/2")));
    const asked = network.calls.length;
    expect((await errorOf(send(get("/users/3")))).failure.code).toBe("paused");
    expect(network.calls).toHaveLength(asked);
  });

  test("with a token, because it refuses one, has answered", async () => {
    const { network, send } = tenant(() => noAnswer("token", "AADSTS7000229: there is no such application"));
    for (let times = 0; times < 3; times += 1)
      expect((await errorOf(send(get("/users/1")))).failure.code).toBe("token");
    expect(network.calls).toHaveLength(3);
  });

  test("once, and then does, is asked as before", async () => {
    const { network, send } = tenant(inTurn(noAnswer("timeout"), ok(), noAnswer("timeout"), ok()));
    await send(get("/users/1"));
    await send(get("/users/2"));
    expect(network.calls).toHaveLength(4);
  });

  test("about one job answers about all else, the other jobs among them", async () => {
    const { send } = tenant((call) => (call.path.includes("silent") ? silent() : ok()));
    await errorOf(send(onDemandOf("silent")));
    expect((await send(onDemandOf("other"))).status).toBe(200);
    expect((await send(get("/users/1"))).status).toBe(200);
  });
});

describe("a call that may not be sent any more", () => {
  afterEach(() => void vi.useRealTimers());
  const expired = { sendBefore: 1 } as const;

  test("is not sent, and says so", async () => {
    const { network, send } = tenant(() => ok());
    const { failure } = await errorOf(send({ ...add, ...expired }));
    expect(failure).toMatchObject({ status: 0, code: "late", requestId: null });
    expect(failure.message).toContain("so it was not made");
    expect(network.calls).toEqual([]);
  });

  test("is not tried again, and nobody has to doubt whether it went through", async () => {
    const { send } = tenant(() => ok());
    expect((await errorOf(send({ ...add, ...expired }))).failure.appliedBefore).toBeUndefined();
  });

  test("after a try without an answer is doubted all the same", async () => {
    const sendBefore = Date.now() + 150;
    const { network, send } = tenant(() => noAnswer("network"));
    const { failure } = await errorOf(send({ ...add, sendBefore }));
    expect(failure).toMatchObject({ code: "late", appliedBefore: "maybe" });
    expect(network.calls).toHaveLength(1);
  });

  test("is sent while there is time", async () => {
    const { network, send } = tenant(() => ok());
    await send({ ...add, sendBefore: Date.now() + 10_000 });
    expect(network.calls).toHaveLength(1);
  });

  test("does not spoil the calls it would have travelled with", async () => {
    const { send } = tenant(eachPart(() => ok()));
    const calls = [send({ ...add, ...expired }), send({ ...add, sendBefore: Date.now() + 10_000 })];
    const [old, fresh] = await Promise.allSettled(calls);
    expect([old?.status, fresh?.status]).toEqual(["rejected", "fulfilled"]);
  });

  test("is given up when its time runs out while it waits for its turn", async () => {
    let release: () => void = () => undefined;
    const held = new Promise<void>((resolve) => (release = resolve));
    const { network, send } = tenant(async () => {
      await held;
      return ok();
    }, 1);
    vi.useFakeTimers({ toFake: ["Date"] });
    const first = send(get("/users/1"));
    await vi.waitFor(() => expect(network.calls).toHaveLength(1));
    const second = errorOf(send({ ...add, sendBefore: Date.now() + 20_000 }));
    vi.setSystemTime(Date.now() + 20_001);
    release();
    await first;
    expect((await second).failure.code).toBe("late");
    expect(network.calls).toHaveLength(1);
  });
});

describe("a tenant that answers nobody", () => {
  afterEach(() => void vi.useRealTimers());

  /** Whether it counts as silent after it has answered so, so long after it last answered well, when it was asked for so much. */
  async function silentAfter(ms: number, asked: number, answer: HttpAnswer) {
    const { send } = tenant(eachPart((part) => (part.url.endsWith("/0") ? ok() : answer)));
    vi.useFakeTimers({ toFake: ["Date"] });
    await send(get("/users/0"));
    vi.setSystemTime(Date.now() + ms);
    const calls = Array.from({ length: asked }, (_, index) => send(get(`/users/${index + 1}`)));
    const errors = await Promise.all(calls.map(errorOf));
    return errors.every(({ failure }) => failure.silent === "yes");
  }

  test.each([
    ["with nothing but server trouble for a minute is silent", 61_000, 5, refused(503), true],
    ["with no answer at all for a minute is silent", 61_000, 5, noAnswer("network"), true],
    ["for less than that is not", 50_000, 5, refused(503), false],
    ["that was asked for little is not: it may be about one user", 61_000, 4, refused(503), false],
    ["but refuses is not", 61_000, 5, refused(403), false],
  ])("%s", async (_, ms, asked, answer, silent) => {
    expect(await silentAfter(ms, asked, answer)).toBe(silent);
  });

  test("about some is not silent when it answers others: what fails is a call's own trouble", async () => {
    const { send } = tenant(eachPart((part) => (part.url.endsWith("/0") ? ok() : refused(500))));
    vi.useFakeTimers({ toFake: ["Date"] });
    vi.setSystemTime(Date.now() + 61_000);
    const failing = Array.from({ length: 6 }, (_, index) => errorOf(send(get(`/users/${index + 1}`))));
    await send(get("/users/0"));
    for (const { failure } of await Promise.all(failing)) expect(failure.silent).toBeUndefined();
  });
});

describe("the tenant's own time", () => {
  afterEach(() => void vi.useRealTimers());

  const datedBy = (ms: number) => ok({}, { date: new Date(Date.now() + ms).toUTCString() });
  const aheadAfter = async (...answers: readonly HttpAnswer[]) => {
    const { now, send } = tenant(inTurn(...answers));
    for (const _ of answers) await send(get("/users/1"));
    return now() - Date.now();
  };

  test("is ours until it says another", async () => {
    expect(Math.abs(tenant(() => ok()).now() - Date.now())).toBeLessThan(50);
    expect(Math.abs(await aheadAfter(ok()))).toBeLessThan(50);
  });

  test.each([-90_000, 45_000])("is what its answers say: %d ms ahead of ours", async (ms) => {
    // Answers say the time in whole seconds.
    expect(Math.abs((await aheadAfter(datedBy(ms))) - ms)).toBeLessThan(1_100);
  });

  test("is ours when it differs by less than its answers can say", async () => {
    expect(Math.abs(await aheadAfter(datedBy(45_000), datedBy(800)))).toBeLessThan(50);
  });

  test("is not what an answer says that was long under way", async () => {
    const { now, send } = tenant(async () => {
      const answer = datedBy(0);
      vi.setSystemTime(Date.now() + 40 * 60_000);
      return answer;
    });
    await send(get("/users/1"));
    expect(Math.abs(now() - Date.now())).toBeLessThan(50);
  });

  test("is the one by which calls are too late to be sent", async () => {
    const { network, send } = tenant(() => datedBy(60_000));
    await send(get("/users/1"));
    const late = { method: "DELETE", path: "/users/1", template: "/users/{id}", priority: "high" } as const;
    await expect(send({ ...late, sendBefore: Date.now() + 30_000 })).rejects.toThrow("late");
    await send({ ...late, sendBefore: Date.now() + 90_000 });
    expect(network.calls).toHaveLength(2);
  });

  test("is kept when an answer says none, or one that is no time", async () => {
    const ahead = await aheadAfter(datedBy(45_000), ok(), ok({}, { date: "soon" }));
    expect(Math.abs(ahead - 45_000)).toBeLessThan(1_100);
  });
});

describe("many calls", () => {
  test("at the same time travel together", async () => {
    const { network, send } = tenant(eachPart(() => ok()));
    await Promise.all(Array.from({ length: 20 }, (_, index) => send(get(`/users/${index}`))));
    expect(network.calls.map(({ path }) => path)).toEqual(["/$batch"]);
    const ids = network.calls.flatMap(partsOf).map(({ headers }) => headers["client-request-id"]);
    expect(new Set(ids).size).toBe(20);
  });

  test("of different priorities never share a batch", async () => {
    const { network, send } = tenant(eachPart(() => ok()));
    const priorities = ["high", "normal", "low"] as const;
    await Promise.all(
      priorities.flatMap((priority) => [1, 2].map((id) => send(get(`/users/${id}`, { priority })))),
    );
    expect(network.calls).toHaveLength(priorities.length);
    expect(new Set(network.calls.map(({ headers }) => headers["x-ms-throttle-priority"]))).toEqual(
      new Set(priorities),
    );
    for (const call of network.calls) {
      const inside = partsOf(call).map(({ headers }) => headers["x-ms-throttle-priority"]);
      expect(new Set(inside)).toEqual(new Set([call.headers["x-ms-throttle-priority"]]));
    }
  });

  test("on demand travel one by one", async () => {
    const { network, send } = tenant(() => ok());
    const call = get("/jobs/1/provisionOnDemand", { method: "POST", lane: "on-demand a" });
    await Promise.all([send(call), send(call)]);
    expect(network.calls.map(({ path, timeoutMs }) => [path, timeoutMs])).toEqual([
      [call.path, 60_000],
      [call.path, 60_000],
    ]);
  });
});

describe("the limit on requests in flight", () => {
  let inFlight = 0;
  let most = 0;
  let release: (() => void)[] = [];
  const hold = async (call: HttpCall): Promise<HttpAnswer> => {
    inFlight += 1;
    most = Math.max(most, inFlight);
    await new Promise<void>((resolve) => release.push(resolve));
    inFlight -= 1;
    return eachPart(() => ok())(call);
  };
  const releaseAll = async (pending: Promise<unknown>) => {
    const timer = setInterval(() => release.splice(0).forEach((go) => go()), 2);
    await pending.finally(() => clearInterval(timer));
  };

  beforeEach(() => {
    inFlight = 0;
    most = 0;
    release = [];
  });
  afterEach(() => release.forEach((go) => go()));

  test("is kept, and a batch counts as one", async () => {
    const { network, send } = tenant(hold, 2);
    const calls = Array.from({ length: 100 }, (_, index) => send(get(`/users/${index}`)));
    await releaseAll(Promise.all(calls));
    expect(network.calls).toHaveLength(5);
    expect(most).toBe(2);
  });

  test("lets the urgent go first", async () => {
    const { network, send } = tenant(hold, 1);
    const first = send(get("/users/0"));
    await vi.waitFor(() => expect(inFlight).toBe(1));
    const rest = [
      send(get("/users/low", { priority: "low" })),
      send(get("/users/normal")),
      send(get("/users/high", { priority: "high" })),
    ];
    await sleep(30); // each priority gathers its calls for a moment before it queues them
    await releaseAll(Promise.all([first, ...rest]));
    expect(network.calls.map(({ path }) => path)).toEqual([
      "/users/0",
      "/users/high",
      "/users/normal",
      "/users/low",
    ]);
  });

  test("of on-demand provisioning is a job's own, and room for all that the limit lets begin while one of them takes its minute", async () => {
    const { send } = tenant(hold, 1);
    const busy = Array.from({ length: 50 }, () => send(onDemandOf("busy")));
    await vi.waitFor(() => expect(inFlight).toBe(30));
    const others = [send(onDemandOf("other")), send(get("/users/1"))];
    await vi.waitFor(() => expect(inFlight).toBe(32));
    await releaseAll(Promise.all([...busy, ...others]));
    expect(most).toBe(32);
  });

  test("of one tenant is nothing to another", async () => {
    const slow = tenant(hold, 1);
    const pending = slow.send(get("/users/1"));
    await vi.waitFor(() => expect(inFlight).toBe(1));
    const other = tenant(() => ok(), 1);
    expect((await other.send(get("/users/1"))).status).toBe(200);
    await releaseAll(pending);
  });
});
