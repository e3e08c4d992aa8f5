import { expect, test } from "vitest";
import { ids, idsIn, ref, testLab, type Body, type Client, type TestLab } from "./graph-world.ts";
import { webhook, type Webhook } from "./graph-webhook.ts";

const minute = 60_000;
const hour = 60 * minute;

type Scene = { readonly lab: TestLab; readonly app: Client; readonly admin: Client; readonly hook: Webhook };

async function scene(...resources: readonly string[]): Promise<Scene> {
  const lab = await testLab();
  const [app, admin] = [await lab.as("app", ids.source), await lab.as("admin", ids.source)];
  const hook = await webhook();
  for (const resource of resources) {
    const created = await app.post("/subscriptions", subscription(lab, hook, { resource }));
    expect(created.status).toBe(201);
  }
  return { lab, app, admin, hook };
}

function subscription(lab: TestLab, hook: Webhook, changes: Readonly<Record<string, unknown>> = {}) {
  return {
    changeType: "updated,deleted",
    notificationUrl: hook.url,
    resource: "users",
    expirationDateTime: new Date(lab.clock.now() + 24 * hour).toISOString(),
    clientState: "a secret",
    ...changes,
  };
}

/** Time stands still in these tests: a retry that is due soon keeps the lab busy until the clock moves on. */
async function advancePosting(lab: TestLab, ms: number): Promise<void> {
  await lab.clock.advance(ms, async () => {
    while (lab.lab.busy().some((line) => line.includes("posting"))) {
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  });
}

test("creating a subscription proves the endpoint first, with a token that must be decoded", async () => {
  const { lab, app, hook } = await scene();
  const body = subscription(lab, hook, { lifecycleNotificationUrl: `${hook.url}/life` });
  const { status, body: created } = await app.post("/subscriptions", body);
  expect(status).toBe(201);
  expect(created).toMatchObject({ resource: "users", applicationId: ids.app, clientState: "a secret" });
  expect(hook.validations).toHaveLength(2);
  expect(hook.validations[0]?.type).toBe("text/plain; charset=utf-8");
  expect(hook.validations[0]?.query).toMatch(/%20.*%3A/);
});

test.each([
  ["another status", (_token, response) => response.writeHead(202).end()],
  [
    "JSON",
    (token, response) => response.writeHead(200, { "Content-Type": "application/json" }).end(`"${token}"`),
  ],
  [
    "the token still encoded",
    (token, response) =>
      response.writeHead(200, { "Content-Type": "text/plain" }).end(encodeURIComponent(token)),
  ],
] satisfies [string, Webhook["validate"]][])(
  "an endpoint that answers with %s is refused",
  async (_what, validate) => {
    const { lab, app, hook } = await scene();
    hook.validate = validate;
    const { status, body } = await app.post("/subscriptions", subscription(lab, hook));
    expect(status).toBe(400);
    expect(body.error?.message).toContain("Subscription validation request failed");
  },
);

test.each([
  ["a change type users do not have", { changeType: "created" }],
  ["a resource without notifications", { resource: "servicePrincipals" }],
  ["a relation of users", { resource: `users/${ids.ana}/memberOf` }],
  ["an expiry beyond 41,760 minutes", { expirationDateTime: "2026-12-20T00:00:00Z" }],
  ["an expiry in the past", { expirationDateTime: "2026-11-19T00:00:00Z" }],
  ["a client state of more than 128 characters", { clientState: "x".repeat(129) }],
  ["an endpoint on another machine", { notificationUrl: "https://example.com/notify" }],
  ["an endpoint that nobody listens at", { notificationUrl: "http://127.0.0.1:1/notify" }],
])("a subscription with %s is a 400", async (_what, changes) => {
  const { lab, app, hook } = await scene();
  expect((await app.post("/subscriptions", subscription(lab, hook, changes))).status).toBe(400);
});

test("the same resource and change types again is a 409 that names the other", async () => {
  const { lab, app, hook } = await scene("users");
  const [existing] = idsIn(await app.get("/subscriptions"));
  const again = subscription(lab, hook, { resource: "/users/", changeType: "deleted,updated" });
  const { status, body } = await app.post("/subscriptions", again);
  expect(status).toBe(409);
  expect(body.error?.message).toBe(
    `Subscription Id ${existing} already exists for the requested combination`,
  );
  const other = subscription(lab, hook, { changeType: "deleted" });
  expect((await app.post("/subscriptions", other)).status).toBe(201);
});

test("subscriptions are private to their app", async () => {
  const { admin, app } = await scene("users");
  const [id] = idsIn(await app.get("/subscriptions"));
  expect((await admin.get(`/subscriptions/${id}`)).status).toBe(404);
  expect(idsIn(await admin.get("/subscriptions"))).toEqual([]);
});

test("an app may have 100 subscriptions in a tenant", async () => {
  const { lab, app, hook } = await scene();
  for (let n = 0; n < 100; n++) {
    const resource = `users/00000000-0000-4000-8000-${String(n).padStart(12, "0")}`;
    expect((await app.post("/subscriptions", subscription(lab, hook, { resource }))).status).toBe(201);
  }
  expect((await app.post("/subscriptions", subscription(lab, hook))).status).toBe(403);
});

test("a short life is raised to 45 minutes; PATCH renews; expiry is silent", async () => {
  const { lab, app, admin, hook } = await scene();
  const soon = new Date(lab.clock.now() + minute).toISOString();
  const created = await app.post("/subscriptions", subscription(lab, hook, { expirationDateTime: soon }));
  expect(created.body["expirationDateTime"]).toBe("2026-11-20T08:45:00.000Z");
  const path = `/subscriptions/${created.body.id}`;
  const later = "2026-11-20T10:00:00.000Z";
  const renewed = await app.patch(path, { expirationDateTime: later });
  expect([renewed.status, renewed.body["expirationDateTime"]]).toEqual([200, later]);
  expect((await app.post(`${path}/reauthorize`)).status).toBe(204);
  const addLifecycle = await app.patch(path, { lifecycleNotificationUrl: hook.url });
  expect(addLifecycle.status).toBe(400);
  await lab.advance(2 * hour);
  expect((await app.get(path)).status).toBe(404);
  expect((await app.patch(path, { expirationDateTime: "2026-11-21T00:00:00Z" })).status).toBe(404);
  await admin.patch(`/users/${ids.ana}`, { department: "Sales" });
  await lab.rest();
  expect(hook.posts).toEqual([]);
});

test("a deleted subscription is gone", async () => {
  const { app } = await scene("users");
  const [id] = idsIn(await app.get("/subscriptions"));
  expect((await app.delete(`/subscriptions/${id}`)).status).toBe(204);
  expect((await app.delete(`/subscriptions/${id}`)).status).toBe(404);
});

test("creation, change and soft deletion arrive as updated, permanent deletion as deleted", async () => {
  const { lab, admin, hook } = await scene("users");
  const types: unknown[] = [];
  const happening = async (change: Promise<unknown>) => {
    await change;
    await lab.rest();
    types.push(hook.notifications().at(-1)?.["changeType"]);
  };
  const person = {
    accountEnabled: true,
    displayName: "Dora",
    mailNickname: "dora",
    userPrincipalName: "dora@source.example",
    passwordProfile: { password: "secret" },
  };
  await happening(admin.post("/users", person));
  await happening(admin.patch(`/users/${ids.ana}`, { department: "Sales" }));
  await happening(admin.delete(`/users/${ids.ana}`));
  await happening(admin.delete(`/directory/deletedItems/${ids.ana}`));
  expect(types).toEqual(["updated", "updated", "updated", "deleted"]);
  expect(hook.posts).toHaveLength(4);
});

test("a notification has the shape really received", async () => {
  const { lab, app, admin, hook } = await scene("users");
  await admin.patch(`/users/${ids.ana}`, { department: "Sales" });
  await lab.rest();
  expect(hook.posts).toEqual([
    {
      value: [
        {
          changeType: "updated",
          clientState: "a secret",
          resource: `Users/${ids.ana}`,
          resourceData: {
            "@odata.type": "#Microsoft.Graph.User",
            "@odata.id": `Users/${ids.ana}`,
            id: ids.ana,
            organizationId: ids.source,
            eventTime: "2026-11-20T08:00:00.000Z",
            sequenceNumber: expect.any(Number),
          },
          subscriptionExpirationDateTime: "2026-11-21T08:00:00.000Z",
          subscriptionId: idsIn(await app.get("/subscriptions"))[0],
          tenantId: ids.source,
        },
      ],
    },
  ]);
  const data = hook.notifications()[0]?.["resourceData"] as Body | undefined;
  expect(data?.["sequenceNumber"]).toBeGreaterThan(Number.MAX_SAFE_INTEGER);
});

test("a membership change tells who came and who went, with @removed as a word", async () => {
  const { lab, admin, hook } = await scene("groups");
  await admin.post(`/groups/${ids.scope}/members/$ref`, ref(ids.ana));
  await admin.delete(`/groups/${ids.scope}/members/${ids.ana}/$ref`);
  await lab.rest();
  const data = hook.notifications().map((notification) => notification["resourceData"] as Body);
  expect(data.map((item) => item["members@delta"])).toEqual([
    [{ id: ids.ana }],
    [{ id: ids.ana, "@removed": "deleted" }],
  ]);
  expect(hook.notifications()[0]?.["resource"]).toBe(`Groups/${ids.scope}`);
});

test("a subscription hears of its own resource only", async () => {
  const { lab, admin, hook } = await scene(`users/${ids.ana}`, `groups/${ids.readers}/members`);
  await admin.patch(`/users/${ids.ben}`, { department: "Sales" });
  await admin.patch(`/groups/${ids.readers}`, { description: "no member changes" });
  await admin.post(`/groups/${ids.scope}/members/$ref`, ref(ids.ana));
  await lab.rest();
  expect(hook.posts).toEqual([]);
  await admin.patch(`/users/${ids.ana}`, { department: "Sales" });
  await admin.post(`/groups/${ids.readers}/members/$ref`, ref(ids.cleo));
  await lab.rest();
  expect(hook.notifications().map((item) => item["resource"])).toEqual([
    `Users/${ids.ana}`,
    `Groups/${ids.readers}`,
  ]);
});

test("other tenants' changes are none of a subscription's business", async () => {
  const { lab, hook } = await scene("groups");
  const elsewhere = await lab.as("admin", ids.contoso);
  await elsewhere.patch(`/groups/${ids.targetReaders}`, { description: "x" });
  await lab.rest();
  expect(hook.posts).toEqual([]);
});

test("changes within a moment travel in one POST, also those that change nothing", async () => {
  const { lab, admin, hook } = await scene("users", "groups");
  await Promise.all([
    admin.patch(`/users/${ids.ana}`, { department: "Sales" }),
    admin.patch(`/users/${ids.ben}`, { department: "SOC" }),
    admin.post(`/groups/${ids.scope}/members/$ref`, ref(ids.ana)),
  ]);
  await lab.rest();
  expect(hook.posts.map(({ value }) => value.length)).toEqual([3]);
});

test("what is not acknowledged is sent again, with growing pauses, for up to four hours", async () => {
  const { lab, admin, hook } = await scene("users");
  hook.answer = 503;
  await admin.patch(`/users/${ids.ana}`, { department: "Sales" });
  while (hook.posts.length === 0) await new Promise((resolve) => setTimeout(resolve, 5));
  await advancePosting(lab, 2_000);
  expect(hook.posts).toHaveLength(2);
  hook.answer = 202;
  await advancePosting(lab, 10_000);
  expect(hook.posts).toHaveLength(3);
  const { deliveries, acknowledged, failed, dropped } = lab.lab.counters().webhooks;
  expect({ deliveries, acknowledged, failed, dropped }).toEqual({
    deliveries: 3,
    acknowledged: 1,
    failed: 2,
    dropped: 0,
  });
});

test("after four hours it is given up", async () => {
  const { lab, admin, hook } = await scene("users");
  hook.answer = 500;
  await admin.patch(`/users/${ids.ana}`, { department: "Sales" });
  while (hook.posts.length === 0) await new Promise((resolve) => setTimeout(resolve, 5));
  await advancePosting(lab, 5 * hour);
  const { deliveries, dropped } = lab.lab.counters().webhooks;
  expect(dropped).toBe(1);
  expect(deliveries).toBeGreaterThan(10);
  expect(lab.lab.busy()).toEqual([]);
});

test("an endpoint that does not answer within three seconds counts as failed", async () => {
  const { lab, admin, hook } = await scene("users");
  hook.answer = "never";
  const startedAt = performance.now();
  await admin.patch(`/users/${ids.ana}`, { department: "Sales" });
  while (lab.lab.counters().webhooks.failed === 0) await new Promise((resolve) => setTimeout(resolve, 20));
  expect(performance.now() - startedAt).toBeGreaterThan(2_900);
  hook.answer = 202;
  await advancePosting(lab, 10_000);
  expect(lab.lab.counters().webhooks).toMatchObject({ acknowledged: 1, failed: 1 });
});

test("acknowledgements are timed", async () => {
  const { lab, admin } = await scene("users");
  await admin.patch(`/users/${ids.ana}`, { department: "Sales" });
  await lab.rest();
  const { ackMs } = lab.lab.counters().webhooks;
  expect(ackMs.p50).toBeGreaterThan(0);
  expect(ackMs.max).toBeGreaterThanOrEqual(ackMs.p50);
});

test("the lifecycle URL hears reauthorizationRequired in the last quarter of a subscription's life", async () => {
  const { lab, app, hook } = await scene();
  const body = subscription(lab, hook, { lifecycleNotificationUrl: hook.url });
  const { body: created } = await app.post("/subscriptions", body);
  await lab.advance(18 * hour - minute);
  expect(hook.posts).toEqual([]);
  await lab.advance(minute);
  expect(hook.notifications()).toEqual([
    {
      subscriptionId: created.id,
      subscriptionExpirationDateTime: "2026-11-21T08:00:00.000Z",
      tenantId: ids.source,
      clientState: "a secret",
      lifecycleEvent: "reauthorizationRequired",
    },
  ]);
});

test("a lost notification is lost, and nothing waits for it", async () => {
  const { lab, admin, hook } = await scene("users");
  lab.lab.faults.add({ kind: "lostNotification", match: { tenant: "source" }, times: 1 });
  await admin.patch(`/users/${ids.ana}`, { department: "Sales" });
  expect(lab.lab.busy()).toEqual([]);
  await admin.patch(`/users/${ids.ben}`, { department: "Sales" });
  await lab.rest();
  expect(hook.notifications().map((item) => item["resource"])).toEqual([`Users/${ids.ben}`]);
  expect(lab.lab.counters().webhooks.dropped).toBe(1);
});

test("a doubled notification travels in POSTs of its own", async () => {
  const { lab, admin, hook } = await scene("users");
  lab.lab.faults.add({ kind: "duplicateNotification", n: 3 });
  await admin.patch(`/users/${ids.ana}`, { department: "Sales" });
  await lab.rest();
  expect(hook.posts.map(({ value }) => value.map((item) => item["resource"]))).toEqual([
    [`Users/${ids.ana}`],
    [`Users/${ids.ana}`],
    [`Users/${ids.ana}`],
  ]);
});

test("reordered notifications arrive one by one, in another order", async () => {
  const { lab, admin, hook } = await scene("users");
  lab.lab.faults.add({ kind: "reorderNotifications" });
  const sent: string[] = [];
  for (let n = 0; n < 12; n++) {
    const who = [ids.ana, ids.ben, ids.cleo, ids.gus][n % 4] ?? "";
    await admin.patch(`/users/${who}`, { jobTitle: String(n) });
    sent.push(`Users/${who}`);
  }
  await lab.rest();
  const received = hook.notifications().map((item) => String(item["resource"]));
  expect(hook.posts).toHaveLength(12);
  expect(received.toSorted()).toEqual(sent.toSorted());
  expect(received).not.toEqual(sent);
});

test("a delayed notification comes when its time has come", async () => {
  const { lab, admin, hook } = await scene("users");
  lab.lab.faults.add({ kind: "delayNotification", ms: 10 * minute });
  await admin.patch(`/users/${ids.ana}`, { department: "Sales" });
  expect(lab.lab.busy()).toEqual([]);
  await lab.advance(9 * minute);
  expect(hook.posts).toEqual([]);
  await lab.advance(minute);
  expect(hook.posts).toHaveLength(1);
});
