import { describe, expect, test, vi } from "vitest";
import { coalesce, type Place } from "../../shared/graph/batch.ts";
import { late, type HttpAnswer, type HttpCall } from "../../shared/graph/http.ts";
import { eachPart, ok, partsOf, refused, scriptedHttp, throttled } from "../support/scripted-http.ts";

const get = (path: string, changes: Partial<HttpCall> = {}): HttpCall => ({
  method: "GET",
  path,
  headers: { "client-request-id": `id of ${path}`, "x-ms-throttle-priority": "high" },
  timeoutMs: 10_000,
  ...changes,
});
const numbered = (count: number) => Array.from({ length: count }, (_, index) => get(`/users/${index}`));
const echo = eachPart(({ url }) => ok({ path: url }));

/** There is always a place. */
const atOnce: Place = (run) => run();

/** Nobody has a place before `come`. */
function placesToCome() {
  const isAsked = Promise.withResolvers<undefined>();
  const isThere = Promise.withResolvers<undefined>();
  const wait: Place = async (run) => {
    isAsked.resolve(undefined);
    await isThere.promise;
    return run();
  };
  return { wait, asked: () => isAsked.promise, come: () => isThere.resolve(undefined) };
}

/** Makes the calls at the same time over one network. */
function together(calls: readonly HttpCall[], answer: (call: HttpCall) => HttpAnswer) {
  const network = scriptedHttp(answer);
  const http = coalesce(network.http, atOnce);
  return { network, answers: Promise.all(calls.map((call) => http(call))) };
}

describe("calls made at the same time", () => {
  test("travel in one batch, and each gets its own answer whatever order they come back in", async () => {
    const { network, answers } = together(numbered(3), echo);
    expect((await answers).map(({ body }) => body)).toEqual(numbered(3).map(({ path }) => ({ path })));
    expect(network.calls.map(({ method, path }) => [method, path])).toEqual([["POST", "/$batch"]]);
  });

  test("travel with their own headers and bodies, and a body says what it is", async () => {
    const body = { "@odata.id": "https://graph.microsoft.com/v1.0/directoryObjects/1" };
    const { network, answers } = together(
      [get("/users/1"), get("/groups/1", { method: "POST", body })],
      echo,
    );
    await answers;
    const [bare, typed] = network.calls.flatMap(partsOf);
    expect(bare).toEqual({
      id: "0",
      method: "GET",
      url: "/users/1",
      headers: { "client-request-id": "id of /users/1", "x-ms-throttle-priority": "high" },
    });
    expect(typed).toMatchObject({ id: "1", method: "POST", url: "/groups/1", body });
    expect(typed?.headers["Content-Type"]).toBe("application/json");
  });

  test.each([
    [20, [20]],
    [21, [20, 1]],
    [45, [20, 20, 5]],
  ])("are at most twenty to a batch: %d make %j", async (count, sizes) => {
    const { network, answers } = together(numbered(count), echo);
    expect(await answers).toHaveLength(count);
    expect(network.calls.map((call) => partsOf(call).length || 1)).toEqual(sizes);
  });

  test("are given as much time as the most patient of them", async () => {
    const { network, answers } = together([get("/a"), get("/b", { timeoutMs: 60_000 })], echo);
    await answers;
    expect(network.calls[0]?.timeoutMs).toBe(60_000);
  });

  test("are sent no later than the first of them may be; one that may be sent at any time does not count", async () => {
    const calls = [get("/a"), get("/b", { sendBefore: 7 }), get("/c", { sendBefore: 5 })];
    const { network, answers } = together(calls, echo);
    await answers;
    expect(network.calls[0]?.sendBefore).toBe(5);
    const anytime = together(numbered(2), echo);
    await anytime.answers;
    expect(anytime.network.calls[0]).not.toHaveProperty("sendBefore");
  });

  test("are served with the priority they share", async () => {
    const { network, answers } = together(numbered(2), echo);
    await answers;
    expect(network.calls[0]?.headers).toEqual({ "x-ms-throttle-priority": "high" });
  });
});

describe("a call that is alone", () => {
  test("travels alone, as it is", async () => {
    const { network, answers } = together([get("/users/1")], echo);
    await answers;
    expect(network.calls).toEqual([get("/users/1")]);
  });

  test("is not kept: the same call later is made again", async () => {
    const network = scriptedHttp(echo);
    const http = coalesce(network.http, atOnce);
    await http(get("/users/1"));
    await http(get("/users/1"));
    expect(network.calls).toHaveLength(2);
  });
});

