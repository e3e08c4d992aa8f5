import { beforeAll, describe, expect, test } from "vitest";
import { endpoints } from "../../shared/runtime/api/endpoints.ts";
import { openScene, type Scene } from "../support/lab.ts";
import { operatorIn, type ApiAnswer, type Operator } from "../support/operator.ts";

/** What operators ask for, and what they are told; that it is carried out is another scenario's: here nobody does. */
let scene: Scene;
let operator: Operator;
let reader: Operator;
beforeAll(async () => {
  scene = await openScene({ targets: 2, weather: "calm", disabled: ["sweeps", "nightly", "catch-up"] });
  operator = await operatorIn(scene, "Muster.Operate");
  reader = await operatorIn(scene, "Muster.Read");
});

const everything = { scope: "all", mode: "plan" };
const queued = () => scene.lab.bus.stats()["sweeps"]?.active ?? 0;

async function refusal(answer: Promise<ApiAnswer>) {
  const { status, headers, body } = await answer;
  expect(headers.get("content-type")).toBe("application/problem+json");
  expect(body).toMatchObject({
    type: "about:blank",
    status,
    requestId: headers.get("x-request-id"),
    detail: expect.any(String),
  });
  return { status, detail: (body as { readonly detail: string }).detail };
}

describe("an operator asks for everything to be compared", () => {
  let location: string;

  test("and hears where its progress is told, before anything is done", async () => {
    const before = queued();
    const { status, headers, body } = await operator.ask(everything);
    expect(status).toBe(202);
    location = headers.get("location") ?? "";
    expect(location).toBe(`/api/resyncs/${(body as { readonly id: string }).id}`);
    expect(queued() - before).toBe(3);
  });

  test("there, every place waits", async () => {
    const { status, body } = await reader.call("GET", location);
    expect(status).toBe(200);
    const { clientId } = scene.lab.world.apps.operators["Muster.Operate"];
    expect(body).toMatchObject({
      occasion: "resync",
      mode: "plan",
      scope: "all",
      by: `application ${clientId} of ${scene.lab.world.source.tenantId}`,
      state: "running",
      begun: expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/),
      ended: null,
      progress: { places: 3, over: 0 },
      places: ["contoso", "fabrikam", "source"].map((name) => ({
        name,
        state: "waiting",
        begun: null,
        counts: { differ: 0, repaired: 0 },
        differences: [],
      })),
    });
  });

  test("it is a run among others", async () => {
    const { body } = await reader.call("GET", "/api/runs?limit=1");
    expect(body).toEqual({ runs: [expect.objectContaining({ id: location.slice("/api/resyncs/".length) })] });
    const run = await operator.call("GET", location.replace("resyncs", "runs"));
    expect(run.body).toMatchObject({ occasion: "resync", progress: { places: 3 } });
  });

  test("of which one place is shown where no more is asked for", async () => {
    const { body } = await reader.call("GET", `${location}?target=fabrikam`);
    expect(body).toMatchObject({ progress: { places: 3, over: 0 }, places: [{ name: "fabrikam" }] });
    expect((body as { readonly places: readonly unknown[] }).places).toHaveLength(1);
    expect(await refusal(reader.call("GET", `${location}?target=nowhere`))).toMatchObject({ status: 404 });
  });

  test("what is answered is what the API says that it answers", async () => {
    for (const [name, path] of [
      ["read-resync", location],
      ["read-run", location.replace("resyncs", "runs")],
      ["list-runs", "/api/runs"],
    ]) {
      const { body } = await operator.call("GET", path ?? "");
      const described = endpoints.find((one) => one.name === name)?.answer.body;
      // Nothing is left out of it either.
      expect({ name, body: described?.parse(body) }).toEqual({ name, body });
    }
  });
});

describe("the scope", () => {
  test.each([
    [{ target: "contoso" }, ["contoso"]],
    [{ target: "source" }, ["source"]],
    [{ analyst: "AAAAAAAA-0000-4000-8000-000000000001" }, ["source"]],
  ])("%j is written down", async (scope, places) => {
    const { headers } = await operator.ask({ scope, mode: "apply" });
    const { body } = await operator.call("GET", headers.get("location") ?? "");
    const run = body as { readonly scope: unknown; readonly places: readonly { readonly name: string }[] };
    expect(run.places.map(({ name }) => name)).toEqual(places);
    expect(JSON.stringify(run.scope)).toBe(JSON.stringify(scope).toLowerCase());
  });

  test("has to be in the policy, of which the operator hears", async () => {
    expect(await refusal(operator.ask({ scope: { target: "nobody" }, mode: "plan" }))).toEqual({
      status: 422,
      detail: "Not in the policy: a target nobody. The targets of the policy: contoso, fabrikam.",
    });
    expect(await refusal(operator.ask({ scope: { tag: "gold" }, mode: "plan" }))).toEqual({
      status: 422,
      detail: "Not in the policy: a target with the tag gold. The policy has no tags.",
    });
  });
});

