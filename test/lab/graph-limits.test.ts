import { expect, test } from "vitest";
import { quotasOf } from "../../lab/graph/limits/quotas.ts";
import { resourceCost } from "../../lab/graph/limits/resource-cost.ts";
import { ids, ref, rolesExtension, testLab, type Client, type TestLab } from "./graph-world.ts";

const minute = 60_000;
const ana = `/users/${ids.ana}?$select=id`;

test.each([
  ["GET", "/users", "", 2],
  ["GET", "/users", "$select=id", 1],
  ["GET", "/users", "$select=id&$top=5", 1],
  ["GET", "/users/{id}", "", 1],
  ["GET", "/groups/{id}/members", "$select=id", 2],
  ["GET", "/groups/{id}/members", "$select=id&$top=5", 1],
  ["GET", "/groups/{id}/members/microsoft.graph.user", "", 3],
  ["GET", "/groups/{id}/transitiveMembers", "", 5],
  ["POST", "/users/{id}/checkMemberGroups", "", 4],
  ["GET", "/users/{id}/memberOf", "$expand=x", 3],
  ["PATCH", "/users/{id}", "", 1],
])("%s %s %s costs %i resource units", (method, template, query, cost) => {
  expect(resourceCost(method, template, new URLSearchParams(query))).toBe(cost);
});

async function appIn(limits: {
  resourceUnits?: number;
  writes?: number;
}): Promise<{ lab: TestLab; app: Client }> {
  const lab = await testLab({ world: { limits } });
  return { lab, app: await lab.as("app", ids.source) };
}

test("beyond the resource units of ten seconds comes 429 with a fractional Retry-After and its reasons", async () => {
  const { lab, app } = await appIn({ resourceUnits: 30 });
  for (let n = 0; n < 30; n++) expect((await app.get(ana)).status).toBe(200);
  const { status, headers, body } = await app.get(ana);
  expect(status).toBe(429);
  expect(body.error?.code).toBe("TooManyRequests");
  expect(headers.get("Retry-After")).toBe("0.667");
  expect(headers.get("x-ms-throttle-scope")).toBe(`Tenant_Application/ReadWrite/${ids.app}/${ids.source}`);
  expect(headers.get("x-ms-throttle-information")).toBe("ResourceUnitLimitExceeded");
  await lab.advance(667);
  expect((await app.get(ana)).status).toBe(200);
});

test.each([
  [0, 3_500],
  [49, 3_500],
  [50, 5_000],
  [500, 5_000],
  [501, 8_000],
])("a tenant of %i users has %i resource units in ten seconds", (users, units) => {
  expect(quotasOf({}, "published").units(users)).toBe(units);
  expect(quotasOf({}, "generous").units(users)).toBe(8_000);
  expect(quotasOf({ resourceUnits: 7 }, "published").units(users)).toBe(7);
});

test("published quotas are enforced where the weather has them, and grow with the tenant", async () => {
  const lab = await testLab({ weather: { publishedQuotas: 1 } });
  const [app, admin] = [await lab.as("app", ids.source), await lab.as("admin", ids.source)];
  const costly = `/groups/${ids.readers}/transitiveMembers?$count=true`;
  const useUp = async () => {
    let requests = 0;
    while ((await app.get(costly)).status === 200) requests++;
    return requests * 5;
  };
  expect(await useUp()).toBe(3_500);
  for (let n = 0; n < 50; n++) {
    await admin.post("/users", {
      accountEnabled: true,
      displayName: `Person ${n}`,
      mailNickname: `p${n}`,
      passwordProfile: {},
      userPrincipalName: `p${n}@source.example`,
    });
  }
  await lab.advance(60_000);
  expect(await useUp()).toBe(5_000);
});

test.each([
  ["resource units", { appResourceUnits: 3 }, "ResourceUnitLimitExceeded"],
  ["writes", { appWrites: 3 }, "WriteLimitExceeded"],
] as const)("the %s of all tenants together are limited per app", async (_what, limits, reason) => {
  const lab = await testLab({ world: { limits } });
  const [home, away] = [await lab.as("app", ids.source), await lab.as("app", ids.contoso)];
  const write = (client: Client) => client.delete(`/groups/${ids.targetReaders}/members/${ids.ana}/$ref`);
  for (const client of [home, away, home]) expect((await write(client)).status).toBe(404);
  const { status, headers } = await write(away);
  expect(status).toBe(429);
  expect(headers.get("x-ms-throttle-scope")).toBe(`Application/ReadWrite/${ids.app}`);
  expect(headers.get("x-ms-throttle-information")).toBe(reason);
  expect(Number(headers.get("Retry-After"))).toBeGreaterThan(0);
  expect((await (await lab.as("admin", ids.contoso)).get("/users?$select=id")).status).toBe(200);
});

