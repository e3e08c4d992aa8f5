import { describe, expect, test } from "vitest";
import { analystIdSchema, type AnalystId } from "../../shared/model/ids.ts";
import { tendSweeps, beginNight } from "../../shared/reconcile/sweep/start-sweeps.ts";
import { marks } from "../../shared/state/marks.ts";
import { graphFailure } from "../support/graph-failure.ts";
import { memoryTable } from "../support/memory-table.ts";
import { smallPolicy } from "../support/small-policy.ts";
import { smallWorld, type SmallWorld } from "../support/small-world.ts";
import { begunIn, reportOf, sweepIn } from "../support/sweeps.ts";
import {
  ana,
  contosoTenant,
  dayMs,
  groupId,
  hourMs,
  minuteMs,
  readers,
  readersAtHome,
  responders,
  respondersAtHome,
  syncScope,
} from "../support/fixtures.ts";

/** What a sweep finds, and what becomes of it. That the lab's Graph shows all this as it does, test/scenarios/night.test.ts holds. */
const person = (number: number): AnalystId =>
  analystIdSchema.parse(`a0000000-0000-4000-8000-${String(number).padStart(12, "0")}`);

/** A world with this many readers in Contoso, settled for hours. */
async function withReaders(count: number): Promise<SmallWorld> {
  const world = smallWorld();
  for (let number = 1; number <= count; number += 1) {
    if (number > 1) world.addUser(person(number));
    await world.change(person(number), readersAtHome, "in");
  }
  await world.wait(2 * hourMs);
  expect(world.contoso.members.get(readers.grant.group)?.size).toBe(count);
  world.contoso.writes.length = 0;
  world.source.writes.length = 0;
  return world;
}

const members = (world: SmallWorld) => world.contoso.members.get(readers.grant.group);
const accountOf = (world: SmallWorld, id: AnalystId) =>
  [...world.contoso.accounts.values()].find(({ stamp }) => stamp === id)?.id ?? "";

describe("a sweep", () => {
  test("of a world that is as it should be finds nothing and writes nothing", async () => {
    const world = await withReaders(3);
    const looks = world.contoso.writes.length;
    const { sweep, parts, found } = await sweepIn(world);
    expect(found).toEqual([]);
    expect(sweep?.endedAt).not.toBeNull();
    expect(parts["contoso"]).toMatchObject({ state: "done", compared: 3, underWay: 0, unmanaged: [] });
    expect(world.contoso.writes).toHaveLength(looks);
    expect(world.source.writes).toEqual([]);
  });

  test("has what was taken given again", async () => {
    const world = await withReaders(3);
    members(world)?.delete(accountOf(world, ana));
    const { found } = await sweepIn(world);
    expect(found).toEqual(["contoso: group 01 is missing: repaired"]);
    expect(members(world)?.size).toBe(3);
  });

  test("has a leaver taken out of a scope that somebody put them into", async () => {
    const world = await withReaders(6);
    await world.change(ana, readersAtHome, "out");
    await world.wait(3 * dayMs);
    world.source.members.get(syncScope.scope.group)?.add(ana);
    const { found } = await sweepIn(world);
    expect(found).toEqual([expect.stringContaining("in the scope group 09, without Muster's doing")]);
  });

  test("finds what changed in the source unheard", async () => {
    const world = await withReaders(3);
    world.source.users.set(ana, { ...world.userOf(ana), enabled: false });
    const { found } = await sweepIn(world);
    expect(found).toEqual(["source: the account is disabled: repaired"]);
    expect(members(world)?.size).toBe(2);
    expect(world.leaveProofs()).not.toEqual([]);
  });

  test("finds who holds a role and is not known", async () => {
    const world = await withReaders(2);
    world.addUser(person(9));
    world.source.members.get(readersAtHome)?.add(person(9));
    await sweepIn(world);
    expect(members(world)?.size).toBe(3);
  });

  test("names who is in a managed group by another hand, and leaves them there", async () => {
    const world = await withReaders(2);
    members(world)?.add("dd000000-0000-4000-8000-000000000001");
    const { parts, found } = await sweepIn(world);
    expect(found).toEqual([]);
    expect(parts["contoso"]?.unmanaged).toEqual([
      { name: "group 01", count: 1, some: ["dd000000-0000-4000-8000-000000000001"] },
    ]);
    expect(members(world)?.size).toBe(3);
  });

  test("says nothing of what cannot be read, and nothing of anybody for it", async () => {
    const world = await withReaders(3);
    world.contoso.members.delete(responders.grant.group);
    const { parts, found } = await sweepIn(world);
    expect(found).toEqual([]);
    expect(parts["contoso"]?.unread).toEqual([expect.stringContaining("there is no group")]);
  });

  test("tries a tenant that does not answer, alone, and is a finding when it never does", async () => {
    const world = await withReaders(2);
    world.contoso.always("lists", async () => {
      throw graphFailure(503);
    });
    const id = await begunIn(world);
    await world.wait(hourMs);
    const early = await reportOf(world, id);
    expect(early.parts["fabrikam"]?.state).toBe("done");
    expect(early.parts["contoso"]).toMatchObject({ state: "waiting", why: expect.stringContaining("503") });
    await world.wait(6 * hourMs);
    const late = await reportOf(world, id);
    expect(late.parts["contoso"]?.state).toBe("failed");
    expect(late.sweep?.endedAt).not.toBeNull();
    const open = await world.state.findings.open(contosoTenant, "sweep");
    expect(open.map(({ kind }) => kind)).toEqual(["failed-sweep"]);
    // And it is over with the next night.
    world.contoso.always("lists", (call) => call());
    await sweepIn(world);
    expect(await world.state.findings.open(contosoTenant, "sweep")).toEqual([]);
  });

  test("looks at nobody who is being looked at anyway", async () => {
    const world = await withReaders(2);
    world.addUser(person(3));
    world.contoso.always("grant", async () => {
      throw graphFailure(503);
    });
    await world.change(person(3), readersAtHome, "in");
    await world.wait(2 * minuteMs);
    const { parts, found } = await sweepIn(world);
    expect(found).toEqual([]);
    expect(parts["contoso"]).toMatchObject({ compared: 2, underWay: 1 });
  });

  test.each(["write", "read", "list"] as const)(
    "comes to its end although the tables fail at any %s",
    async (what) => {
      let failed = true;
      for (let step = 1; failed; step += 1) {
        failed = false;
        const world = await withReaders(1);
        members(world)?.delete(accountOf(world, ana));
        const id = await begunIn(world);
        for (let before = 1; before < step; before += 1)
          world.tables.runs.before(what, () => Promise.resolve());
        world.tables.runs.before(what, () => {
          failed = world.now() < end;
          return failed ? Promise.reject(new Error("the table Runs does not answer")) : Promise.resolve();
        });
        const end = world.now() + hourMs;
        await world.until(end);
        const { sweep, found } = await reportOf(world, id);
        expect(found).toEqual(["contoso: group 01 is missing: repaired"]);
        expect(sweep?.endedAt, `after the ${step}th ${what}`).not.toBeNull();
        expect(step).toBeLessThan(50);
      }
    },
  );
});

