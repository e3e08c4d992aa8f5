import { beforeEach, describe, expect, test } from "vitest";
import { analystIdSchema } from "../../shared/model/ids.ts";
import { sessionOf, type Message } from "../../shared/queue/keys.ts";
import {
  catchUpIfDue,
  everyMs,
  wishCatchUp,
  type CatchUpPorts,
} from "../../shared/reconcile/events/catch-up.ts";
import { analystRow } from "../../shared/state/analysts.ts";
import { marks } from "../../shared/state/marks.ts";
import { pairRow } from "../../shared/state/pairs.ts";
import { memoryTable, type MemoryTable } from "../support/memory-table.ts";
import { smallPolicy, policyNow } from "../support/small-policy.ts";
import { graphFailure } from "../support/graph-failure.ts";
import { smallWorld, type SmallWorld } from "../support/small-world.ts";
import {
  ana,
  analystRecord,
  asReader,
  ben,
  contosoTenant,
  dayMs,
  fabrikamTenant,
  readersAtHome,
  respondersAtHome,
  minuteMs,
  now,
} from "../support/fixtures.ts";

const second = 1_000;

/** A host of the app: what it knows is in the tables, and it sends into the world's queue. */
let host: {
  time: number;
  policyChanges: number;
  world: SmallWorld;
  marks: MemoryTable;
  called: { message: Message; at: number }[];
};
beforeEach(() => {
  host = { time: now, policyChanges: 1, world: smallWorld(), marks: memoryTable("Marks"), called: [] };
});

function ports(): CatchUpPorts {
  const { state, source } = host.world;
  return {
    ...state,
    groups: source.groups,
    reader: source.reader,
    policy: async () => policyNow(smallPolicy()),
    policyChanges: async () => host.policyChanges,
    mark: marks(host.marks.client).catchUp,
    journal: host.world.ports.journal,
    send: async (messages) =>
      void host.called.push(...messages.map((message) => ({ message, at: host.time }))),
    schedule: async (message, at) => void host.called.push({ message, at }),
    now: () => host.time,
  };
}

const look = async () => (await catchUpIfDue(ports()))?.why ?? null;
const wish = (why: string) => wishCatchUp(why, ports());
/** When the next one is due. */
const next = async () => {
  host.called = [];
  host.time += everyMs;
  return look();
};
const sessions = () => host.called.map(({ message }) => sessionOf(message.key)).toSorted();

async function remember(id: string, changes: Parameters<typeof analystRecord>[0] = {}): Promise<void> {
  const analyst = analystIdSchema.parse(id);
  const claim = await host.world.state.analysts.claim(analystRow(analyst), (state) => state);
  await claim.write({ value: analystRecord({ id: analyst, targets: [], ...changes }) });
}

async function lookedAt(id: string, at: number): Promise<void> {
  const claim = await host.world.state.analysts.claim(
    analystRow(analystIdSchema.parse(id)),
    (state) => state,
  );
  await claim.write({ clock: { ...claim.state().clock, lookedAt: at } });
}

describe("a catch-up comes", () => {
  test("when the first host starts, and every 15 minutes", async () => {
    expect(await look()).toBe("first start");
    const begun: number[] = [];
    for (let minute = 0; minute < 60; minute += 5) {
      if ((await look()) !== null) begun.push(minute);
      host.time += 5 * minuteMs;
    }
    expect(begun).toEqual([15, 30, 45]);
  });

  test("also when the timer comes a moment earlier than the last time", async () => {
    await look();
    host.time += everyMs - 50;
    expect(await look()).toBe("time");
  });

  test("by one host, however many find that it is time", async () => {
    const answers = await Promise.all([look(), look(), look()]);
    expect(answers.filter((why) => why !== null)).toEqual(["first start"]);
    host.time += everyMs;
    expect((await Promise.all([look(), look()])).filter((why) => why !== null)).toEqual(["time"]);
  });

  test("when somebody asks for it whose clock is behind that of the host which did it last", async () => {
    await look();
    host.time -= minuteMs;
    await wish("new policy");
    host.time += 6 * minuteMs;
    expect(await look()).toBe("new policy");
  });

  test("when somebody asks for it, and no sooner than five minutes after the last time", async () => {
    await look();
    host.time += minuteMs;
    await wish("a subscription was made anew");
    expect(await look()).toBeNull();
    host.time += 4 * minuteMs;
    expect(await look()).toBe("a subscription was made anew");
    host.time += 5 * minuteMs;
    expect(await look()).toBeNull();
  });

  test("once, however many ask, and the first says why", async () => {
    await look();
    host.time += minuteMs;
    for (const why of ["a host has started", "new policy", "a host has started"]) await wish(why);
    host.time += 4 * minuteMs;
    expect(await look()).toBe("a host has started");
    expect(await look()).toBeNull();
  });

  test("when somebody asks before there ever was one", async () => {
    await Promise.all([wish("a host has started"), wish("new policy")]);
    expect(await look()).toMatch(/a host has started|new policy/);
  });

  test("again, when it is asked for while one is under way", async () => {
    await look();
    host.time += minuteMs;
    await wish("a subscription was made anew");
    host.time += 5 * minuteMs;
    await look();
    host.time += 1;
    await wish("new policy");
    host.time += 5 * minuteMs;
    expect(await look()).toBe("new policy");
  });
});

