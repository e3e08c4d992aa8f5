import { beforeEach, describe, expect, test } from "vitest";
import { analystIdSchema, roleNameSchema, type AnalystId } from "../../shared/model/ids.ts";
import { replicationWindowMs } from "../../shared/planner/replicas.ts";
import { groupKey } from "../../shared/policy/desired.ts";
import type { Policy } from "../../shared/policy/policy.ts";
import type { AccessMessage } from "../../shared/queue/keys.ts";
import { analystRow } from "../../shared/state/analysts.ts";
import { graphFailure } from "../support/graph-failure.ts";
import { smallPolicy, withRolesCalled } from "../support/small-policy.ts";
import { eventAbout, smallWorld, type SmallWorld } from "../support/small-world.ts";
import {
  ana,
  asReader,
  ben,
  contosoTenant,
  fabrikamTenant,
  groupId,
  minuteMs,
  reader,
  readers,
  readersAtHome,
  responders,
  respondersAtHome,
  stampsFor,
} from "../support/fixtures.ts";

let world: SmallWorld;
beforeEach(() => {
  world = smallWorld();
});

/** What was sent to the targets and not delivered yet. */
const told = () =>
  world.sent.flatMap((message): readonly AccessMessage[] => ("version" in message ? [message] : []));
const toldTenants = () => told().map(({ key }) => key.tenant);
const look = (id: AnalystId = ana) => world.deliver(eventAbout(id, world.now()));
const namesOf = async (id: AnalystId = ana) => (await world.recordOf(id))?.roles.map(({ role }) => role);

/** Ana is a reader, everybody knows it, and it is long ago. */
async function settle(): Promise<void> {
  await world.change(ana, readersAtHome, "in");
  await world.wait(20 * minuteMs);
  world.source.writes.length = 0;
  world.entries.length = 0;
}

describe("somebody with a role", () => {
  test("is stamped before the targets hear of them, so that sync carries the stamps", async () => {
    world.source.next("stamp", async (call) => {
      expect(toldTenants()).toEqual([]);
      return call();
    });
    await world.change(ana, readersAtHome, "in");
    expect(world.source.users.get(ana)).toMatchObject({ stamps: stampsFor([reader]) });
    expect(toldTenants()).toEqual([contosoTenant]);
  });

  test("is told to every target that gives their roles something, once for each version", async () => {
    await world.change(ana, respondersAtHome, "in");
    expect(toldTenants()).toEqual([contosoTenant, fabrikamTenant]);
    expect(new Set(told().map(({ version }) => version))).toEqual(new Set([1]));
    world.sent.length = 0;
    await look();
    await look();
    expect(told()).toEqual([]);
  });

  test("is remembered by what shows the role: the group's id, and the attributes", async () => {
    world.addUser(ana, { attributes: { department: "SOC", jobTitle: "Threat Hunter" } });
    await world.change(ana, readersAtHome, "in");
    expect((await world.recordOf(ana))?.roles).toEqual([
      { role: "hunter", by: 'attributes:[["department","SOC"],["jobTitle","Threat Hunter"]]' },
      { role: "reader", by: groupKey(readersAtHome) },
    ]);
  });

  test("that a group in the role group gives is an analyst like any other", async () => {
    world.source.members.set(groupId(21), new Set([ana]));
    world.source.members.get(readersAtHome)?.add(groupId(21));
    await look();
    expect(await namesOf()).toEqual(["reader"]);
  });

  test("writes nothing once all is as it should be, however often it is looked at", async () => {
    await settle();
    const before = await world.recordOf(ana);
    for (let count = 0; count < 5; count += 1) {
      await look();
      await world.wait(10 * minuteMs);
    }
    expect(world.source.writes).toEqual([]);
    expect(world.entries).toEqual([]);
    const confirmed = { confirmed: { [asReader.by]: expect.any(Number) }, confirmedAt: expect.any(Number) };
    expect(await world.recordOf(ana)).toEqual({ ...before, ...confirmed });
  });
});

describe("somebody without a role, of whom nobody ever heard,", () => {
  test("is not remembered, not written and not told to anybody", async () => {
    await look(ben);
    world.addUser(ben);
    await look(ben);
    expect(await world.recordOf(ben)).toBeNull();
    expect(told()).toEqual([]);
    expect(world.source.writes).toEqual([]);
    expect(world.entries).toEqual([]);
  });
});

