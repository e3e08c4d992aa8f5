import { beforeEach, describe, expect, test } from "vitest";
import { analystIdSchema } from "../../shared/model/ids.ts";
import type { ArrivalMessage } from "../../shared/queue/keys.ts";
import { PolicyUnusable } from "../../shared/reconcile/run/policy-in-force.ts";
import { meetArrival, type ArrivalPorts } from "../../shared/reconcile/source/meet-arrival.ts";
import { graphFailure } from "../support/graph-failure.ts";
import { smallPolicy } from "../support/small-policy.ts";
import { smallWorld, type SmallWorld } from "../support/small-world.ts";
import { ana, ben, minuteMs, readersAtHome } from "../support/fixtures.ts";

let world: SmallWorld;
beforeEach(() => {
  world = smallWorld();
  world.addUser(ben);
});

const arrivalOf = (user: string, tries = 0): ArrivalMessage => ({
  key: { kind: "arrival", user: analystIdSchema.parse(user) },
  cause: "notification: user",
  heardAt: world.now(),
  occasion: "event",
  tries,
});
const passedOn = () => world.sent.map(({ key }) => (key.kind === "analyst" ? key.analyst : key.kind));

describe("somebody who was not known to be an analyst", () => {
  test("and is none leaves nothing behind", async () => {
    await world.deliver(arrivalOf(ben));
    expect(passedOn()).toEqual([]);
    for (const table of Object.values(world.tables)) expect(table.size()).toBe(0);
    expect(world.source.writes).toEqual([]);
    expect(world.entries).toEqual([]);
  });

  test("and holds a role by now is passed on, and becomes an analyst", async () => {
    world.source.members.get(readersAtHome)?.add(ben);
    await world.deliver(arrivalOf(ben));
    expect(world.sent).toEqual([
      {
        key: { kind: "analyst", analyst: ben },
        cause: "notification: user",
        heardAt: world.now(),
        occasion: "event",
      },
    ]);
    await world.wait(minuteMs);
    expect((await world.recordOf(ben))?.roles).toMatchObject([{ role: "reader" }]);
  });

  test.each([
    ["deleted", () => world.source.next("readUser", async () => ({ kind: "soft-deleted" }))],
    ["nowhere to be found", () => world.source.next("readUser", async () => ({ kind: "absent" }))],
  ])(
    "and seems to be %s is looked at once more, and is passed on when that was the past",
    async (_, inTheWay) => {
      world.source.members.get(readersAtHome)?.add(ben);
      inTheWay();
      await world.deliver(arrivalOf(ben));
      expect(passedOn()).toEqual([]);
      await world.wait(2 * minuteMs);
      expect((await world.recordOf(ben))?.roles).toMatchObject([{ role: "reader" }]);
    },
  );

  test("and is gone for good is looked at once more, and no more than that", async () => {
    world.source.users.delete(ben);
    await world.deliver(arrivalOf(ben));
    await world.wait(60 * minuteMs);
    expect(world.scheduled().filter(({ message }) => message.key.kind === "arrival")).toEqual([]);
    expect(passedOn()).toEqual([]);
  });

  test("and has become known in the meantime is passed on without a look", async () => {
    await world.change(ana, readersAtHome, "in");
    world.sent.length = 0;
    world.source.next("readUser", () => Promise.reject(new Error("nobody was to be looked at")));
    await world.deliver(arrivalOf(ana));
    expect(passedOn()).toEqual([ana]);
  });

  test.each([
    ["disabled", () => world.addUser(ben, { enabled: false })],
    ["deleted", () => world.source.users.set(ben, "soft-deleted")],
    ["gone", () => world.source.users.delete(ben)],
  ])("and is %s is nobody, whatever groups they are in", async (_, change) => {
    world.source.members.get(readersAtHome)?.add(ben);
    change();
    await world.deliver(arrivalOf(ben));
    expect(passedOn()).toEqual([]);
  });
});