test("every answer tells its units; the share of the limit shows from 80 % on", async () => {
  const { app } = await appIn({ resourceUnits: 10 });
  const first = await app.get(ana);
  expect(first.headers.get("x-ms-resource-unit")).toBe("1");
  expect(first.headers.get("x-ms-throttle-limit-percentage")).toBeNull();
  for (let n = 0; n < 7; n++) await app.get(ana);
  expect((await app.get(ana)).headers.get("x-ms-throttle-limit-percentage")).toBe("0.90");
});

test("writes have a limit of their own", async () => {
  const { app } = await appIn({ writes: 2 });
  const write = (department: string) => app.patch(`/users/${ids.ana}`, { department });
  expect([(await write("a")).status, (await write("b")).status]).toEqual([204, 204]);
  const refused = await write("c");
  expect([refused.status, refused.headers.get("x-ms-throttle-information")]).toEqual([
    429,
    "WriteLimitExceeded",
  ]);
  expect((await app.get(ana)).status).toBe(200);
});

test("limits are per tenant, and administrators have none", async () => {
  const { lab, app } = await appIn({ resourceUnits: 1 });
  await app.get(ana);
  expect((await app.get(ana)).status).toBe(429);
  const elsewhere = await lab.as("app", ids.contoso);
  expect((await elsewhere.get("/users?$select=id")).status).toBe(200);
  const admin = await lab.as("admin", ids.source);
  for (let n = 0; n < 5; n++) expect((await admin.get(ana)).status).toBe(200);
});

test("audit logs allow five requests in ten seconds, the subscription list 25 in twenty", async () => {
  const lab = await testLab();
  const app = await lab.as("app", ids.source);
  const logs = ["/auditLogs/provisioning", "/auditLogs/directoryAudits"];
  for (let n = 0; n < 5; n++) expect((await app.get(logs[n % 2] ?? "")).status).toBe(200);
  expect((await app.get("/auditLogs/provisioning")).status).toBe(429);
  for (let n = 0; n < 25; n++) expect((await app.get("/subscriptions")).status).toBe(200);
  expect((await app.get("/subscriptions")).status).toBe(429);
});

test("coming back before Retry-After has passed is reported; waiting is not", async () => {
  const lab = await testLab();
  lab.lab.faults.add({ kind: "throttle", times: 1, retryAfterSeconds: 2.128 });
  const app = await lab.as("app", ids.source);
  expect((await app.get(ana)).headers.get("Retry-After")).toBe("2.128");
  await lab.advance(2_000);
  await app.get(ana);
  expect(lab.lab.violations()).toEqual([
    {
      at: "2026-11-20T08:00:02.000Z",
      kind: "early-retry",
      tenantId: ids.source,
      request: `GET /users/${ids.ana}`,
      detail: "Came back 128 ms before Retry-After had passed.",
    },
  ]);
  await lab.advance(128);
  await app.get(ana);
  expect(lab.kinds()).toEqual(["early-retry"]);
});

test("a request for another object that crossed the 429 on its way is nobody's fault", async () => {
  const lab = await testLab();
  lab.lab.faults.add({ kind: "throttle", times: 1, retryAfterSeconds: 10 });
  const app = await lab.as("app", ids.source);
  await app.get(ana);
  await app.get(`/users/${ids.ben}?$select=id`);
  expect(lab.kinds()).toEqual([]);
  await lab.advance(5_000);
  await app.get(`/users/${ids.ben}?$select=id`);
  expect(lab.kinds()).toEqual(["early-retry"]);
});

test("the same question of another worker that crossed the 429 is nobody's fault; the same call again is", async () => {
  const lab = await testLab();
  lab.lab.faults.add({ kind: "throttle", times: 1, retryAfterSeconds: 10 });
  const app = await lab.as("app", ids.source);
  const [mine, another] = [{ "client-request-id": "one" }, { "client-request-id": "two" }];
  expect((await app.get(ana, mine)).status).toBe(429);
  await app.get(ana, another);
  expect(lab.kinds()).toEqual([]);
  await app.get(ana, mine);
  expect(lab.kinds()).toEqual(["early-retry"]);
});

test("a part of a batch that comes back too early is reported, alone or in another batch", async () => {
  const lab = await testLab();
  lab.lab.faults.add({ kind: "throttle", match: { path: "/users/" }, times: 1, retryAfterSeconds: 10 });
  const app = await lab.as("app", ids.source);
  const part = { id: "1", method: "GET", url: ana };
  const statuses = async () =>
    ((await app.batch([part])).body["responses"] as { status: number }[]).map(({ status }) => status);
  expect(await statuses()).toEqual([429]);
  await lab.advance(1_000);
  expect(await statuses()).toEqual([200]);
  expect(lab.kinds()).toEqual(["early-retry"]);
  await app.get(ana);
  expect(lab.kinds()).toEqual(["early-retry", "early-retry"]);
  await lab.advance(9_000);
  await statuses();
  expect(lab.kinds()).toHaveLength(2);
});