describe("a mover", () => {
  test("is told to every target that was ever concerned, with the new roles", async () => {
    await world.change(ana, respondersAtHome, "in");
    await world.wait(20 * minuteMs);
    world.source.members.get(readersAtHome)?.add(ana);
    await world.change(ana, respondersAtHome, "out");
    expect(toldTenants()).toEqual([contosoTenant, fabrikamTenant]);
    expect(await namesOf()).toEqual(["reader"]);
    await world.wait(20 * minuteMs);
    expect(world.fabrikam.members.get(groupId(4))?.size).toBe(0);
    expect(world.source.members.get(groupId(8))?.size).toBe(0);
  });
});

describe("a leaver", () => {
  test("is told to the targets before anything else is done", async () => {
    await settle();
    for (const name of ["revokeSessions", "stamp"])
      world.source.next(name, async (call) => {
        expect(toldTenants()).toEqual([contosoTenant]);
        return call();
      });
    world.source.members.get(readersAtHome)?.delete(ana);
    world.source.users.set(ana, { ...present(), enabled: false });
    await look();
    expect(world.source.writes).toEqual([`revokeSessions ${ana}`, `stamp ${ana}`]);
    expect(toldTenants()).toEqual([contosoTenant]);
  });

  test("is told to targets that the policy gives nothing any more, because they once were concerned", async () => {
    await settle();
    const policy = smallPolicy();
    world.setPolicy({ ...policy, targets: policy.targets.filter(({ name }) => name !== "contoso") });
    world.source.users.set(ana, "soft-deleted");
    await look();
    expect(toldTenants()).toEqual([contosoTenant]);
  });

  test("loses the sessions first, once, and the calls that take are urgent and short-lived", async () => {
    await settle();
    world.source.limits.length = 0;
    world.source.users.set(ana, { ...present(), enabled: false });
    await look();
    expect(world.source.limits).toEqual([
      { priority: "high", sendBefore: world.now() + 20_000 },
      { priority: "high", sendBefore: world.now() + 20_000 },
    ]);
    await world.wait(20 * minuteMs);
    expect(world.source.writes.filter((write) => write.startsWith("revokeSessions"))).toHaveLength(1);
  });

  const present = () => {
    const user = world.source.users.get(ana);
    if (user === undefined || user === "soft-deleted") throw new Error("Ana is gone");
    return user;
  };
});

