import { expect, test } from "vitest";
import { ids, ref, testLab, type Answer } from "./graph-world.ts";

const json = { "Content-Type": "application/json" };

type Part = {
  readonly id: string;
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: { readonly error?: { readonly code: string } } & Readonly<Record<string, unknown>>;
};

function partsOf(answer: Answer): Record<string, Part> {
  const parts = answer.body["responses"] as Part[];
  return Object.fromEntries(parts.map((part) => [part.id, part]));
}

test("each part has its own status, and the batch itself is 200", async () => {
  const admin = await (await testLab()).as("admin", ids.source);
  const answer = await admin.batch([
    { id: "get", method: "GET", url: `/users/${ids.ana}?$select=id` },
    {
      id: "add",
      method: "POST",
      url: `/groups/${ids.scope}/members/$ref`,
      headers: json,
      body: ref(ids.ana),
    },
    { id: "missing", method: "GET", url: `/users/${ids.contoso}?$select=id` },
  ]);
  expect(answer.status).toBe(200);
  const parts = partsOf(answer);
  expect(parts["get"]).toMatchObject({ status: 200, body: { id: ids.ana } });
  expect(parts["get"]?.headers["Content-Type"]).toContain("application/json");
  expect(parts["add"]?.status).toBe(204);
  expect(parts["add"]).not.toHaveProperty("body");
  expect(parts["missing"]).toMatchObject({
    status: 404,
    body: { error: { code: "Request_ResourceNotFound" } },
  });
});

test("answers come in any order: only the id tells them apart", async () => {
  const admin = await (await testLab()).as("admin", ids.source);
  const asked = Array.from({ length: 20 }, (_, n) => String(n));
  const { body } = await admin.batch(
    asked.map((id) => ({ id, method: "GET", url: `/users/${ids.ana}?$select=id` })),
  );
  const answered = (body["responses"] as Part[]).map(({ id }) => id);
  expect(answered).not.toEqual(asked);
  expect(answered.toSorted()).toEqual(asked.toSorted());
});

test("a part waits for those it depends on; when one fails, its dependents are 424", async () => {
  const admin = await (await testLab()).as("admin", ids.source);
  const add = { method: "POST", url: `/groups/${ids.scope}/members/$ref`, headers: json, body: ref(ids.ana) };
  const remove = { method: "DELETE", url: `/groups/${ids.scope}/members/${ids.ana}/$ref` };
  const parts = partsOf(
    await admin.batch([
      { id: "3", ...remove, dependsOn: ["2"] },
      { id: "1", ...add },
      { id: "2", ...add, dependsOn: ["1"] },
      { id: "4", ...remove, dependsOn: ["1"] },
    ]),
  );
  expect(parts["1"]?.status).toBe(204);
  expect(parts["2"]?.status).toBe(400);
  expect(parts["3"]?.status).toBe(424);
  expect(parts["4"]?.status).toBe(204);
});

const get = (id: string) => ({ id, method: "GET", url: `/users/${ids.ana}?$select=id` });

test.each([
  ["more than 20 parts", Array.from({ length: 21 }, (_, n) => get(String(n)))],
  ["ids that repeat", [get("1"), get("1")]],
  ["a dependency that is not there", [{ ...get("1"), dependsOn: ["2"] }]],
  [
    "parts that wait for each other",
    [
      { ...get("1"), dependsOn: ["2"] },
      { ...get("2"), dependsOn: ["1"] },
    ],
  ],
  ["an absolute URL", [{ ...get("1"), url: "https://graph.microsoft.com/v1.0/users" }]],
  ["a body without content type", [{ id: "1", method: "PATCH", url: `/users/${ids.ana}`, body: {} }]],
  ["no parts", []],
])("a batch with %s is refused as a whole", async (_what, requests) => {
  const admin = await (await testLab()).as("admin", ids.source);
  const { status, body } = await admin.batch(requests);
  expect([status, body.error?.code]).toEqual([400, "BadRequest"]);
});

test("parts are throttled one by one, with their own Retry-After", async () => {
  const lab = await testLab();
  lab.lab.faults.add({ kind: "throttle", match: { path: "/users/" }, times: 1, retryAfterSeconds: 2.5 });
  const app = await lab.as("app", ids.source);
  const answer = await app.batch([get("1"), get("2"), get("3")]);
  const parts = Object.values(partsOf(answer));
  expect(parts.map(({ status }) => status).toSorted((a, b) => a - b)).toEqual([200, 200, 429]);
  expect(parts.find(({ status }) => status === 429)?.headers["Retry-After"]).toBe("2.5");
});

test("every part is in the traffic, flagged with its batch, and counted under its own template", async () => {
  const lab = await testLab();
  const app = await lab.as("app", ids.source);
  await app.batch([get("1"), get("2")]);
  const records = lab.lab.traffic();
  const envelope = records.find(({ template }) => template === "/$batch");
  const parts = records.filter(({ batch }) => batch !== undefined);
  expect(parts.map(({ batch }) => batch)).toEqual([
    envelope?.responseHeaders["request-id"],
    envelope?.responseHeaders["request-id"],
  ]);
  const { requests, batchParts, resourceUnits } = lab.lab.counters().tenants[ids.source] ?? {};
  expect(requests).toEqual({ "POST /$batch": 1, "GET /users/{id}": 2 });
  expect([batchParts, resourceUnits]).toEqual([2, 2]);
});
