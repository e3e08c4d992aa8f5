import { setImmediate } from "node:timers/promises";
import { TableClient } from "@azure/data-tables";
import { beforeAll, describe, expect, test } from "vitest";
import { subscriptionRows, type SubscriptionRow } from "../../shared/state/subscription-rows.ts";
import { openScene, testManners, type Scene } from "../support/lab.ts";

const dayMs = 86_400_000;
let scene: Scene;
beforeAll(async () => {
  scene = await openScene({ targets: 1, weather: "calm" });
});

const table = () =>
  TableClient.fromConnectionString(scene.lab.tables.connectionString, "Subscriptions", {
    allowInsecureConnection: true,
  });
const rows = () => subscriptionRows(table());

async function rowOf(resource: string): Promise<SubscriptionRow> {
  const row = (await rows().list()).find((each) => each.resource === resource);
  if (row === undefined) throw new Error(`there is no row for ${resource}`);
  return row;
}

type Subscription = Readonly<Record<"id" | "resource" | "notificationUrl", string>> & {
  readonly expirationDateTime: string;
};

/** Graph shows subscriptions to the app that made them and to nobody else, so this speaks as the app. */
async function asApp(method: "GET" | "DELETE", path: string): Promise<readonly Subscription[]> {
  const { graph, world } = scene.lab;
  const form = new URLSearchParams({
    grant_type: "client_credentials",
    client_id: world.apps.muster.clientId,
    client_assertion_type: "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
    client_assertion: world.apps.muster.assertion,
    scope: `${graph.url}/.default`,
  });
  const url = `${graph.url}/${world.source.tenantId}/oauth2/v2.0/token`;
  const answer = await (await graph.fetch(new Request(url, { method: "POST", body: form }))).json();
  const { access_token: token } = answer as { access_token: string }; // RFC 6749
  const headers = { authorization: `Bearer ${token}` };
  const response = await graph.fetch(new Request(`${graph.url}/v1.0${path}`, { method, headers }));
  if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${await response.text()}`);
  if (method === "DELETE") return [];
  return ((await response.json()) as { value: Subscription[] }).value; // a Graph listing
}

const subscriptions = () => asApp("GET", "/subscriptions");
const resources = async () => (await subscriptions()).map(({ resource }) => resource).toSorted();

function wanted(): readonly string[] {
  const { groups } = scene.lab.world.source;
  return ["users", `groups/${groups["SOC Readers"]}`, `groups/${groups["SOC Responders"]}`].toSorted();
}

/** Lets time pass in which every run of the timer ends before the next one; nothing else is waited for. */
const run = (forDays: number) =>
  scene.lab.clock.advance(forDays * dayMs, async () => {
    do await setImmediate();
    while (scene.lab.hosts.some((host) => host.busy().length > 0));
  });

/** Lets days pass in a moment: no host runs meanwhile, and the timer finds out afterwards. */
async function sleep(forDays: number): Promise<void> {
  const [host] = scene.lab.hosts;
  await host?.kill();
  await scene.lab.clock.advance(forDays * dayMs, async () => undefined);
  await host?.start();
  await scene.lab.settled();
}

const fire = () => scene.lab.hosts[0]?.fireTimer("subscriptions");

/** Posts a lifecycle notification as Graph would. */
function announce(row: SubscriptionRow, lifecycleEvent: string): Promise<Response> {
  const item = {
    subscriptionId: row.subscriptionId,
    subscriptionExpirationDateTime: new Date(row.expiresAt).toISOString(),
    tenantId: scene.lab.world.source.tenantId,
    clientState: row.clientState,
    lifecycleEvent,
  };
  return fetch(row.notificationUrl, { method: "POST", body: JSON.stringify({ value: [item] }) });
}

/** Somebody joins through the role group, and somebody else through attributes: one for each kind of subscription. */
async function expectBothKindsNoticed(name: string): Promise<void> {
  const reader = await scene.hire(`${name} reader`);
  const hunter = await scene.hire(`${name} hunter`);
  await scene.pass();
  await scene.join(reader, "SOC Readers");
  await scene.patch(hunter, { department: "SOC", jobTitle: "Threat Hunter" });
  await scene.pass();
  expect(await scene.access(reader)).toEqual({ contoso: "enabled: SOC Readers" });
  expect(await scene.access(hunter)).toEqual({ contoso: "enabled: SOC Hunters" });
}

describe("subscriptions", () => {
  test("are made at the start: one on all users, one on each role group, all on record", async () => {
    expect(await resources()).toEqual(wanted());
    for (const { id, resource, notificationUrl, expirationDateTime } of await subscriptions()) {
      const row = await rowOf(resource);
      expect(row).toMatchObject({ subscriptionId: id, notificationUrl });
      expect(row.expiresAt).toBe(Date.parse(expirationDateTime));
      expect(row.clientState).toMatch(/^[0-9a-f]{64}$/);
    }
    const states = (await rows().list()).map(({ clientState }) => clientState);
    expect(new Set(states).size).toBe(states.length);
  });

  test("are renewed every three quarters of an hour, whether Graph asks for it or not, for another seven days", async () => {
    const before = await subscriptions();
    const renewal = before.map(() => "PATCH /subscriptions/{id} 200");
    await sleep(3.4);
    const mark = scene.mark();
    await run(40 / (24 * 60));
    expect(scene.upkeep(mark)).toEqual([]);
    await run(15 / (24 * 60));
    expect(scene.upkeep(mark)).toEqual(renewal);
    const after = await subscriptions();
    expect(after.map(({ id }) => id)).toEqual(before.map(({ id }) => id));
    for (const { resource, expirationDateTime } of after) {
      const expiresAt = Date.parse(expirationDateTime);
      expect(expiresAt - scene.lab.clock.now()).toBeGreaterThan(6.5 * dayMs);
      expect((await rowOf(resource)).expiresAt).toBe(expiresAt);
    }
  });

  test("bring joiners after they were renewed", async () => {
    await expectBothKindsNoticed("renewed");
  });

  test("that are deleted behind Muster's back are made anew by the next run of the timer, and what went unheard is made up for", async () => {
    for (const { id } of await subscriptions()) await asApp("DELETE", `/subscriptions/${id}`);
    expect(await resources()).toEqual([]);
    const unheard = await scene.hire("Unheard");
    await scene.join(unheard, "SOC Readers");
    await scene.pass(12 * 60_000);
    expect(await resources()).toEqual(wanted());
    expect(await scene.access(unheard)).toEqual({ contoso: "enabled: SOC Readers" });
    await expectBothKindsNoticed("recreated");
  });

  test("that expired while no host ran are made anew as soon as one runs", async () => {
    const before = (await subscriptions()).map(({ id }) => id);
    await sleep(8);
    for (const { id } of await subscriptions()) expect(before).not.toContain(id);
    expect(await resources()).toEqual(wanted());
    await expectBothKindsNoticed("expired");
  });
});

describe("Graph's wish to reauthorize", () => {
  test("is granted by a renewal at the next run of the timer, and not before", async () => {
    const row = await rowOf("users");
    const mark = scene.mark();
    const response = await announce(row, "reauthorizationRequired");
    expect(response.status).toBe(202);
    expect(await response.json()).toMatchObject({ keys: 0, dropped: { unreadable: 0, wrongClientState: 0 } });
    expect(scene.upkeep(mark)).toEqual([]);
    await fire();
    expect(scene.upkeep(mark)).toEqual(["PATCH /subscriptions/{id} 200"]);
    expect((await rowOf("users")).subscriptionId).toBe(row.subscriptionId);
    await fire();
    expect(scene.upkeep(mark)).toHaveLength(1);
  });

  test("is not believed without the client state", async () => {
    const row = await rowOf("users");
    const response = await announce({ ...row, clientState: "guess" }, "reauthorizationRequired");
    expect(await response.json()).toMatchObject({ keys: 0, dropped: { wrongClientState: 1 } });
    expect(await rowOf("users")).toEqual(row);
  });

  test("never leads to /reauthorize, which would not move the expiry", () => {
    expect(scene.upkeep().filter((write) => write.includes("reauthorize"))).toEqual([]);
  });

  test("reaches Muster: its subscriptions name an address for lifecycle notifications", async () => {
    const created = scene.lab.graph
      .traffic()
      .filter(
        ({ caller, method, template }) =>
          caller === "app" && method === "POST" && template === "/subscriptions",
      );
    expect(created.length).toBeGreaterThan(0);
    for (const { requestBody } of created)
      expect(requestBody).toMatchObject({
        lifecycleNotificationUrl: expect.stringContaining("/api/notifications"),
      });
  });
});

describe("a subscription that Graph says it has removed", () => {
  test("is made anew at the next run of the timer", async () => {
    const row = await rowOf("users");
    await asApp("DELETE", `/subscriptions/${row.subscriptionId}`);
    expect((await announce(row, "subscriptionRemoved")).status).toBe(202);
    await fire();
    expect(await resources()).toEqual(wanted());
    expect((await rowOf("users")).subscriptionId).not.toBe(row.subscriptionId);
    await expectBothKindsNoticed("removed");
  });

  test("but has kept after all is used on", async () => {
    const row = await rowOf("users");
    await announce(row, "subscriptionRemoved");
    await fire();
    expect(await resources()).toEqual(wanted());
    expect((await rowOf("users")).subscriptionId).toBe(row.subscriptionId);
    await expectBothKindsNoticed("kept");
  });
});

describe("a subscription whose record is lost while Graph still has it", () => {
  test("works again after the next run of the timer, with a new client state", async () => {
    const before = await rows().list();
    for (const { resource } of before) await rows().drop(resource);
    await fire();
    expect(await resources()).toEqual(wanted());
    for (const { resource, clientState } of before)
      expect((await rowOf(resource)).clientState).not.toBe(clientState);
    await expectBothKindsNoticed("lost");
  });
});

test("no delivery was lost: every one was acknowledged", () => {
  expect(scene.lab.graph.counters().webhooks.dropped).toBe(0);
});

testManners(() => scene);