describe("a key", () => {
  test("makes one resync of a request that is sent again, and puts it on the queue again", async () => {
    const key = "a key / of # mine?";
    const first = await operator.ask(everything, key);
    const before = queued();
    const again = await operator.ask({ mode: "plan", scope: "all" }, key);
    expect([again.status, again.headers.get("location")]).toEqual([202, first.headers.get("location")]);
    expect(queued()).toBeGreaterThan(before);
  });

  test("is for one request", async () => {
    const key = crypto.randomUUID();
    await operator.ask(everything, key);
    expect(await refusal(operator.ask({ ...everything, mode: "apply" }, key))).toMatchObject({ status: 422 });
  });

  test("is its caller's: another's is another", async () => {
    const key = crypto.randomUUID();
    const first = await operator.ask(everything, key);
    const other = await operatorIn(scene, "both");
    const second = await other.ask({ ...everything, mode: "apply" }, key);
    expect(second.status).toBe(202);
    expect(second.headers.get("location")).not.toBe(first.headers.get("location"));
  });

  test("counts once when it is sent many times at once", async () => {
    const key = crypto.randomUUID();
    const answers = await Promise.all(Array.from({ length: 8 }, () => operator.ask(everything, key)));
    expect(new Set(answers.map(({ headers }) => headers.get("location"))).size).toBe(1);
  });

  test.each([
    ["missing", {}, "header.Idempotency-Key: is missing"],
    ["empty", { "idempotency-key": "" }, "header.Idempotency-Key: "],
    ["too long", { "idempotency-key": "x".repeat(201) }, "header.Idempotency-Key: Too big"],
  ] as const)("that is %s is refused", async (_what, headers, says) => {
    const answer = await refusal(
      operator.call("POST", "/api/resyncs", { headers, body: JSON.stringify(everything) }),
    );
    expect(answer.status).toBe(400);
    expect(answer.detail).toContain(says);
  });
});

describe("what cannot be read is refused, and said", () => {
  test.each([
    ["no JSON", "{", "body: is not JSON"],
    ["nothing", "", "body: is empty"],
    ["no object", "[]", "body: "],
    ["no mode", { scope: "all" }, "body.mode: is missing"],
    ["a mode that is none", { scope: "all", mode: "force" }, "body.mode: "],
    ["a member that nobody knows", { ...everything, force: true }, "body.force: is not known here"],
    ["a scope of two kinds", { scope: { target: "contoso", tag: "gold" }, mode: "plan" }, "body.scope"],
    ["a scope of a kind that nobody knows", { scope: { role: "reader" }, mode: "plan" }, "body.scope"],
    ["an analyst who is no id", { scope: { analyst: "ana" }, mode: "plan" }, "body.scope.analyst"],
    ["a prototype", '{"scope":"all","mode":"plan","__proto__":{}}', "body.__proto__: is not known here"],
  ])("%s", async (_what, body, says) => {
    const before = queued();
    const answer = await refusal(operator.ask(body));
    expect(answer.status).toBe(400);
    expect(answer.detail).toContain(says);
    expect(queued()).toBe(before);
  });

  test("more than a request has is not read", async () => {
    expect(await refusal(operator.ask("x".repeat(100_001)))).toMatchObject({ status: 413 });
  });

  test.each(["limit=0", "limit=1000", "limit=ten", "limit=1&limit=2", "limt=1"])("?%s", async (query) => {
    expect(await refusal(operator.call("GET", `/api/runs?${query}`))).toMatchObject({ status: 400 });
  });
});

describe("nobody finds", () => {
  test.each(["runs/x", "resyncs/0000000000000000-000000000000", "resyncs/..%2F..", "runs/%27%20or%201"])(
    "%s",
    async (path) => {
      expect(await refusal(operator.call("GET", `/api/${path}`))).toMatchObject({ status: 404 });
    },
  );
});

test("a reader asks for nothing", async () => {
  const before = queued();
  const answer = await refusal(reader.ask(everything));
  expect(answer).toMatchObject({ status: 403, detail: expect.stringContaining("Muster.Operate") });
  expect(queued()).toBe(before);
});

test("while the tables do not answer, operators hear to ask again", async () => {
  scene.lab.tables.door.shut(scene.lab.clock.now() + 3_600_000);
  const answers = await Promise.all([operator.ask(everything), operator.call("GET", "/api/runs")]);
  scene.lab.tables.door.open();
  for (const { status, headers } of answers)
    expect([status, headers.get("retry-after")]).toEqual([503, "10"]);
  expect((await operator.ask(everything)).status).toBe(202);
});

test("while Service Bus does not, either, and the same key is good once it does", async () => {
  const key = crypto.randomUUID();
  const back = scene.lab.bus.faults.down(2_000);
  expect(await refusal(operator.ask(everything, key))).toMatchObject({ status: 503 });
  const { body } = await reader.call("GET", "/api/runs?limit=1");
  await back;
  const before = queued();
  const { status, headers } = await operator.ask(everything, key);
  expect([status, queued() - before]).toEqual([202, 3]);
  const [begun] = (body as { readonly runs: readonly { readonly id: string }[] }).runs;
  expect(headers.get("location")).toBe(`/api/resyncs/${begun?.id}`);
});