describe("the roles that attributes give", () => {
  const comparisons = () => world.scheduled().filter(({ message }) => message.key.kind === "attribute-roles");

  test("are compared a little later, because a replica may not show yet what somebody has become", async () => {
    await world.deliver(arrivalOf(ben));
    const [comparison] = comparisons();
    const waitMs = (comparison?.at ?? 0) - world.now();
    expect(waitMs).toBeGreaterThanOrEqual(75_000);
    expect(waitMs).toBeLessThan(75_000 + minuteMs);
  });

  test("are compared once for everybody who changed in the same minute", async () => {
    for (let second = 0; second < 60; second += 1) {
      await world.deliver(arrivalOf(ben));
      await world.wait(1_000);
    }
    expect(comparisons().length).toBeLessThanOrEqual(2);
    let listings = 0;
    const count = () =>
      world.source.next("listByAttributes", async (call) => {
        listings += 1;
        count();
        return call();
      });
    count();
    await world.wait(10 * minuteMs);
    expect(listings).toBeLessThanOrEqual(2);
  });

  test("find whoever was not seen to hold one at first", async () => {
    world.source.next("readUser", async (call) => {
      const before = await call();
      world.addUser(ben, { attributes: { department: "SOC", jobTitle: "Threat Hunter" } });
      return before;
    });
    await world.deliver(arrivalOf(ben));
    expect(passedOn()).toEqual([]);
    await world.wait(5 * minuteMs);
    expect((await world.recordOf(ben))?.roles).toMatchObject([{ role: "hunter" }]);
  });

  test("are not compared when the policy has none", async () => {
    const policy = smallPolicy();
    world.setPolicy({ ...policy, roles: policy.roles.filter(({ holders }) => holders.kind === "group") });
    await world.deliver(arrivalOf(ben));
    expect(world.scheduled()).toEqual([]);
  });

  test("are not compared for somebody who is passed on anyway", async () => {
    world.source.members.get(readersAtHome)?.add(ben);
    await world.deliver(arrivalOf(ben));
    expect(comparisons()).toEqual([]);
  });
});

describe("somebody who cannot be looked at", () => {
  const failing = (error: Error) => world.source.next("readUser", () => Promise.reject(error));
  const putBack = () => {
    const [first] = world.scheduled();
    return { waitMs: (first?.at ?? 0) - world.now(), message: first?.message };
  };

  test("is put back, later each time, and the message counts how often: nothing else remembers them", async () => {
    const waits: number[] = [];
    for (const tries of [0, 1, 2, 9, 10, 20, 50]) {
      world.forgetScheduled();
      failing(new Error("broken"));
      await world.deliver(arrivalOf(ben, tries));
      waits.push(putBack().waitMs / 1_000);
      expect(putBack().message).toEqual(arrivalOf(ben, tries + 1));
    }
    expect(waits).toEqual([1, 2, 4, 512, 900, 900, 900]);
    expect(world.tables.analysts.size()).toBe(0);
  });

  test("for Graph throttles comes back when Graph says", async () => {
    failing(graphFailure(429, { retryAfterMs: 7_000 }));
    await world.deliver(arrivalOf(ben));
    expect(putBack().waitMs).toBe(7_000);
  });

  test("for nobody may decide now waits until somebody may", async () => {
    const ports: ArrivalPorts = {
      ...world.ports,
      ...world.source,
      now: world.now,
      policy: () => Promise.reject(new PolicyUnusable("broken", "line 3")),
      log: () => undefined,
    };
    await meetArrival(arrivalOf(ben), ports);
    expect(putBack().waitMs).toBe(minuteMs);
  });

  test("for the tables do not answer is put back", async () => {
    world.tables.analysts.fail("read");
    await world.deliver(arrivalOf(ben));
    expect(putBack().waitMs).toBe(1_000);
    await world.wait(minuteMs);
    expect(world.tables.analysts.size()).toBe(0);
  });
});