describe("a catch-up that did not come to its end", () => {
  const failing = (): CatchUpPorts => ({
    ...ports(),
    send: () => Promise.reject(new Error("Service Bus does not answer")),
  });

  test("is begun anew when the timer comes next, for what it was begun for", async () => {
    await look();
    host.time += 5 * minuteMs;
    await wish("new policy");
    await expect(catchUpIfDue(failing())).rejects.toThrow("does not answer");
    host.time += 5 * minuteMs - 50;
    expect(await look()).toBe("new policy");
    expect(sessions()).toContain("attribute-roles");
    host.time += 5 * minuteMs;
    expect(await look()).toBeNull();
  });

  test("is not begun anew while it may be under way", async () => {
    await expect(catchUpIfDue(failing())).rejects.toThrow("does not answer");
    host.time += 2 * minuteMs;
    expect(await look()).toBeNull();
  });

  test("is over although somebody wished for another one at its very end", async () => {
    host.marks.before("write", () => Promise.resolve());
    host.marks.before("write", () => wish("new policy"));
    await look();
    host.time += 5 * minuteMs;
    expect(await look()).toBe("new policy");
    host.time += 5 * minuteMs;
    expect(await look()).toBeNull();
  });
});

describe("a catch-up", () => {
  test("calls every role group, the roles that attributes give, and everybody who is or was an analyst", async () => {
    await remember(ana);
    await remember(ben, { leaving: "deleted", roles: [], held: [] });
    await look();
    expect(sessions()).toEqual(
      [
        `analyst:${ana}`,
        `analyst:${ben}`,
        "attribute-roles",
        `group:${readersAtHome}`,
        `group:${respondersAtHome}`,
      ].toSorted(),
    );
  });

  test.each([
    ["for less than thirty days", 29, 1, "called"],
    ["for longer, and was looked at today", 31, 23, "left"],
    ["for longer, and was not looked at today", 31, 25, "called"],
  ])("of somebody who has been nowhere to be found %s", async (_, days, hoursAgo, expected) => {
    await remember(ben, { leaving: "deleted", roles: [], held: [], missingSince: now - days * dayMs });
    await lookedAt(ben, now - hoursAgo * 60 * minuteMs);
    await look();
    expect(sessions().includes(`analyst:${ben}`) ? "called" : "left").toBe(expected);
  });

  test("says that nothing is known to have changed, so that an event is never behind it", async () => {
    await remember(ana);
    await look();
    for (const { message } of host.called)
      expect(message).toMatchObject({ cause: "catch-up: first start", heardAt: now, occasion: "check" });
  });

  test("does without a role group that cannot be found today", async () => {
    host.world.source.members.delete(respondersAtHome);
    await look();
    expect(sessions()).toEqual(["attribute-roles", `group:${readersAtHome}`].toSorted());
  });

  test("of many is spread over ten minutes, and each is called once", async () => {
    const count = 200;
    for (let index = 0; index < count; index += 1)
      await remember(`a0000000-0000-4000-8000-${String(index).padStart(12, "0")}`);
    await look();
    expect(new Set(sessions()).size).toBe(count + 3);
    expect(sessions()).toHaveLength(count + 3);
    const times = host.called.map(({ at }) => at - now);
    expect(times.filter((at) => at === 0)).toHaveLength(50);
    expect(Math.max(...times)).toBeLessThanOrEqual(10 * minuteMs);
    for (let end = 0; end <= 10 * minuteMs; end += 10 * second) {
      const inTenSeconds = times.filter((at) => at > end && at <= end + 10 * second);
      expect(inTenSeconds.length).toBeLessThanOrEqual(4);
    }
  });
});