test("a 503 with Retry-After holds back that one request, and no other", async () => {
  const lab = await testLab({ weather: { writeConflicts: 1, conflictsAsTrouble: 1 } });
  const app = await lab.as("app", ids.source);
  const add = (member: string) => app.post(`/groups/${ids.scope}/members/$ref`, ref(member));
  let answer = await add(ids.ana);
  while (answer.status !== 503) {
    await lab.advance(20_000);
    answer = await add(ids.ana);
  }
  expect(Number(answer.headers.get("Retry-After"))).toBeGreaterThanOrEqual(1);
  await lab.advance(500);
  await add(ids.ben);
  expect(lab.kinds()).toEqual([]);
  await add(ids.ana);
  expect(lab.kinds()).toEqual(["early-retry"]);
});

test("another tenant, and another operation, need not wait", async () => {
  const lab = await testLab();
  lab.lab.faults.add({ kind: "throttle", times: 1, retryAfterSeconds: 10 });
  const app = await lab.as("app", ids.source);
  await app.get(ana);
  await app.get("/groups?$select=id");
  await (await lab.as("app", ids.contoso)).get("/users?$select=id");
  expect(lab.kinds()).toEqual([]);
});

test.each([
  "/users",
  `/users/${ids.ana}`,
  "/groups",
  `/groups/${ids.readers}`,
  `/users/${ids.ana}/memberOf`,
  `/users/${ids.ana}/transitiveMemberOf/microsoft.graph.group`,
  `/groups/${ids.readers}/members`,
  `/groups/${ids.readers}/transitiveMembers/microsoft.graph.user`,
  `/groups/${ids.readers}/transitiveMembers/microsoft.graph.group`,
  `/groups/${ids.nested}/memberOf`,
  `/groups/${ids.nested}/transitiveMemberOf`,
])("GET %s without $select is reported", async (path) => {
  const lab = await testLab();
  const app = await lab.as("app", ids.source);
  const advanced = { ConsistencyLevel: "eventual" };
  await app.get(`${path}?$count=true&$select=id`, advanced);
  expect(lab.kinds()).toEqual([]);
  expect((await app.get(`${path}?$count=true`, advanced)).status).toBe(200);
  expect(lab.kinds()).toEqual(["missing-select"]);
});

test("more than 20 requests in flight to one tenant are reported once; a batch counts as one", async () => {
  const lab = await testLab({ rttMs: 20 });
  const app = await lab.as("app", ids.source);
  const many = (count: number) => Promise.all(Array.from({ length: count }, () => app.get(ana)));
  await many(20);
  const part = (id: number) => ({ id: String(id), method: "GET", url: ana });
  await Promise.all([many(19), app.batch(Array.from({ length: 20 }, (_, n) => part(n)))]);
  expect(lab.kinds()).toEqual([]);
  await many(25);
  expect(lab.kinds()).toEqual(["too-much-concurrency"]);
});

test("removing a membership the app did not create is reported; its own is not", async () => {
  const lab = await testLab();
  const [app, admin] = [await lab.as("app", ids.source), await lab.as("admin", ids.source)];
  await app.post(`/groups/${ids.scope}/members/$ref`, ref(ids.ana));
  await app.delete(`/groups/${ids.scope}/members/${ids.ana}/$ref`);
  expect(lab.kinds()).toEqual([]);
  await admin.post(`/groups/${ids.scope}/members/$ref`, ref(ids.ana));
  await app.delete(`/groups/${ids.scope}/members/${ids.ana}/$ref`);
  await app.delete(`/groups/${ids.readers}/members/${ids.ana}/$ref`);
  await app.delete(`/users/${ids.ben}`);
  expect(lab.kinds()).toEqual(["unowned-write", "unowned-write", "unowned-write"]);
});

test("writes that name a protected person are reported, alone or in a batch; reads are not", async () => {
  const lab = await testLab({ world: { protected: [ids.ana] } });
  const app = await lab.as("app", ids.source);
  await app.get(ana);
  await app.post(`/users/${ids.ana}/checkMemberGroups`, { groupIds: [ids.readers] });
  expect(lab.kinds()).toEqual([]);
  await app.patch(`/users/${ids.ana}`, { [rolesExtension]: "x" });
  await app.batch([
    {
      id: "1",
      method: "POST",
      url: `/groups/${ids.scope}/members/$ref`,
      headers: { "Content-Type": "application/json" },
      body: ref(ids.ana),
    },
  ]);
  expect(lab.kinds()).toEqual(["protected-write", "protected-write"]);
});