describe("a sweep that would take too much", () => {
  /** Every pair believes to have been served with a policy that gave nothing: as if their messages had died. */
  async function giveUpResponders(count: number): Promise<SmallWorld> {
    const world = await withReaders(count);
    for (let number = 1; number <= count; number += 1)
      await world.change(person(number), respondersAtHome, "in");
    await world.wait(2 * hourMs);
    const policy = smallPolicy();
    const targets = policy.targets.map((target) => ({
      ...target,
      grants: target.grants.filter(({ role }) => role !== "responder"),
    }));
    // Nothing that takes something works while the edit is new.
    world.contoso.always("revoke", async () => {
      throw graphFailure(503);
    });
    world.setPolicy({ ...policy, targets });
    return world;
  }

  test("takes nothing there, says so, and goes on elsewhere", async () => {
    const world = await giveUpResponders(6);
    // As if they had been told and had acted: nobody has, and no message is left.
    for (let number = 1; number <= 6; number += 1)
      await world.deliver({
        key: { kind: "analyst", analyst: person(number) },
        cause: "test",
        heardAt: world.now(),
        occasion: "check",
      });
    await world.wait(minuteMs);
    world.sent.length = 0;
    world.forgetScheduled();
    world.contoso.always("revoke", (call) => call());
    for (const { rowKey, state } of await world.state.pairs.list(contosoTenant)) {
      const claim = await world.state.pairs.claim({ partitionKey: contosoTenant, rowKey }, (known) => known);
      const record = await world.recordOf(analystIdSchema.parse(rowKey));
      await claim.write({
        clock: { ...state.clock, dueAt: 0, wakeAt: 0 },
        value: { ...state.value, served: record?.version ?? 0, unwanted: {} },
      });
    }
    await world.wait(hourMs);
    const held = new Set(["contoso: group 02 was taken back, and is there: held"]);
    const plan = await sweepIn(world, { occasion: "resync", mode: "plan" });
    expect(new Set(plan.found)).toEqual(held);
    const { parts, found } = await sweepIn(world);
    expect(parts["contoso"]?.withheld).toMatchObject({ removals: 6, given: 12, people: 6 });
    expect(new Set(found)).toEqual(held);
    expect(world.contoso.members.get(responders.grant.group)?.size).toBe(6);
    const open = await world.state.findings.open(contosoTenant, "sweep");
    expect(open.map(({ kind }) => kind)).toEqual(["withheld-removals"]);
    expect(parts["fabrikam"]?.state).toBe("done");
  });
});

