import * as fc from "fast-check";
import { beforeEach, describe, expect, test } from "vitest";
import {
  analystMessageSchema,
  arrivalMessageSchema,
  sessionOf,
  type AnalystMessage,
  type ArrivalMessage,
} from "../../shared/queue/keys.ts";
import { receiveNotifications, type ReceivePorts } from "../../shared/reconcile/events/receive.ts";
import type { SubscriptionRow } from "../../shared/state/subscription-rows.ts";
import {
  delivery,
  groupItem,
  groupsId,
  groupsSecret,
  lifecycleItem,
  roleGroup,
  sourceTenant,
  subscriptionRow,
  userItem,
  usersId,
  usersSecret,
} from "../support/delivery.ts";
import { ana, ben, groupId } from "../support/fixtures.ts";

const now = Date.UTC(2026, 10, 20, 12);
const users = subscriptionRow();
const group = subscriptionRow({
  resource: `groups/${roleGroup}`,
  subscriptionId: groupsId,
  clientState: groupsSecret,
});
const analystKey = (analyst: string) => `analyst:${analyst}`;
const arrivalKey = (user: string) => `arrival:${user}`;

/** What the webhook knows and what it did. */
let state: {
  remembered: readonly SubscriptionRow[];
  fresh: readonly SubscriptionRow[];
  /** Ids of those who are or were analysts, as far as this host has heard. */
  known: Set<string>;
  sent: (AnalystMessage | ArrivalMessage)[];
  renewals: { readonly resource: string; readonly state: string }[];
  heardAgain: string[];
  broken: "nothing" | "queue" | "tables" | "renewal";
};

beforeEach(() => {
  const rows = [users, group];
  const known = new Set<string>([ana, ben]);
  state = { remembered: rows, fresh: rows, known, sent: [], renewals: [], heardAgain: [], broken: "nothing" };
});

const ports: ReceivePorts = {
  async subscriptions(how) {
    if (state.broken === "tables") throw new Error("the tables do not answer");
    return state[how];
  },
  isKnown: async (id) => state.known.has(id),
  heardAgain: async (resource) => void state.heardAgain.push(resource),
  async renewSoon(resource, what) {
    if (state.broken === "renewal") throw new Error("the tables do not answer");
    state.renewals.push({ resource, state: what });
  },
  async send(messages) {
    if (state.broken === "queue") throw new Error("Service Bus does not answer");
    state.sent.push(...messages);
  },
  now: () => now,
};

const receive = (...items: readonly unknown[]) => receiveNotifications(delivery(...items), ports);
const sentKeys = () => state.sent.map(({ key }) => sessionOf(key)).toSorted();
const noDrops = { unreadable: 0, unknownSubscription: 0, wrongClientState: 0, wrongTenant: 0 };

describe("a delivery from Muster's own subscriptions", () => {
  test("becomes keys, never changes: who, why and when, and nothing of what happened", async () => {
    expect(await receive(userItem())).toEqual({ kind: "accepted", keys: 1, dropped: noDrops });
    expect(state.sent).toEqual([
      {
        key: { kind: "analyst", analyst: ana },
        cause: "notification: user",
        heardAt: now,
        occasion: "event",
      },
    ]);
  });

  test("about a group becomes a key for each member it names, and one for the group, which may hold other groups", async () => {
    await receive(groupItem([{ id: ana }, { id: ben, "@removed": "deleted" }]));
    expect(sentKeys()).toEqual([analystKey(ana), analystKey(ben), `group:${roleGroup}`]);
  });

  test.each([
    ["nobody", groupItem()],
    ["somebody who cannot be read", groupItem([{ id: ana }, { id: "garbage" }])],
  ])("about a group that names %s becomes a key for the group", async (_, item) => {
    await receive(item);
    expect(sentKeys()).toEqual([`group:${roleGroup}`]);
  });

  test("becomes messages that a worker can read", async () => {
    await receive(userItem(), groupItem(), groupItem([{ id: ben }]));
    for (const message of state.sent) expect(analystMessageSchema.safeParse(message).success).toBe(true);
  });

  test("of a thousand items about ten people about one group becomes eleven keys", async () => {
    const person = (index: number) => `a0000000-0000-4000-8000-${String(index % 10).padStart(12, "0")}`;
    const items = Array.from({ length: 1_000 }, (_, index) =>
      index % 2 === 0 ? userItem(person(index)) : groupItem([{ id: person(index) }]),
    );
    for (let index = 0; index < 10; index += 1) state.known.add(person(index));
    expect(await receive(...items)).toMatchObject({ kind: "accepted", keys: 11 });
    expect(state.sent).toHaveLength(11);
  });

  test("without items asks nobody for anything", async () => {
    state.broken = "queue";
    expect(await receive()).toEqual({ kind: "accepted", keys: 0, dropped: noDrops });
  });
});

