import { TableClient } from "@azure/data-tables";
import { beforeAll, describe, expect, test } from "vitest";
import { subscriptionRows, type SubscriptionRow } from "../../shared/state/subscription-rows.ts";
import { openScene, testManners, type Person, type Scene } from "../support/lab.ts";

let scene: Scene;
let users: SubscriptionRow;
beforeAll(async () => {
  scene = await openScene({ targets: 1, weather: "calm" });
  const table = TableClient.fromConnectionString(scene.lab.tables.connectionString, "Subscriptions", {
    allowInsecureConnection: true,
  });
  const row = (await subscriptionRows(table).list()).find(({ resource }) => resource === "users");
  if (row === undefined) throw new Error("there is no subscription on users");
  users = row;
});

const endpoint = () => `${scene.lab.hosts[0]?.url}/api/notifications`;
const post = (body: string | null) => fetch(endpoint(), { method: "POST", body });

/** What Graph posts about a user, as its own subscription would. */
const itemAbout = (id: string) => ({
  changeType: "updated",
  clientState: users.clientState,
  resource: `Users/${id}`,
  resourceData: { "@odata.type": "#Microsoft.Graph.User", "@odata.id": `Users/${id}`, id },
  subscriptionId: users.subscriptionId,
  tenantId: scene.lab.world.source.tenantId,
});

const deliver = async (value: readonly unknown[]) => {
  const response = await post(JSON.stringify({ value }));
  return { status: response.status, answer: await response.json() };
};

/** Of everybody who may be meant: known analysts, role groups, and strangers. */
function keys(count: "sent" | "completed" | "deadLetteredTotal"): number {
  const { analysts, arrivals } = scene.lab.bus.stats();
  return (analysts?.[count] ?? 0) + (arrivals?.[count] ?? 0);
}
const keysSent = () => keys("sent");
const clean = { unreadable: 0, unknownSubscription: 0, wrongClientState: 0, wrongTenant: 0 };

/** Somebody with a role whom Graph itself says nothing about. */
async function silentJoiner(name: string): Promise<Person> {
  const fault = scene.lab.graph.faults.add({ kind: "lostNotification", match: { caller: "any" } });
  const person = await scene.hire(name);
  await scene.join(person, "SOC Readers");
  await scene.lab.settled();
  scene.lab.graph.faults.remove(fault);
  expect(await scene.access(person)).toEqual({ contoso: "none" });
  return person;
}

describe("Graph's question whether the endpoint is ours", () => {
  const ask = (token: string, method = "POST") =>
    fetch(`${endpoint()}?validationToken=${encodeURIComponent(token)}`, { method });

  test.each([
    ["spaces and colons", "Validation: Testing client application reachability Request-Id: 1"],
    ["a plus and a percent sign", "a+b%20c%%d"],
    ["markup", "<script>alert('1')</script>&amp;\"quoted\""],
    ["text beyond ASCII", "Prüfung · 検証 · ✓ 🙂"],
    ["line breaks", "one\r\ntwo"],
  ])("is answered with the decoded token and nothing else: %s", async (_what, token) => {
    const response = await ask(token);
    expect(response.status).toBe(200);
    expect(response.headers.get("content-type")).toMatch(/^text\/plain\b/);
    expect(response.headers.get("x-content-type-options")).toBe("nosniff");
    expect(await response.text()).toBe(token);
  });

  test("a plus sign in the query is a space, as in every form", async () => {
    const response = await fetch(`${endpoint()}?validationToken=one+two%2Bthree`, { method: "POST" });
    expect(await response.text()).toBe("one two+three");
  });

  test("puts nothing on the queue, whatever else is in the request", async () => {
    const before = keysSent();
    const body = JSON.stringify({ value: [itemAbout(crypto.randomUUID())] });
    const response = await fetch(`${endpoint()}?validationToken=x`, { method: "POST", body });
    expect(await response.text()).toBe("x");
    expect(keysSent()).toBe(before);
  });

  test("a token that Graph would never send is not echoed", async () => {
    const response = await ask("x".repeat(5_000));
    expect(response.status).toBe(400);
    expect(await response.text()).toBe("The validation token is too long.");
  });

  test("is only answered to a POST", async () => {
    expect((await ask("x", "GET")).status).toBe(404);
  });
});

describe("an item that cannot be proven to come from Muster's own subscription", () => {
  test.each([
    ["a wrong client state", { clientState: "0".repeat(64) }, "wrongClientState"],
    ["an empty client state", { clientState: "" }, "wrongClientState"],
    ["no client state", { clientState: undefined }, "unreadable"],
    ["a subscription nobody made", { subscriptionId: crypto.randomUUID() }, "unknownSubscription"],
    ["another tenant", { tenantId: crypto.randomUUID() }, "wrongTenant"],
    ["no id that is one", { resource: "Users/../groups", resourceData: { id: "../groups" } }, "unreadable"],
    ["a resource nobody subscribed to", { resource: "Devices/1", resourceData: {} }, "unreadable"],
  ] as const)("is dropped and counted: %s", async (_what, change, reason) => {
    const before = keysSent();
    const delivered = await deliver([{ ...itemAbout(crypto.randomUUID()), ...change }]);
    expect(delivered).toEqual({ status: 202, answer: { keys: 0, dropped: { ...clean, [reason]: 1 } } });
    expect(keysSent()).toBe(before);
  });

  test("does not spoil its neighbours: the good ones are acted on", async () => {
    const person = await silentJoiner("Nina");
    const good = itemAbout(person.id);
    const before = keysSent();
    const delivered = await deliver([
      null,
      "text",
      { ...good, clientState: `${users.clientState}0` },
      good,
      { ...good, subscriptionId: "unknown" },
      { ...good, tenantId: scene.lab.world.targets["contoso"]?.tenantId },
      { ...itemAbout(scene.lab.world.people[0]?.id ?? ""), tenantId: good.tenantId.toUpperCase() },
    ]);
    const dropped = { unreadable: 2, unknownSubscription: 1, wrongClientState: 1, wrongTenant: 1 };
    expect(delivered).toEqual({ status: 202, answer: { keys: 2, dropped } });
    expect(keysSent() - before).toBeGreaterThanOrEqual(2);
    await scene.pass();
    expect(await scene.access(person)).toEqual({ contoso: "enabled: SOC Readers" });
  });
});