describe("when the policy changes", () => {
  const responderInContosoOnly = (policy: Policy): Policy => ({
    ...policy,
    targets: policy.targets.filter(({ name }) => name !== "fabrikam"),
  });

  test("every target hears of every analyst again, who is looked at", async () => {
    await settle();
    world.setPolicy(responderInContosoOnly(smallPolicy()));
    await look();
    expect(toldTenants()).toEqual([contosoTenant]);
    expect((await world.recordOf(ana))?.version).toBe(2);
  });

  test("and renames a role, nobody loses it", async () => {
    await settle();
    world.setPolicy(withRolesCalled({ [reader]: roleNameSchema.parse("watcher") }));
    await look();
    await world.wait(20 * minuteMs);
    expect(await namesOf()).toEqual(["watcher"]);
    expect(world.contoso.writes.filter((write) => write.startsWith("revoke"))).toEqual([]);
    expect(world.source.users.get(ana)).toMatchObject({
      stamps: { extension_22222222222242228222222222222222_socRoles: "watcher" },
    });
  });

  test("and all targets only observe, nothing is written in the source either", async () => {
    const policy = smallPolicy();
    world.setPolicy({ ...policy, targets: policy.targets.map((target) => ({ ...target, mode: "observe" })) });
    await world.change(ana, readersAtHome, "in");
    await world.wait(20 * minuteMs);
    expect(world.source.writes).toEqual([]);
    expect(world.contoso.writes).toEqual([]);
  });

  test("and gives two roles the same group, neither is given or taken, and people hear which", async () => {
    await settle();
    const policy = smallPolicy();
    const holders = policy.roles.find(({ name }) => name === reader)?.holders ?? expect.fail();
    world.setPolicy({
      ...policy,
      roles: policy.roles.map((role) => (role.holders.kind === "group" ? { ...role, holders } : role)),
    });
    await look();
    await world.wait(20 * minuteMs);
    expect(world.parked.map(({ reason }) => reason)).toEqual([
      expect.stringContaining(`the group ${readersAtHome} makes its members reader and responder`),
    ]);
    expect(await namesOf()).toEqual(["reader"]);
    expect(world.contoso.writes.filter((write) => write.startsWith("revoke"))).toEqual([]);
  });

  test("and its role names do not fit into a stamp together, the stamp stays as it is, and all else goes on", async () => {
    await settle();
    const policy = smallPolicy();
    const room = "x".repeat(245);
    const stamps = policy.source.stamps.map((stamp) =>
      stamp.name === "socRoles" ? { ...stamp, template: `${room}{roles}` } : stamp,
    );
    world.setPolicy({ ...policy, source: { ...policy.source, stamps } });
    await world.change(ana, respondersAtHome, "in");
    await world.wait(20 * minuteMs);
    expect(world.source.users.get(ana)).toMatchObject({ stamps: stampsFor([reader]) });
    expect(world.parked.map(({ reason }) => reason)).toEqual([
      expect.stringContaining("would be 261 characters long"),
    ]);
    await world.change(ana, readersAtHome, "out");
    await world.wait(20 * minuteMs);
    expect([readers, responders].map(({ grant }) => world.contoso.members.get(grant.group)?.size)).toEqual([
      0, 1,
    ]);
    expect(JSON.stringify(world.source.users.get(ana))).toContain(`${room}responder`);
  });

  test("and a role loses its group, the role is neither given nor taken, and people hear of it once", async () => {
    await settle();
    await world.change(ben, readersAtHome, "in");
    await world.wait(20 * minuteMs);
    world.source.members.delete(readersAtHome);
    for (const id of [ana, ben]) await look(id);
    await world.wait(20 * minuteMs);
    expect(world.parked).toHaveLength(1);
    expect(world.parked[0]?.reason).toContain("role reader: there is no group");
    expect(await namesOf()).toEqual(["reader"]);
    expect(world.contoso.writes.filter((write) => write.startsWith("revoke"))).toEqual([]);
  });
});