describe("somebody who is not known to be an analyst", () => {
  const stranger = "a0000000-0000-4000-8000-00000000dead";

  test("waits in a queue of their own, behind nobody who is", async () => {
    expect(await receive(userItem(stranger), userItem(ana))).toMatchObject({ kind: "accepted", keys: 2 });
    expect(sentKeys()).toEqual([analystKey(ana), arrivalKey(stranger)]);
    const [arrival] = state.sent.filter(({ key }) => key.kind === "arrival");
    expect(arrivalMessageSchema.parse(arrival)).toEqual({
      key: { kind: "arrival", user: stranger },
      cause: "notification: user",
      heardAt: now,
      occasion: "event",
      tries: 0,
    });
  });

  test("whom a role group names is looked at like an analyst, because they may be one now", async () => {
    await receive(groupItem([{ id: stranger }]));
    expect(sentKeys()).toEqual([analystKey(stranger), `group:${roleGroup}`]);
  });

  test("becomes one key, however often they change", async () => {
    expect(await receive(...Array.from({ length: 100 }, () => userItem(stranger)))).toMatchObject({
      keys: 1,
    });
  });
});

test("a group that is nested in a role group becomes a key like the role group itself: the worker knows whose it is", async () => {
  await receive(groupItem([], { resourceData: { "@odata.type": "#Microsoft.Graph.Group", id: groupId(5) } }));
  expect(sentKeys()).toEqual([`group:${groupId(5)}`]);
});

test("whose tenant a delivery may name is remembered with the subscription: no policy is needed to receive it", async () => {
  const other = "99999999-9999-4999-8999-999999999999";
  const rows = [{ ...users, tenantId: other }];
  Object.assign(state, { remembered: rows, fresh: rows });
  expect(await receive(userItem(ana, { tenantId: other }))).toMatchObject({ keys: 1 });
  expect(await receive(userItem(ana))).toMatchObject({ keys: 0, dropped: { wrongTenant: 1 } });
});

describe("an item that is not proven to be from Muster's own subscription", () => {
  test.each([
    ["another tenant", userItem(ana, { tenantId: "99999999-9999-4999-8999-999999999999" }), "wrongTenant"],
    ["a tenant that is no id", userItem(ana, { tenantId: "" }), "wrongTenant"],
    [
      "a subscription nobody knows",
      userItem(ana, { subscriptionId: "somebody else's" }),
      "unknownSubscription",
    ],
    ["a guessed client state", userItem(ana, { clientState: "guess" }), "wrongClientState"],
    ["an empty client state", userItem(ana, { clientState: "" }), "wrongClientState"],
    [
      "the client state of another subscription",
      userItem(ana, { clientState: groupsSecret }),
      "wrongClientState",
    ],
    [
      "the client state in other letters",
      userItem(ana, { clientState: usersSecret.toUpperCase() }),
      "wrongClientState",
    ],
    ["no client state", userItem(ana, { clientState: undefined }), "unreadable"],
    [
      "a lifecycle event with a guessed client state",
      { ...lifecycleItem("missed"), clientState: "x" },
      "wrongClientState",
    ],
  ])("is dropped and counted, and its neighbours are not: %s", async (_, item, reason) => {
    expect(await receive(item, userItem(ben))).toEqual({
      kind: "accepted",
      keys: 1,
      dropped: { ...noDrops, [reason]: 1 },
    });
    expect(sentKeys()).toEqual([analystKey(ben)]);
    expect(state.renewals).toEqual([]);
  });
});

describe("a subscription that was made a moment ago", () => {
  test("by another host is known after the rows are read again", async () => {
    state.remembered = [];
    expect(await receive(userItem())).toMatchObject({ kind: "accepted", keys: 1 });
  });

  test("and whose id is not known yet is known by its client state", async () => {
    state.fresh = [{ ...users, subscriptionId: null }];
    state.remembered = [];
    expect(await receive(userItem())).toMatchObject({ kind: "accepted", keys: 1 });
  });

  test("and whose id is not known yet is not taken for any other", async () => {
    const pending = [{ ...users, subscriptionId: null }];
    Object.assign(state, { remembered: pending, fresh: pending });
    expect(await receive(userItem(ana, { clientState: "guess" }))).toMatchObject({
      keys: 0,
      dropped: { unknownSubscription: 1 },
    });
  });

  test("is not known by the client state alone once its id is known", async () => {
    expect(await receive(userItem(ana, { subscriptionId: "another" }))).toMatchObject({
      keys: 0,
      dropped: { unknownSubscription: 1 },
    });
  });
});