test("writes that change nothing are no breach, but they are counted", async () => {
  const lab = await testLab();
  const app = await lab.as("app", ids.source);
  await app.patch(`/users/${ids.ana}`, { department: "SOC" });
  await app.post(`/groups/${ids.readers}/members/$ref`, ref(ids.ana));
  await app.delete(`/groups/${ids.scope}/members/${ids.ana}/$ref`);
  await app.patch(`/users/${ids.ana}`, { department: "Sales" });
  expect(lab.lab.counters().tenants[ids.source]).toMatchObject({ writes: 4, redundantWrites: 3 });
  expect(lab.kinds()).toEqual([]);
});

test("an administrator may do all of it without being judged", async () => {
  const lab = await testLab({ world: { protected: [ids.ana] } });
  const admin = await lab.as("admin", ids.source);
  await admin.get("/users");
  await admin.delete(`/groups/${ids.readers}/members/${ids.ana}/$ref`);
  await admin.patch(`/users/${ids.ana}`, { department: "x" });
  expect(lab.kinds()).toEqual([]);
  expect(lab.lab.counters().tenants[ids.source]).toMatchObject({
    requests: {},
    writes: 0,
    adminRequests: {
      "GET /users": 1,
      "DELETE /groups/{id}/members/{memberId}/$ref": 1,
      "PATCH /users/{id}": 1,
    },
  });
});

test("the traffic has bodies and headers both ways, in order, and no token", async () => {
  const lab = await testLab();
  const app = await lab.as("app", ids.source);
  await app.patch(`/users/${ids.ana}`, { department: "Sales" });
  await lab.advance(minute);
  await app.get(`/users/${ids.ana}?$select=id,department`);
  const [write, read] = lab.lab.traffic();
  expect(write).toMatchObject({
    at: "2026-11-20T08:00:00.000Z",
    tenantId: ids.source,
    appId: ids.app,
    caller: "app",
    method: "PATCH",
    path: `/users/${ids.ana}`,
    template: "/users/{id}",
    requestBody: { department: "Sales" },
    status: 204,
  });
  expect(read).toMatchObject({
    at: "2026-11-20T08:01:00.000Z",
    query: { $select: "id,department" },
    status: 200,
    responseBody: { id: ids.ana, department: "Sales" },
  });
  expect(JSON.stringify(lab.lab.traffic())).not.toContain(
    app.headers["authorization"]?.slice("Bearer ".length),
  );
  expect(lab.lab.traffic(write?.seq)).toEqual([read]);
});

test("listeners see each request twice, and no more once they are removed", async () => {
  const lab = await testLab();
  const app = await lab.as("app", ids.source);
  const moments: unknown[] = [];
  const remove = lab.lab.onRequest(({ phase, method, path, caller, tenantId }) => {
    moments.push([phase, method, path, caller, tenantId]);
  });
  await app.patch(`/users/${ids.ana}`, { department: "Sales" });
  remove();
  await app.get(ana);
  expect(moments).toEqual([
    ["received", "PATCH", `/users/${ids.ana}`, "app", ids.source],
    ["answered", "PATCH", `/users/${ids.ana}`, "app", ids.source],
  ]);
});

test("a listener holds the answer back although the write has been done", async () => {
  const lab = await testLab();
  const [app, admin] = [await lab.as("app", ids.source), await lab.as("admin", ids.source)];
  const department = async () => (await admin.get(`/users/${ids.ana}?$select=department`)).body["department"];
  const seen: unknown[] = [];
  lab.lab.onRequest(async ({ phase, caller }) => {
    if (caller === "app") seen.push([phase, await department()]);
  });
  await app.patch(`/users/${ids.ana}`, { department: "Sales" });
  expect(seen).toEqual([
    ["received", "SOC"],
    ["answered", "Sales"],
  ]);
});

test("rtt delays every answer", async () => {
  const lab = await testLab({ rttMs: 60 });
  const app = await lab.as("app", ids.source);
  const startedAt = performance.now();
  await app.get(ana);
  expect(performance.now() - startedAt).toBeGreaterThan(55);
});

test("rtt may be changed while the world goes on", async () => {
  const lab = await testLab({ rttMs: 60_000 });
  const app = await lab.as("app", ids.source);
  lab.lab.setRtt(0);
  expect((await app.get(ana)).status).toBe(200);
  lab.lab.setRtt(60);
  const startedAt = performance.now();
  await app.get(ana);
  expect(performance.now() - startedAt).toBeGreaterThan(55);
});