describe("many who lose a role at once", () => {
  const people = Array.from({ length: 10 }, (_, index) =>
    analystIdSchema.parse(`a0000000-0000-4000-8000-0000000000${String(index + 10)}`),
  );
  const empty = async () => {
    world.source.members.get(readersAtHome)?.clear();
    for (const id of people) await look(id);
  };
  beforeEach(async () => {
    for (const id of people) {
      world.addUser(id);
      await world.change(id, readersAtHome, "in");
    }
    await world.wait(30 * minuteMs);
  });

  test("keep it, and people hear of it once", async () => {
    await empty();
    for (const id of people) expect(await namesOf(id)).toEqual(["reader"]);
    await world.wait(6 * minuteMs);
    expect(world.parked).toHaveLength(1);
    expect(world.parked[0]?.reason).toContain("10 of 10 holders of reader have lost it at once");
    expect(world.contoso.members.get(groupId(1))?.size).toBe(10);
  });

  test.each([
    ["a moment", 5_000],
    ["a minute", minuteMs],
    ["ten minutes", 10 * minuteMs],
  ])("have lost nothing when it is given back after %s", async (_, ms) => {
    await empty();
    await world.wait(ms);
    for (const id of people) world.source.members.get(readersAtHome)?.add(id);
    for (const id of people) await look(id);
    await world.wait(60 * minuteMs);
    expect(world.contoso.writes.filter((write) => !write.startsWith("grant"))).toEqual([]);
    expect(world.source.writes.filter((write) => write.startsWith("revokeSessions"))).toEqual([]);
  });

  test("lose it when the policy allows so many", async () => {
    await empty();
    world.setPolicy(smallPolicy({ guardrails: { removals: { perRun: 10, share: 1 } } }));
    await world.wait(60 * minuteMs);
    for (const id of people) expect(await world.recordOf(id)).toMatchObject({ leaving: "no-role" });
    expect(world.contoso.members.get(groupId(1))?.size).toBe(0);
  });

  test("keep it also when the others leave one by one afterwards", async () => {
    await empty();
    await world.wait(20 * minuteMs);
    const [last = ana, ...others] = people;
    for (const id of others) {
      world.addUser(id, { enabled: false });
      await look(id);
      await world.wait(5 * minuteMs);
    }
    await look(last);
    await world.wait(20 * minuteMs);
    expect(await namesOf(last)).toEqual(["reader"]);
    expect(world.contoso.members.get(groupId(1))?.size).toBe(1);
  });

  test("keep it also when the role itself is gone from the policy: then nobody can say who holds it", async () => {
    const policy = smallPolicy();
    world.setPolicy({
      ...policy,
      roles: policy.roles.filter(({ name }) => name !== "reader"),
      targets: policy.targets.map((target) => ({
        ...target,
        grants: target.grants.filter(({ role }) => role !== "reader"),
      })),
    });
    for (const id of people) await look(id);
    for (const id of people) expect(await namesOf(id)).toEqual(["reader"]);
    await world.wait(20 * minuteMs);
    expect(world.contoso.members.get(groupId(1))?.size).toBe(10);
  });

  test("because the role goes by another group now keep it when they are in that one", async () => {
    const policy = smallPolicy();
    const other = groupId(13);
    world.source.members.set(other, new Set(people));
    world.setPolicy({
      ...policy,
      roles: policy.roles.map((role) =>
        role.name === "reader"
          ? { ...role, holders: { kind: "group", group: { kind: "id", id: other } } }
          : role,
      ),
    });
    for (const id of people) await look(id);
    await world.wait(20 * minuteMs);
    for (const id of people)
      expect((await world.recordOf(id))?.roles).toEqual([{ role: "reader", by: groupKey(other) }]);
    expect(world.contoso.writes.filter((write) => write.startsWith("revoke"))).toEqual([]);
  });

  test("are none: who left by a disabled account is no sign of an emptied group", async () => {
    for (const id of people.slice(1)) world.addUser(id, { enabled: false });
    for (const id of people.slice(1)) await look(id);
    await world.wait(20 * minuteMs);
    world.source.members.get(readersAtHome)?.delete(people[0] ?? ana);
    await look(people[0]);
    expect(await world.recordOf(people[0] ?? ana)).toMatchObject({ leaving: "no-role" });
    expect(world.parked).toEqual([]);
  });

  test("are believed one by one, when it is one by one", async () => {
    for (const id of people.slice(0, 3)) {
      await world.change(id, readersAtHome, "out");
      await world.wait(20 * minuteMs);
      expect(await world.recordOf(id)).toMatchObject({ leaving: "no-role" });
    }
  });
});

describe("what Graph confirmed a moment ago", () => {
  test("is on record: the stamps, when they were written, and when others were written before", async () => {
    await world.change(ana, readersAtHome, "in");
    const first = await world.recordOf(ana);
    expect(first?.recent.stamps).toEqual({ at: world.now(), values: stampsFor([reader]), beforeAt: 0 });
    const at = world.now();
    await world.wait(minuteMs / 2);
    await world.change(ana, respondersAtHome, "in");
    expect((await world.recordOf(ana))?.recent.stamps).toMatchObject({ at: world.now(), beforeAt: at });
  });

  test("counts as no doubt about others that were written long before", async () => {
    await settle();
    await world.change(ana, respondersAtHome, "in");
    expect((await world.recordOf(ana))?.recent.stamps?.beforeAt).toBe(0);
  });
});

describe("while the names of role groups are looked up", () => {
  test("the analyst is read, and asked about once", async () => {
    await settle();
    const asked: string[] = [];
    const user = Promise.withResolvers<void>();
    world.source.next("find", async (call) => {
      asked.push("find");
      await user.promise;
      return call();
    });
    world.source.next("readUser", async (call) => {
      asked.push("readUser");
      user.resolve();
      return call();
    });
    world.source.always("readMemberships", async (call) => {
      asked.push("readMemberships");
      return call();
    });
    await look();
    expect(asked).toEqual(["find", "readUser", "readMemberships"]);
  });
});