describe("whom it calls", () => {
  const people = () =>
    host.called.flatMap(({ message: { key, occasion }, at }) =>
      key.kind === "analyst" ? [{ who: key.analyst, occasion, inMs: at - host.time }] : [],
    );
  const soon = (who: string) => ({ who, occasion: "check", inMs: 0 });

  /** Ana and Ben are known, hold what the groups show, and were looked at; everybody was called as often as is owed. */
  async function settled(changes: Parameters<typeof analystRecord>[0] = {}): Promise<void> {
    host.world.addUser(ben);
    await remember(ana, changes);
    await remember(ben);
    await look();
    await next();
    await lookedAt(ana, host.time + minuteMs);
    await lookedAt(ben, host.time + minuteMs);
  }

  test("is everybody, twice, and then nobody about whom nothing tells that they have changed", async () => {
    await remember(ana);
    for (const expected of [[soon(ana)], [soon(ana)], [], []]) {
      await next();
      expect(people()).toEqual(expected);
    }
    expect(sessions()).toEqual(["attribute-roles", `group:${readersAtHome}`, `group:${respondersAtHome}`]);
  });

  test("is whoever has changed, for an event, or for a check if they were looked at since; and again for three quarters of an hour", async () => {
    await settled();
    await lookedAt(ana, host.time - 2 * everyMs);
    await lookedAt(ben, host.time);
    host.world.addUser(ana, { displayName: "Ana Another" });
    host.world.source.users.set(ben, "soft-deleted");
    await next();
    expect(people()).toEqual([{ who: ana, occasion: "event", inMs: 0 }, soon(ben)]);
    for (const expected of [[soon(ana), soon(ben)], [soon(ana), soon(ben)], [], []]) {
      for (const who of [ana, ben]) await lookedAt(who, host.time);
      await next();
      expect(people()).toEqual(expected);
    }
  });

  test("is nobody who has changed and is not known", async () => {
    await settled();
    host.world.addUser(analystIdSchema.parse("a0000000-0000-4000-8000-000000000077"));
    await next();
    expect(people()).toEqual([]);
  });

  test("is everybody once a day", async () => {
    await settled();
    const called: number[] = [];
    for (let hour = 0; hour < 48; hour += 1) {
      host.time += 3 * everyMs;
      await next();
      if (people().length > 0) called.push(hour);
    }
    expect(called).toEqual([23, 47]);
  });

  test("is everybody, twice, when the policy is another", async () => {
    await settled();
    host.policyChanges = 2;
    for (const expected of [2, 2, 0]) {
      host.called = [];
      host.time += everyMs;
      await look();
      expect(people()).toHaveLength(expected);
    }
  });

  test("is everybody, twice, when the policy goes by other properties: nobody knows who has changed in these", async () => {
    await settled();
    const { policy, ...now } = policyNow(smallPolicy());
    const by = { kind: "attributes", attributes: { costCenter: "soc" } } as const;
    const roles = policy.roles.map((role) => ({ ...role, holders: by }));
    const unheard = { ...ports(), policy: async () => ({ policy: { ...policy, roles }, ...now }) };
    host.called = [];
    host.time += everyMs;
    const did = await catchUpIfDue(unheard);
    expect(did).toMatchObject({ whom: "everybody", unknown: "the policy goes by other properties" });
    expect(people()).toHaveLength(2);
  });

  test("is everybody, twice, when Graph does not know the cursor any more", async () => {
    await settled();
    host.world.source.next("since", async () => ({ kind: "lost", why: "410 from /users/delta" }));
    for (const expected of [2, 2, 0]) {
      await next();
      expect(people()).toHaveLength(expected);
    }
  });

  test("is everybody when Graph does not answer, and whoever changed meanwhile when it does again", async () => {
    await settled();
    host.world.source.next("since", () => Promise.reject(graphFailure(503)));
    await next();
    expect(people()).toEqual([soon(ana), soon(ben)]);
    host.world.addUser(ana, { displayName: "Ana Another" });
    await next();
    expect(people()).toMatchObject([{ who: ana }]);
  });

  test("is told by changes that are read before anybody is called: what happens meanwhile is for the next one", async () => {
    await settled();
    host.time += everyMs;
    await catchUpIfDue({
      ...ports(),
      async send() {
        host.world.addUser(ana, { displayName: "Ana Another" });
        await Promise.resolve();
      },
    });
    host.called = [];
    await next();
    expect(people()).toMatchObject([{ who: ana }]);
  });

  test("is called once more when the catch-up failed: the cursor moves when the keys are on the queue", async () => {
    await settled();
    host.world.addUser(ana, { displayName: "Ana Another" });
    host.time += everyMs;
    const failing = { ...ports(), send: () => Promise.reject(new Error("Service Bus does not answer")) };
    await expect(catchUpIfDue(failing)).rejects.toThrow("does not answer");
    await next();
    expect(people()).toMatchObject([{ who: ana }]);
  });

  describe("although they have not changed, is who", () => {
    test.each([
      ["has not been told of to all targets", { version: 2 }],
      ["is kept in what they have lost", { refused: { [asReader.by]: { since: now, among: 3 } } }],
      ["was left behind", { leftBehind: "yes" }],
      ["is nowhere to be found", { missingSince: now }],
      ["holds what nothing in the policy shows", { held: [{ ...asReader, by: "group:gone" }] }],
      ["acts on what nothing in the policy shows", { roles: [{ ...asReader, by: "group:gone" }] }],
    ] as const)("%s", async (_, changes) => {
      await settled({ confirmedAt: now + 60 * minuteMs, ...changes });
      await next();
      expect(people()).toContainEqual(soon(ana));
    });

    test.each([
      ["should have been looked at long ago", { dueAt: now - everyMs }],
      ["was heard of, and nobody looked", { heard: 1, looked: 0, heardAt: now - everyMs }],
      ["waits for others to try", { waitsFor: ["consent"] }],
      ["tries for others", { probes: ["consent"] }],
      ["has an open finding", { findings: { version: 1, shown: 1, all: [openFinding] } }],
    ] as const)("%s", async (_, clock) => {
      await settled();
      const claim = await host.world.state.analysts.claim(analystRow(ana), (state) => state);
      await claim.write({ clock: { ...claim.state().clock, ...clock } });
      await next();
      expect(people()).toEqual([soon(ana)]);
    });

    test("was not seen to hold a role since somebody else has lost it; one look says that", async () => {
      await settled();
      const lostAt = host.time;
      await remember(ben, { held: [], roles: [], leaving: "no-role", lost: { [asReader.by]: lostAt } });
      await next();
      expect(people()).toEqual([soon(ana)]);
      await remember(ana, { confirmed: { [asReader.by]: host.time } });
      await next();
      expect(people()).toEqual([]);
    });
  });

  const openFinding = {
    id: "1",
    kind: "kept-role",
    found: "something",
    advice: "do something",
    since: now,
    seen: now,
    over: null,
  } as const;
});