describe("while there is no place", () => {
  test("calls gather, and go together when there is one", async () => {
    const network = scriptedHttp(echo);
    const places = placesToCome();
    const http = coalesce(network.http, places.wait);
    const early = http(get("/early"));
    await places.asked();
    const late = http(get("/late"));
    places.come();
    expect((await Promise.all([early, late])).map(({ body }) => body)).toEqual([
      { path: "/early" },
      { path: "/late" },
    ]);
    expect(network.calls.map(({ path }) => path)).toEqual(["/$batch"]);
  });

  test("the place is held until the answer is there, also when there is none", async () => {
    const held: string[] = [];
    const place: Place = async (run) => {
      held.push("begins");
      return run().finally(() => held.push("ends"));
    };
    const network = scriptedHttp(() => {
      held.push("asked");
      throw new Error("the network is gone");
    });
    await expect(coalesce(network.http, place)(get("/users/1"))).rejects.toThrow("the network is gone");
    expect(held).toEqual(["begins", "asked", "ends"]);
  });
});

describe("the same question of two", () => {
  test("is asked once, and both are answered", async () => {
    const again = get("/users/1", {
      headers: { "client-request-id": "another", "x-ms-throttle-priority": "high" },
    });
    const { network, answers } = together([get("/users/1"), again, get("/users/2")], echo);
    expect((await answers).map(({ body }) => body)).toEqual([
      { path: "/users/1" },
      { path: "/users/1" },
      { path: "/users/2" },
    ]);
    expect(network.calls.flatMap(partsOf).map(({ url }) => url)).toEqual(["/users/1", "/users/2"]);
  });

  test("is asked anew when the first is under way: it may have changed since", async () => {
    const network = scriptedHttp(echo);
    const underWay = Promise.withResolvers<undefined>();
    const http = coalesce(async (call) => {
      const answer = await network.http(call);
      await underWay.promise;
      return answer;
    }, atOnce);
    const first = http(get("/users/1"));
    await vi.waitFor(() => expect(network.calls).toHaveLength(1));
    const second = http(get("/users/1"));
    await vi.waitFor(() => expect(network.calls).toHaveLength(2));
    underWay.resolve(undefined);
    expect(await Promise.all([first, second])).toHaveLength(2);
  });

  test.each([
    ["with other headers", get("/users/1", { headers: { consistencylevel: "eventual" } })],
    ["with an end", get("/users/1", { sendBefore: 5 })],
  ])("is another question %s", async (_, other) => {
    const { network, answers } = together([get("/users/1"), other], echo);
    await answers;
    expect(network.calls.flatMap(partsOf)).toHaveLength(2);
  });

  test("is no question when it writes: each is made", async () => {
    const write = get("/users/1/revokeSignInSessions", { method: "POST" });
    const { network, answers } = together([write, { ...write }, write], echo);
    await answers;
    expect(network.calls.flatMap(partsOf)).toHaveLength(3);
  });
});

describe("a batch in which something goes wrong", () => {
  test("is made of its parts one by one when it waited too long for one of them", async () => {
    const calls = [get("/old", { sendBefore: 1 }), get("/new", { sendBefore: 9 })];
    const { network, answers } = together(calls, (call) =>
      call.sendBefore === 1 ? late : ok({ path: call.path }),
    );
    expect((await answers).map(({ status }) => status)).toEqual([0, 200]);
    expect((await answers)[0]).toBe(late);
    expect(network.calls.map(({ path }) => path)).toEqual(["/$batch", "/old", "/new"]);
  });

  test("spoils only the part it happened to", async () => {
    const { answers } = together(
      numbered(3),
      eachPart(({ url }) => (url === "/users/1" ? throttled("7.5") : ok({ path: url }))),
    );
    expect((await answers).map(({ status }) => status)).toEqual([200, 429, 200]);
    expect((await answers)[1]?.headers["retry-after"]).toBe("7.5");
  });

  test("has its parts' header names in lower case, as every answer does", async () => {
    const { answers } = together(
      numbered(2),
      eachPart(() => ({ ...ok(), headers: { "Retry-After": "3", "request-ID": "r" } })),
    );
    expect((await answers)[0]?.headers).toEqual({ "retry-after": "3", "request-id": "r" });
  });

  test("counts a part that did not come back as not answered", async () => {
    const { answers } = together(numbered(3), (call) => {
      const whole = echo(call).body as { readonly responses: readonly { readonly id: string }[] }; // made by `echo`
      return ok({ responses: whole.responses.filter(({ id }) => id !== "1") });
    });
    expect((await answers).map(({ status }) => status)).toEqual([200, 0, 200]);
    expect((await answers)[1]?.body).toMatchObject({ error: { code: "network" } });
  });

  test.each([
    ["nothing", undefined],
    ["a text", "<html>"],
    ["no responses", {}],
    ["responses that are none", { responses: [7] }],
  ])("counts every part as not answered when it comes back as %s", async (_, body) => {
    const { answers } = together(numbered(2), () => ok(body));
    expect((await answers).map(({ status }) => status)).toEqual([0, 0]);
  });

  test.each([
    ["throttled", throttled("12")],
    ["refused", refused(403)],
    ["broken", refused(503)],
    ["not answered", { status: 0, headers: {}, body: { error: { code: "timeout", message: "" } } }],
  ])("is, when it is %s as a whole, the answer to every part", async (_, answer) => {
    const { answers } = together(numbered(3), () => answer);
    expect(await answers).toEqual([answer, answer, answer]);
  });
});