describe("when another run takes the analyst over", () => {
  const takeOver = () => world.state.analysts.claim(analystRow(ana), (state) => state);

  test("before the stamps, the first writes none and tells nobody", async () => {
    world.source.next("readMemberships", async (call) => {
      await takeOver();
      return call();
    });
    await world.change(ana, readersAtHome, "in");
    expect(world.source.writes).toEqual([]);
    expect(told()).toEqual([]);
    await world.wait(20 * minuteMs);
    expect(await world.recordOf(ana)).toMatchObject({ told: 1, version: 1 });
    expect(world.source.users.get(ana)).toMatchObject({ stamps: stampsFor([reader]) });
  });

  test("between two steps, the first does no more of them, also when its last call failed", async () => {
    await settle();
    world.source.next("revokeSessions", async () => {
      await takeOver();
      throw graphFailure(503);
    });
    world.addUser(ana, { enabled: false, stamps: stampsFor([reader]) });
    await look();
    expect(world.source.writes).toEqual([]);
    await world.wait(20 * minuteMs);
    const own = world.source.writes.filter((write) => !write.startsWith("leaveScope"));
    expect(own).toEqual([`revokeSessions ${ana}`, `stamp ${ana}`]);
  });

  test("between stamp and record, the stamp is written once more and the targets hear of it", async () => {
    world.source.next("stamp", async (call) => {
      await takeOver();
      return call();
    });
    await world.change(ana, readersAtHome, "in");
    expect(told()).toEqual([]);
    await world.wait(20 * minuteMs);
    expect(world.contoso.members.get(groupId(1))?.size).toBe(1);
  });

  test("after the targets were told, they are told once more rather than not at all", async () => {
    const { send } = world.ports;
    let lost = false;
    Object.assign(world.ports, {
      send: async (messages: Parameters<typeof send>[0]) => {
        await send(messages);
        if (!lost) await takeOver();
        lost = true;
      },
    });
    await world.change(ana, readersAtHome, "in");
    const versions = told().map(({ version }) => version);
    await world.wait(3_000);
    expect(versions).toEqual([1]);
    expect(await world.recordOf(ana)).toMatchObject({ told: 1 });
  });
});

describe("the journal of an analyst", () => {
  const entriesAtHome = () => world.entries.filter(({ tenant }) => tenant === null);

  test("says what was done, why, and what was true before", async () => {
    await world.change(ana, readersAtHome, "in");
    expect(entriesAtHome()).toMatchObject([
      {
        cause: "test",
        outcome: "done",
        evidence: { before: [], leaving: null, roles: [{ role: "reader" }] },
      },
    ]);
  });

  test("does not say the same again and again while a person has yet to look", async () => {
    world.addUser(ben);
    for (const id of [ana, ben]) await world.change(id, readersAtHome, "in");
    await world.wait(20 * minuteMs);
    world.source.members.get(readersAtHome)?.clear();
    for (const id of [ana, ben]) await look(id);
    world.entries.length = 0;
    for (let count = 0; count < 5; count += 1) {
      await world.wait(10 * minuteMs);
      for (const id of [ana, ben]) await look(id);
    }
    expect(entriesAtHome().length).toBeLessThanOrEqual(2);
  });

  test("says a write that failed, once, however often it is tried", async () => {
    for (let count = 0; count < 20; count += 1)
      world.source.next("stamp", () => Promise.reject(graphFailure(503)));
    await world.change(ana, readersAtHome, "in");
    await world.wait(5 * minuteMs);
    // The first look also found a role, which is news by itself.
    expect(entriesAtHome()).toHaveLength(1);
    await world.wait(60 * minuteMs);
    expect(entriesAtHome().at(-1)?.steps).toMatchObject([{ result: "done" }]);
  });
});

describe("a user who is nowhere to be found", () => {
  test("keeps everything until a second look, a minute later, finds them nowhere as well", async () => {
    await settle();
    await world.wait(replicationWindowMs);
    world.source.users.delete(ana);
    const goneAt = world.now();
    await look();
    expect(await world.recordOf(ana)).toMatchObject({ leaving: null, missingSince: goneAt });
    await world.wait(59_000);
    expect(await world.recordOf(ana)).toMatchObject({ leaving: null });
    await world.wait(2_000);
    expect(await world.recordOf(ana)).toMatchObject({ leaving: "deleted", leftAt: goneAt + minuteMs });
  });
});