describe("a body that is no delivery", () => {
  test.each([
    ["text that is not JSON", "value=1", "the body is not JSON"],
    ["nothing", "", "the body is not JSON"],
    ["no body at all", null, "the body is not JSON"],
    ["half a delivery", '{"value":[{"subscriptionId":', "the body is not JSON"],
    ["an array", "[]", "the body is an array"],
    ["an object without items", "{}", 'the body has no "value" array'],
    ["items that are no array", '{"value":{}}', 'the body has no "value" array'],
    ["a JSON null", "null", 'the body has no "value" array'],
  ])("is refused for good, and says why: %s", async (_what, body, problem) => {
    const before = keysSent();
    const response = await post(body);
    expect(response.status).toBe(400);
    const { error } = (await response.json()) as { error: string }; // checked in the next line
    expect(error).toContain(problem);
    expect(keysSent()).toBe(before);
  });

  test("a delivery of nothing is accepted", async () => {
    expect(await deliver([])).toEqual({ status: 202, answer: { keys: 0, dropped: clean } });
  });

  test("five megabytes are refused unread, with the limit in words", async () => {
    const before = keysSent();
    const filler = "x".repeat(5_000_000);
    const response = await post(JSON.stringify({ value: [itemAbout(crypto.randomUUID())], filler }));
    expect(response.status).toBe(413);
    const { error } = (await response.json()) as { error: string }; // checked in the next line
    expect(error).toMatch(/may hold 1000000 bytes.*nothing of this one was read/);
    expect(keysSent()).toBe(before);
  });
});

test("a thousand items are accepted at once, and each person is one key", async () => {
  const people = Array.from({ length: 40 }, () => crypto.randomUUID());
  const before = keys("completed");
  const items = Array.from({ length: 1_000 }, (_, index) => itemAbout(people[index % people.length] ?? ""));
  expect(await deliver(items)).toEqual({ status: 202, answer: { keys: people.length, dropped: clean } });
  expect(await scene.lab.settled()).toEqual([]);
  expect(keys("completed") - before).toBeGreaterThanOrEqual(people.length);
  expect(keys("deadLetteredTotal")).toBe(0);
});

describe("while the tables are down", () => {
  test("a delivery is answered in time for Graph, and a leaver of that time is out when they are back", async () => {
    const person = await silentJoiner("Tara");
    await deliver([itemAbout(person.id)]);
    await scene.pass();
    expect(await scene.access(person)).toEqual({ contoso: "enabled: SOC Readers" });
    const { door } = scene.lab.tables;
    door.shut(scene.lab.clock.now() + 10 * 60_000);
    const startedAt = performance.now();
    const { status } = await deliver([itemAbout(person.id)]);
    expect(performance.now() - startedAt).toBeLessThan(3_000);
    expect([202, 503]).toContain(status);
    await scene.disable(person);
    await scene.lab.advance(11 * 60_000);
    await scene.pass(20 * 60_000);
    expect(await scene.access(person)).toEqual({ contoso: "deleted" });
  });
});

describe("while Service Bus is down", () => {
  /** Only longer than the test needs to post; real time. */
  const downMs = 1_500;

  test("a delivery is answered with 503 in time for Graph, and the same delivery works afterwards", async () => {
    const person = await silentJoiner("Olga");
    const back = scene.lab.bus.faults.down(downMs);
    const startedAt = performance.now();
    const refused = await deliver([itemAbout(person.id)]);
    // Graph waits three seconds for the first answer. https://learn.microsoft.com/graph/change-notifications-delivery-webhooks
    expect(performance.now() - startedAt).toBeLessThan(3_000);
    expect(refused).toEqual({
      status: 503,
      answer: { error: "The notifications could not be put on the queue. Deliver them again." },
    });
    await back;
    expect(await deliver([itemAbout(person.id)])).toEqual({
      status: 202,
      answer: { keys: 1, dropped: clean },
    });
    await scene.pass();
    expect(await scene.access(person)).toEqual({ contoso: "enabled: SOC Readers" });
  });

  test("Graph's own retry brings what it could not deliver: nothing is lost", async () => {
    const { failed } = scene.lab.graph.counters().webhooks;
    const lost = scene.lab.graph.counters().webhooks.dropped;
    const back = scene.lab.bus.faults.down(downMs);
    const people = [await scene.hire("Pia"), await scene.hire("Paul")];
    for (const person of people) await scene.join(person, "SOC Readers");
    await expect
      .poll(() => scene.lab.graph.counters().webhooks.failed, { interval: 10 })
      .toBeGreaterThan(failed);
    await back;
    await scene.pass();
    await scene.pass();
    for (const person of people) {
      expect(await scene.access(person)).toEqual({ contoso: "enabled: SOC Readers" });
    }
    expect(scene.lab.graph.counters().webhooks.dropped).toBe(lost);
  });

  test("the handshake is answered all the same", async () => {
    const back = scene.lab.bus.faults.down(200);
    const response = await fetch(`${endpoint()}?validationToken=still%20here`, { method: "POST" });
    expect(await response.text()).toBe("still here");
    await back;
    await scene.lab.settled();
  });
});

testManners(() => scene);