describe("a resync", () => {
  test("of one person looks at them wherever they are, whatever a comparison shows", async () => {
    const world = await withReaders(2);
    const { parts, found } = await sweepIn(world, {
      occasion: "resync",
      scope: { kind: "analyst", analyst: ana },
    });
    expect(Object.keys(parts).toSorted()).toEqual(["contoso", "source"]);
    expect(found).toContain("contoso: it was asked for: as-it-should-be");
    expect(world.contoso.writes).toEqual([]);
  });

  test("of somebody who is not known finds out where they belong", async () => {
    const world = await withReaders(1);
    world.addUser(person(5));
    world.source.members.get(readersAtHome)?.add(person(5));
    const scope = { kind: "analyst", analyst: person(5) } as const;
    const { parts } = await sweepIn(world, { occasion: "resync", scope });
    expect(Object.keys(parts).toSorted()).toEqual(["contoso", "source"]);
    expect(members(world)?.size).toBe(2);
  });

  test("in plan mode says what would be done, and does nothing", async () => {
    const world = await withReaders(3);
    members(world)?.delete(accountOf(world, ana));
    world.source.users.set(ana, { ...world.userOf(ana), stamps: {} });
    const before = JSON.stringify([...(await world.state.pairs.list(contosoTenant))]);
    const { found, differences, sweep } = await sweepIn(world, { occasion: "resync", mode: "plan" });
    expect(found.toSorted()).toEqual([
      "contoso: group 01 is missing: planned",
      expect.stringMatching(/^source: .*stamp.*: planned$/),
    ]);
    const kinds = differences.map(({ plan }) => plan?.steps.map(({ kind }) => kind));
    expect(kinds).toContainEqual(["grant"]);
    expect(kinds).toContainEqual(["stamp"]);
    expect(sweep?.endedAt).not.toBeNull();
    expect(members(world)?.size).toBe(2);
    expect(world.source.writes).toEqual([]);
    expect(JSON.stringify([...(await world.state.pairs.list(contosoTenant))])).toBe(before);
  });

  test("of a target or a tag that the policy does not name is refused", async () => {
    const world = await withReaders(1);
    await expect(begunIn(world, { scope: { kind: "tag", tag: "emea" } })).rejects.toThrow("emea");
  });
});

describe("what begins sweeps", () => {
  const startPorts = (world: SmallWorld) => ({
    ...world.ports,
    mark: marks(memoryTable("Marks").client).sweep,
  });

  test("a night begins once, however many timers fire", async () => {
    const world = await withReaders(1);
    const ports = startPorts(world);
    const begun = await Promise.all([beginNight(ports), beginNight(ports)]);
    expect(begun.filter((id) => id !== null)).toHaveLength(1);
    await world.wait(dayMs);
    expect(await beginNight(ports)).not.toBeNull();
  });

  test("another policy is compared when everybody was looked at under it; the first one is not", async () => {
    const world = await withReaders(2);
    const ports = startPorts(world);
    expect(await tendSweeps(ports)).toEqual({ begun: null, called: 0 });
    expect(await tendSweeps(ports)).toEqual({ begun: null, called: 0 });
    world.setPolicy({ ...smallPolicy(), protected: [groupId(77)] });
    const { begun } = await tendSweeps(ports);
    expect(begun).not.toBeNull();
    await world.wait(5 * minuteMs);
    const early = await reportOf(world, begun ?? "");
    expect(early.parts["contoso"]).toMatchObject({ state: "waiting", why: expect.stringContaining("2 are") });
    for (const id of [ana, person(2)])
      await world.deliver({
        key: { kind: "analyst", analyst: id },
        cause: "test",
        heardAt: world.now(),
        occasion: "check",
      });
    await world.wait(hourMs);
    const { sweep, found } = await reportOf(world, begun ?? "");
    expect(found).toEqual([]);
    expect(sweep?.endedAt).not.toBeNull();
  });

  test("what died with its host is called again", async () => {
    const world = await withReaders(1);
    const ports = startPorts(world);
    await tendSweeps(ports);
    const id = await beginNight(ports);
    world.sent.length = 0;
    await world.wait(5 * minuteMs);
    expect(await tendSweeps(ports)).toEqual({ begun: null, called: 0 });
    await world.wait(10 * minuteMs);
    expect((await tendSweeps(ports)).called).toBe(3);
    await world.wait(hourMs);
    expect((await reportOf(world, id ?? "")).sweep?.endedAt).not.toBeNull();
  });

  test("a sweep whose beginning died is begun", async () => {
    const world = await withReaders(1);
    const ports = startPorts(world);
    await tendSweeps(ports);
    world.tables.runs.fail("write");
    await expect(beginNight(ports)).rejects.toThrow("Runs");
    expect((await tendSweeps(ports)).begun).not.toBeNull();
    await world.wait(hourMs);
    const [sweep] = await world.state.runs.newest(1);
    expect(sweep?.endedAt).not.toBeNull();
  });

  test("what another policy has asked for, and whose beginning died, is not forgotten because it is night", async () => {
    const world = await withReaders(1);
    const ports = startPorts(world);
    await tendSweeps(ports);
    world.setPolicy({ ...smallPolicy(), protected: [groupId(77)] });
    world.tables.runs.fail("write");
    await expect(tendSweeps(ports)).rejects.toThrow("Runs");
    await world.wait(hourMs);
    expect(await beginNight(ports)).not.toBeNull();
    expect((await world.state.runs.newest(9)).map(({ occasion }) => occasion).toSorted()).toEqual([
      "night",
      "policy",
    ]);
  });
});