describe("a subscription that was replaced", () => {
  const until = now + 1;
  const replaced = (changes: Partial<SubscriptionRow> = {}) => {
    const former = [{ subscriptionId: usersId, clientState: usersSecret, until }];
    const rows = [
      { ...users, subscriptionId: "the new one", clientState: "a new secret", former, ...changes },
    ];
    Object.assign(state, { remembered: rows, fresh: rows });
  };

  test("is still believed while Graph may deliver what it sent before", async () => {
    replaced();
    expect(await receive(userItem())).toMatchObject({ keys: 1 });
  });

  test("is not believed any more after that", async () => {
    replaced({ former: [{ subscriptionId: usersId, clientState: usersSecret, until: now }] });
    expect(await receive(userItem())).toMatchObject({ keys: 0, dropped: { unknownSubscription: 1 } });
  });

  test.each([
    ["the new one by the old client state", { subscriptionId: "the new one" }],
    ["the old one by the new client state", { clientState: "a new secret" }],
  ])("lends nobody its client state: %s", async (_, changes) => {
    replaced();
    expect(await receive(userItem(ana, changes))).toMatchObject({
      keys: 0,
      dropped: { wrongClientState: 1 },
    });
  });

  test("says nothing of itself any more, and nothing of whether the new one is silent", async () => {
    replaced({ missed: 2 });
    await receive(lifecycleItem("subscriptionRemoved"), userItem());
    expect(state.renewals).toEqual([]);
    expect(state.heardAgain).toEqual([]);
  });
});

describe("a subscription that seems to be silent", () => {
  const doubted = { missed: 1 } as const;

  test.each([doubted, { silentSince: now }])("has announced something: %o", async (changes) => {
    state.remembered = [{ ...users, ...changes }, group];
    await receive(userItem(), userItem(), groupItem());
    expect(state.heardAgain).toEqual(["users"]);
  });

  test("has announced nothing with a lifecycle notification", async () => {
    state.remembered = [{ ...users, ...doubted }, group];
    await receive(lifecycleItem("reauthorizationRequired"));
    expect(state.heardAgain).toEqual([]);
  });
});

describe("a lifecycle notification", () => {
  test.each([
    ["reauthorizationRequired", "renew"],
    ["subscriptionRemoved", "recreate"],
    ["missed", "recreate"],
  ])("%s makes the subscription be looked after: %s", async (event, what) => {
    expect(await receive(lifecycleItem(event))).toMatchObject({ kind: "accepted", keys: 0 });
    expect(state.renewals).toEqual([{ resource: "users", state: what }]);
    expect(state.sent).toEqual([]);
  });
});

describe("accepted is said only when Service Bus has every key", () => {
  test.each(["queue", "tables"] as const)(
    "not when the %s fails: then Graph has to deliver again",
    async (broken) => {
      state.broken = broken;
      const received = await receive(userItem());
      expect(received.kind).toBe("unavailable");
      expect(received.kind === "unavailable" ? received.problem : "").toMatch(
        /does? not answer|do not answer/,
      );
    },
  );

  test("not when the renewal of a subscription cannot be noted", async () => {
    state.broken = "renewal";
    expect((await receive(userItem(), lifecycleItem("missed"))).kind).toBe("unavailable");
  });

  test("a body that nobody can read is invalid, because no repetition would repair it", async () => {
    state.broken = "queue";
    expect((await receiveNotifications("[]", ports)).kind).toBe("invalid");
    expect((await receiveNotifications("", ports)).kind).toBe("invalid");
  });
});

test("whatever arrives is answered: nothing throws, and nothing unproven becomes a key", async () => {
  const garbage = fc.oneof(
    fc.jsonValue(),
    fc.record(
      {
        subscriptionId: fc.oneof(fc.constant(usersId), fc.string(), fc.jsonValue()),
        clientState: fc.oneof(fc.string(), fc.jsonValue()),
        tenantId: fc.oneof(fc.constant(sourceTenant), fc.jsonValue()),
        lifecycleEvent: fc.option(fc.string()),
        resource: fc.oneof(fc.constant(`Users/${ana}`), fc.jsonValue()),
        resourceData: fc.jsonValue(),
      },
      { requiredKeys: [] },
    ),
  );
  const texts = fc.oneof(
    fc.string(),
    fc.json(),
    fc.array(garbage, { maxLength: 5 }).map((items) => delivery(...items)),
  );
  await fc.assert(
    fc.asyncProperty(texts, async (text) => {
      const received = await receiveNotifications(text, ports);
      expect(["accepted", "invalid"]).toContain(received.kind);
      expect(state.sent).toEqual([]);
    }),
    { numRuns: 500 },
  );
});