describe("what died with its host is found by a catch-up", () => {
  const servedBy = async (version: number) => {
    const claim = await host.world.state.pairs.claim(pairRow(contosoTenant, ana), (state) => state);
    await claim.write({ value: { ...claim.state().value, served: version } });
  };
  const pairsCalled = () =>
    host.called.flatMap(({ message }) => (message.key.kind === "access" ? [message] : []));

  test("a pair that was told of a version and did not act on it", async () => {
    await remember(ana, { targets: [contosoTenant, fabrikamTenant], version: 3, told: 3 });
    await servedBy(2);
    await look();
    expect(pairsCalled()).toMatchObject([
      { key: { tenant: contosoTenant, analyst: ana }, version: 3, occasion: "event" },
      { key: { tenant: fabrikamTenant, analyst: ana }, version: 3, occasion: "event" },
    ]);
  });

  test("and one that acted on it is left alone", async () => {
    await remember(ana, { targets: [contosoTenant], version: 3, told: 3 });
    await servedBy(3);
    await look();
    expect(pairsCalled()).toEqual([]);
  });

  test("a version that nobody was told of yet is the analyst's own business", async () => {
    await remember(ana, { targets: [contosoTenant], version: 4, told: 3 });
    await servedBy(3);
    await look();
    expect(pairsCalled()).toEqual([]);
  });

  test("a trouble that nobody has tried for long is tried by its probe", async () => {
    await remember(ana, { targets: [contosoTenant] });
    await servedBy(1);
    const key = { kind: "access", tenant: contosoTenant, analyst: ben } as const;
    const trouble = {
      tenant: contosoTenant,
      id: "consent",
      reason: "no consent",
      advice: "consent",
      probe: JSON.stringify(key),
      told: "yes" as const,
      since: now - 60 * minuteMs,
      nextTryAt: now - everyMs - 1,
    };
    await host.world.state.troubles.report(trouble);
    await host.world.state.troubles.report({ ...trouble, id: "in time", nextTryAt: now - everyMs });
    await look();
    expect(pairsCalled()).toMatchObject([{ key, occasion: "event", version: null }]);
  });
});
