import { describe, expect, test } from "vitest";
import type { Weather } from "../../lab/weather.ts";
import { ids, idsIn, ref, testLab, type Body, type Client, type TestLab } from "./graph-world.ts";
import { webhook, type Webhook } from "./graph-webhook.ts";

const second = 1_000;
const minute = 60 * second;

type Scene = {
  readonly lab: TestLab;
  readonly app: Client;
  readonly admin: Client;
  readonly hook: Webhook;
  readonly subscription: string;
  /** That many changes of one person, one after the other. */
  readonly change: (times: number) => Promise<void>;
  readonly dropped: () => number;
};

/** A subscription to all users, or to something else, with a lifecycle URL. */
async function scene(weather: Partial<Weather>, resource = "users"): Promise<Scene> {
  const lab = await testLab({ weather });
  const [app, admin] = [await lab.as("app", ids.source), await lab.as("admin", ids.source)];
  const hook = await webhook();
  const created = await app.post("/subscriptions", {
    changeType: "updated",
    notificationUrl: hook.url,
    lifecycleNotificationUrl: `${hook.url}/life`,
    resource,
    expirationDateTime: new Date(lab.clock.now() + 7 * 24 * 60 * minute).toISOString(),
    clientState: "a secret",
  });
  expect(created.status).toBe(201);
  return {
    lab,
    app,
    admin,
    hook,
    subscription: `/subscriptions/${created.body.id}`,
    async change(times) {
      for (let n = 0; n < times; n++) await admin.patch(`/users/${ids.ana}`, { jobTitle: `${n}` });
    },
    dropped: () => lab.lab.counters().webhooks.dropped,
  };
}

const eventTimes = (hook: Webhook) =>
  hook.notifications().map((item) => String((item["resourceData"] as Body)["eventTime"]));

describe("a notification", () => {
  test("is on its way for some time, and the lab waits for it", async () => {
    const { lab, hook, change } = await scene({ notificationMs: [10 * second, 10 * second] });
    await change(1);
    await lab.rest();
    expect(hook.posts).toEqual([]);
    expect(lab.clock.expected()).toMatchObject([
      {
        at: lab.clock.now() + 10 * second,
        label: `graph: a notification about Users/${ids.ana} is on its way`,
      },
    ]);
    await lab.advance(10 * second);
    expect(hook.notifications()).toHaveLength(1);
  });

  test("may be overtaken by a later one", async () => {
    const { lab, hook, change } = await scene({ notificationMs: [0, 60 * second] });
    for (let n = 0; n < 8; n++) {
      await change(1);
      await lab.advance(5 * second);
    }
    await lab.advance(minute);
    expect(hook.notifications()).toHaveLength(8);
    expect(eventTimes(hook)).not.toEqual(eventTimes(hook).toSorted());
  });

  test("may be lost, in silence", async () => {
    const { lab, hook, change, dropped } = await scene({ lostNotifications: 0.25 });
    await change(80);
    await lab.rest();
    expect(dropped()).toBeGreaterThan(8);
    expect(dropped()).toBeLessThan(40);
    expect(hook.notifications()).toHaveLength(80 - dropped());
  });

  test("may come twice, at different times", async () => {
    const { lab, hook, change } = await scene({
      doubledNotifications: 0.25,
      notificationMs: [0, 10 * second],
    });
    await change(40);
    await lab.advance(10 * second);
    expect(hook.notifications().length).toBeGreaterThan(44);
    expect(hook.notifications().length).toBeLessThan(60);
  });

  test("of a group may not say who came and who went", async () => {
    const { lab, hook, admin } = await scene({ withoutMembersDelta: 0.5 }, "groups");
    for (let n = 0; n < 10; n++) {
      await admin.post(`/groups/${ids.scope}/members/$ref`, ref(ids.ana));
      await admin.delete(`/groups/${ids.scope}/members/${ids.ana}/$ref`);
    }
    await lab.rest();
    const data = hook.notifications().map((item) => item["resourceData"] as Body);
    const bare = data.filter((item) => !("members@delta" in item));
    expect(data).toHaveLength(20);
    expect(bare.length).toBeGreaterThan(4);
    expect(bare.length).toBeLessThan(16);
  });

  test("has the same fate in another run of the same world, whatever else happens", async () => {
    const fates: number[][] = [];
    for (const others of [0, 5]) {
      const { lab, hook, admin, change } = await scene({ lostNotifications: 0.5 });
      for (let n = 0; n < others; n++) await admin.patch(`/users/${ids.ben}`, { jobTitle: `${n}` });
      await lab.rest();
      const arrived: number[] = [];
      for (let n = 0; n < 12; n++) {
        const before = hook.notifications().length;
        await change(1);
        await lab.rest();
        arrived.push(hook.notifications().length - before);
      }
      fates.push(arrived);
    }
    expect(fates[1]).toEqual(fates[0]);
  });
});

describe("a subscription's access", () => {
  const hourly = { subscriptionAccessMs: [60 * minute, 60 * minute] } as const;
  const challenges = (hook: Webhook) =>
    hook.notifications().filter((item) => item["lifecycleEvent"] === "reauthorizationRequired").length;
  const changes = (hook: Webhook) => hook.notifications().filter((item) => "changeType" in item).length;

  test("is asked for before it lapses, more than once", async () => {
    const { lab, hook } = await scene(hourly);
    await lab.advance(29 * minute);
    expect(challenges(hook)).toBe(0);
    await lab.advance(minute);
    expect(challenges(hook)).toBe(1);
    await lab.advance(15 * minute);
    expect(challenges(hook)).toBe(2);
  });

  test("lapses when nobody answers: what changes meanwhile is never told", async () => {
    const { lab, hook, app, subscription, change, dropped } = await scene(hourly);
    await lab.advance(60 * minute - second);
    await change(1);
    await lab.rest();
    expect(changes(hook)).toBe(1);
    await lab.advance(second);
    await change(2);
    await lab.advance(10 * minute);
    expect([changes(hook), dropped()]).toEqual([1, 2]);
    // The subscription is still there, and nothing shows that it is silent.
    expect((await app.get(subscription)).status).toBe(200);
  });

  test.each([
    ["reauthorizing", (app: Client, path: string) => app.post(`${path}/reauthorize`)],
    [
      "renewing",
      (app: Client, path: string) => app.patch(path, { expirationDateTime: "2026-11-30T00:00:00Z" }),
    ],
  ])("lasts on, and comes back, by %s it", async (_how, answer) => {
    const { lab, hook, app, subscription, change } = await scene(hourly);
    await lab.advance(45 * minute);
    expect((await answer(app, subscription)).status).toBeLessThan(300);
    await lab.advance(30 * minute - second);
    const asked = challenges(hook);
    await change(1);
    await lab.rest();
    expect([changes(hook), asked]).toEqual([1, 2]);
    await lab.advance(60 * minute);
    await change(1);
    await answer(app, subscription);
    await change(1);
    await lab.rest();
    expect(changes(hook)).toBe(2);
  });

  test("is endless in calm weather", async () => {
    const { lab, hook, change } = await scene({});
    await lab.advance(24 * 60 * minute);
    await change(1);
    await lab.rest();
    expect([challenges(hook), changes(hook)]).toEqual([0, 1]);
  });
});

test("Muted: nobody is told of changes to the person, or of their memberships", async () => {
  const { lab, hook, admin } = await scene({});
  await lab.rest();
  await admin.patch(`/users/${ids.ana}`, { displayName: "Mia Muted" });
  await admin.patch(`/users/${ids.ana}`, { department: "Sales" });
  await admin.patch(`/users/${ids.ben}`, { department: "Sales" });
  await lab.rest();
  expect(hook.notifications().map((item) => item["resource"])).toEqual([`Users/${ids.ben}`]);
  expect(idsIn(await admin.get(`/groups/${ids.readers}/members?$select=id`))).toContain(ids.ana);
});
