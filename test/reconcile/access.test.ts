import { beforeEach, describe, expect, test } from "vitest";
import { tenantIdSchema, type AnalystId } from "../../shared/model/ids.ts";
import { replicationWindowMs } from "../../shared/planner/replicas.ts";
import type { Policy, PushTarget, Target } from "../../shared/policy/policy.ts";
import type { AccessMessage } from "../../shared/queue/keys.ts";
import { analystRow } from "../../shared/state/analysts.ts";
import { graphFailure } from "../support/graph-failure.ts";
import { byId, smallPolicy, withScopes, type PushPolicy } from "../support/small-policy.ts";
import { eventAbout, smallWorld, type SmallWorld } from "../support/small-world.ts";
import {
  ana,
  ben,
  contosoTenant,
  dayMs,
  groupId,
  longAgo,
  minuteMs,
  readers,
  readersAtHome,
  responders,
  syncScope,
  respondersAtHome,
} from "../support/fixtures.ts";

const second = 1_000;

let world: SmallWorld;
beforeEach(() => {
  world = smallWorld();
});

const join = (group = readersAtHome, id: AnalystId = ana) => world.change(id, group, "in");
const leave = (group = readersAtHome, id: AnalystId = ana) => world.change(id, group, "out");
const settle = () => world.wait(0);
const holders = (group: string) => world.contoso.members.get(group)?.size;
const entries = (kind?: "run" | "proof") =>
  world.entries.filter(
    (entry) => entry.tenant === contosoTenant && (kind === undefined || entry.kind === kind),
  );
const proofs = () => entries("proof");
const wakes = () => world.scheduled().filter(({ message }) => message.key.kind === "access");

/** Somebody asks for a look at Ana in Contoso. */
const look = (version: number | null = null) =>
  world.deliver({
    key: { kind: "access", tenant: contosoTenant, analyst: ana },
    cause: "test",
    heardAt: world.now(),
    occasion: "event",
    version,
  } satisfies AccessMessage);

async function belong(): Promise<void> {
  await join();
  await world.wait(20 * minuteMs);
  world.contoso.writes.length = 0;
  world.source.writes.length = 0;
  world.entries.length = 0;
}

const changePolicy = (change: (policy: PushPolicy) => Policy) => world.setPolicy(change(smallPolicy()));
const inContoso = (change: Partial<PushTarget>) => (policy: PushPolicy) => ({
  ...policy,
  targets: policy.targets.map((target) => (target.name === "contoso" ? { ...target, ...change } : target)),
});

describe("a joiner", () => {
  test("is put into scope, provisioned and granted in one go, and that is proven by a read", async () => {
    await join();
    await settle();
    expect(world.source.members.get(groupId(9))).toEqual(new Set([ana]));
    expect(holders(readers.grant.group)).toBe(1);
    expect(proofs()).toMatchObject([
      {
        at: world.now(),
        plan: { steps: [], purpose: "join" },
        evidence: {
          account: { state: "enabled" },
          origin: "created",
          scope: { seen: "present" },
          grants: [
            { name: "group 01", seen: "present" },
            { name: "group 02", seen: "absent" },
            { name: "group 03", seen: "absent" },
          ],
        },
      },
    ]);
  });

  test("is looked at once more when every replica must know what was written, and then no more", async () => {
    await join();
    await settle();
    expect(wakes().map(({ at }) => at - world.now())).toEqual([replicationWindowMs]);
    await world.wait(60 * minuteMs);
    expect(wakes()).toEqual([]);
  });

  test("whom nothing is left to do for costs no write and no entry, however often it is looked", async () => {
    await belong();
    for (let count = 0; count < 5; count += 1) {
      await look();
      await world.wait(10 * minuteMs);
    }
    expect(world.contoso.writes).toEqual([]);
    expect(world.source.writes).toEqual([]);
    expect(entries()).toEqual([]);
  });

  test("gets back what somebody took away by hand", async () => {
    await belong();
    world.contoso.members.get(readers.grant.group)?.clear();
    await look();
    await world.wait(10 * minuteMs);
    expect(holders(readers.grant.group)).toBe(1);
    expect(proofs().length).toBeLessThanOrEqual(1);
  });

  test("with an account that sync made long ago gets it by its stamp, never by mail or name", async () => {
    const other = world.contoso.create(ben, { createdAt: longAgo, userPrincipalName: "ana@source.example" });
    const own = world.contoso.create(ana, { createdAt: longAgo, userPrincipalName: "someone@else" });
    await join();
    await world.wait(20 * minuteMs);
    expect(world.contoso.members.get(readers.grant.group)).toEqual(new Set([own]));
    expect(world.contoso.accounts.get(other)).toMatchObject({ state: "live", enabled: true });
    expect((await world.pairOf(contosoTenant, ana))?.account).toMatchObject({
      origin: "before",
      proof: "stamp",
    });
  });

  test("with two accounts that carry the stamp gets nothing, and people hear of it", async () => {
    for (let count = 0; count < 2; count += 1) world.contoso.create(ana, { createdAt: longAgo });
    await join();
    await world.wait(60 * minuteMs);
    expect(holders(readers.grant.group)).toBe(0);
    expect(world.parked.map(({ reason }) => reason)).toEqual([
      expect.stringContaining("contoso: 2 accounts carry the stamp"),
    ]);
  });

  test("whose account carries somebody else's stamp loses and gets nothing, and people hear of it once", async () => {
    await belong();
    const [account] = world.contoso.accounts.values();
    if (account !== undefined) world.contoso.accounts.set(account.id, { ...account, stamp: ben });
    await join(respondersAtHome);
    await world.wait(6 * 60 * minuteMs);
    expect(holders(responders.grant.group)).toBe(0);
    expect(world.parked.map(({ reason }) => reason)).toEqual([
      expect.stringContaining("is not proven to be theirs"),
    ]);
    expect(proofs()).toEqual([]);
  });
});

describe("the account that the stamp leads to", () => {
  test.each([
    ["made a moment after the scope was joined, by a clock that is a little behind", 4 * second, "created"],
    ["made before that", 6 * second, "before"],
  ] as const)("is Muster's own when it was %s: %i ms", async (_, ageMs, origin) => {
    for (let count = 0; count < 3; count += 1) world.provisioner.next(() => ({ kind: "unnamed" }));
    await join();
    await settle();
    world.contoso.create(ana, { createdAt: world.now() - ageMs });
    await world.wait(10 * second);
    expect((await world.pairOf(contosoTenant, ana))?.account).toMatchObject({ origin });
  });

  test("is somebody else's when Graph does not say when it was made", async () => {
    world.contoso.create(ana, { createdAt: null });
    await join();
    await settle();
    expect((await world.pairOf(contosoTenant, ana))?.account).toMatchObject({ origin: "before" });
  });
});

describe("the account that is known", () => {
  test("is what it was when one replica does not show it by its id and another shows it by its stamp", async () => {
    await belong();
    const before = (await world.pairOf(contosoTenant, ana))?.account;
    world.contoso.next("readAccount", async () => ({ kind: "none" }));
    await look();
    await settle();
    expect((await world.pairOf(contosoTenant, ana))?.account).toEqual(before);
    expect(before?.origin).toBe("created");
  });

  test("is not given up for another one while it may only be on its way back", async () => {
    await belong();
    await leave();
    await settle();
    const own = (await world.pairOf(contosoTenant, ana))?.account?.accountId;
    world.contoso.create(ana, { createdAt: world.now() });
    for (let count = 0; count < 3; count += 1)
      world.contoso.next("readAccount", async () => ({ kind: "none" }));
    await join();
    await settle();
    expect((await world.pairOf(contosoTenant, ana))?.account).toMatchObject({
      accountId: own,
      origin: "created",
    });
  });
});

describe("a leaver", () => {
  test("loses grants, scope and account, and that is proven", async () => {
    await belong();
    await leave();
    await settle();
    expect(holders(readers.grant.group)).toBe(0);
    expect(world.source.members.get(groupId(9))?.size).toBe(0);
    expect([...world.contoso.accounts.values()].map(({ state, enabled }) => [state, enabled])).toEqual([
      ["recycled", false],
    ]);
    expect(proofs()).toMatchObject([
      { plan: { purpose: "leave" }, evidence: { account: { state: "soft-deleted" } } },
    ]);
  });

  test("is looked at once more when every replica must know, and when nothing that was under way can still happen", async () => {
    await belong();
    await leave();
    const leftAt = world.now();
    await settle();
    const looks: number[] = [];
    for (let count = 0; count < 4; count += 1) {
      const [next] = wakes();
      if (next === undefined) break;
      looks.push(next.at - leftAt);
      await world.wait(next.at - world.now());
    }
    expect(looks).toEqual([replicationWindowMs, 15 * minuteMs, 45 * minuteMs]);
    expect(proofs()).toHaveLength(1);
  });

  test("whose account sync makes only after they have left loses that one, too", async () => {
    for (let count = 0; count < 6; count += 1)
      world.provisioner.next(() => ({ kind: "not-in-scope", detail: "the user is not assigned" }));
    await join();
    await world.wait(replicationWindowMs);
    await leave();
    await world.wait(minuteMs);
    expect(world.contoso.accounts.size).toBe(0);
    const late = world.contoso.create(ana);
    await world.wait(30 * minuteMs);
    expect(world.contoso.accounts.get(late)).toMatchObject({ state: "recycled", enabled: false });
  });

  test("is deleted when deleteAfter has passed, and until then is blocked and without grants", async () => {
    world.setPolicy(smallPolicy({ leavers: { deleteAfterMs: dayMs } }));
    await belong();
    await leave();
    await world.wait(dayMs - 10 * minuteMs);
    expect([...world.contoso.accounts.values()].map(({ state, enabled }) => [state, enabled])).toEqual([
      ["live", false],
    ]);
    expect(holders(readers.grant.group)).toBe(0);
    await world.wait(20 * minuteMs);
    expect([...world.contoso.accounts.values()].map(({ state }) => state)).toEqual(["recycled"]);
  });

  test("does not wait for a target that throttles: the scope ends at once, the rest follows", async () => {
    await belong();
    world.contoso.next("listMemberOf", () =>
      Promise.reject(graphFailure(429, { retryAfterMs: 30 * second })),
    );
    await leave();
    await settle();
    expect(world.source.members.get(groupId(9))?.size).toBe(0);
    expect(proofs()).toEqual([]);
    await world.wait(minuteMs);
    expect(holders(readers.grant.group)).toBe(0);
    expect(proofs()).toHaveLength(1);
  });

  test("leaves the scope that Muster put them in, also after the policy names another one", async () => {
    await belong();
    const other = groupId(7);
    world.source.members.set(other, new Set());
    world.setPolicy(withScopes({ contoso: byId(other), fabrikam: byId(groupId(8)) }));
    await leave();
    await settle();
    expect(world.source.members.get(groupId(9))?.size).toBe(0);
  });

  test("does not wait for a name in the policy that nobody can find", async () => {
    await belong();
    world.contoso.members.delete(groupId(2));
    await leave();
    await settle();
    expect(holders(readers.grant.group)).toBe(0);
    expect(world.parked).toEqual([]);
  });
});

describe("the proof", () => {
  test("is written down before it is said, so that a crash in between says it again, as of when it was found", async () => {
    world.failJournal("proof");
    await join();
    await settle();
    const foundAt = world.now();
    expect(proofs()).toEqual([]);
    expect((await world.pairOf(contosoTenant, ana))?.proof).toMatchObject({ at: foundAt, entered: "no" });
    await world.wait(5 * second);
    expect(proofs()).toMatchObject([{ at: foundAt }]);
    expect((await world.pairOf(contosoTenant, ana))?.proof).toMatchObject({ at: foundAt, entered: "yes" });
  });

  test("is said once, also when a later look finds the same", async () => {
    await join();
    await world.wait(60 * minuteMs);
    for (let count = 0; count < 3; count += 1) await look();
    expect(proofs()).toHaveLength(1);
  });

  test("is not said by a run that lost the pair when it wanted to", async () => {
    await belong();
    world.contoso.next("readAccount", async (call) => {
      world.tables.pairs.before("write", () =>
        world.state.pairs.claim({ partitionKey: contosoTenant, rowKey: ana }, (state) => state),
      );
      // The claim that comes in between has a write of its own.
      world.tables.pairs.before("write", () => Promise.resolve());
      world.contoso.members.get(responders.grant.group)?.add([...world.contoso.accounts.keys()][0] ?? "");
      return call();
    });
    await look();
    expect(proofs()).toEqual([]);
    await world.wait(minuteMs);
    expect(proofs()).toHaveLength(1);
  });

  test("is not said while the analyst's record has changed since the round began: the round begins anew", async () => {
    await belong();
    world.contoso.next("readAccount", async (call) => {
      const claim = await world.state.analysts.claim(analystRow(ana), (state) => state);
      const record = claim.state().value;
      if (record !== null)
        await claim.write({
          value: { ...record, roles: [], leaving: "disabled", version: record.version + 1 },
        });
      return call();
    });
    await look();
    expect(holders(readers.grant.group)).toBe(0);
    expect(proofs().map(({ plan }) => plan.purpose)).toEqual(["leave"]);
  });

  test("is not said while an event about the analyst waits for its look, nor kept back for ever", async () => {
    await belong();
    world.contoso.members.get(responders.grant.group)?.add([...world.contoso.accounts.keys()][0] ?? "");
    await world.state.analysts.claim(analystRow(ana), (state) => ({
      ...state,
      clock: { ...state.clock, heard: state.clock.heard + 1, heardAt: world.now() },
    }));
    world.forgetScheduled();
    await look();
    expect(proofs()).toEqual([]);
    await world.wait(4 * minuteMs);
    expect(proofs()).toEqual([]);
    await world.wait(2 * minuteMs);
    expect(proofs()).toHaveLength(1);
  });

  test("is not said while the look at an event has failed: the analyst may have left", async () => {
    await belong();
    const user = world.userOf(ana);
    world.source.users.set(ana, { ...user, enabled: false });
    world.source.next("readUser", () => Promise.reject(graphFailure(500)));
    await world.deliver(eventAbout(ana, world.now()));
    world.contoso.members.get(responders.grant.group)?.add([...world.contoso.accounts.keys()][0] ?? "");
    await look();
    expect(proofs()).toEqual([]);
    await world.wait(2 * minuteMs);
    expect(proofs().map(({ plan }) => plan.purpose)).toContain("leave");
  });

  test("is not said while something is withheld", async () => {
    changePolicy(inContoso({ mode: "add-only" }));
    await belong();
    await leave();
    await world.wait(60 * minuteMs);
    expect(holders(readers.grant.group)).toBe(1);
    expect(proofs()).toEqual([]);
    expect(entries("run")).toHaveLength(1);
  });

  test("is not said while a write may be undone by what a replica does not know yet", async () => {
    await belong();
    await leave();
    await world.wait(30 * second);
    await join();
    await world.wait(30 * second);
    expect(proofs().map(({ plan }) => plan.purpose)).toEqual(["leave"]);
    await world.wait(20 * minuteMs);
    expect(proofs().map(({ plan }) => plan.purpose)).toEqual(["leave", "join"]);
  });
});

describe("asking for the account", () => {
  test("begins anew for somebody who comes back, however often it was in vain before", async () => {
    for (let tries = 0; tries < 100; tries += 1)
      world.provisioner.next(() => ({ kind: "not-in-scope", detail: "not assigned" }));
    const asked = () => world.provisioner.asked.length;
    await join();
    await world.wait(8 * minuteMs);
    const first = asked();
    await world.wait(4 * 60 * minuteMs);
    await leave();
    await world.wait(2 * 60 * minuteMs);
    const before = asked();
    await join();
    await world.wait(8 * minuteMs);
    expect(asked() - before).toBe(first);
  });
});

describe("every round", () => {
  test("asks anew what the policy says", async () => {
    world.source.next("joinScope", async (call) => {
      changePolicy(inContoso({ mode: "observe" }));
      return call();
    });
    await join();
    await world.wait(minuteMs);
    expect(world.contoso.writes).toEqual([]);
  });

  test("asks anew who the analyst is", async () => {
    world.source.next("joinScope", async (call) => {
      const answer = await call();
      world.source.members.get(readersAtHome)?.delete(ana);
      const claim = await world.state.analysts.claim(analystRow(ana), (state) => state);
      const record = claim.state().value;
      if (record !== null)
        await claim.write({ value: { ...record, roles: [], leaving: "no-role", version: 2 } });
      return answer;
    });
    await join();
    await settle();
    expect(holders(readers.grant.group)).toBe(0);
  });

  test("begins only while there is time, and the key comes back for the rest", async () => {
    await join();
    const message = world.sent.find(({ key }) => key.kind === "access" && key.tenant === contosoTenant);
    if (message === undefined) throw new Error("nobody is told");
    world.source.next("joinScope", async (call) => {
      const answer = await call();
      await world.wait(3 * minuteMs);
      return answer;
    });
    world.sent.splice(world.sent.indexOf(message), 1);
    await world.deliver(message);
    // The scope was joined, and what comes after it is for another run.
    expect(world.source.members.get(syncScope.scope.group)?.size).toBe(1);
    expect(world.provisioner.asked).toEqual([]);
    await world.wait(20 * minuteMs);
    expect(holders(readers.grant.group)).toBe(1);
    expect(proofs()).toHaveLength(1);
  });

  test("is one of a few: what never ends is a failure that people hear of", async () => {
    await belong();
    // Somebody takes the grant away as often as Muster gives it.
    const undo = () =>
      world.contoso.next("grant", async (call) => {
        const answer = await call();
        world.contoso.members.get(readers.grant.group)?.clear();
        undo();
        return answer;
      });
    world.contoso.members.get(readers.grant.group)?.clear();
    undo();
    await look();
    expect(world.contoso.writes.length).toBeLessThanOrEqual(6);
  });
});

describe("the version that a pair was told of", () => {
  test("is acted on when the run is over, and then the same news costs nothing", async () => {
    await belong();
    expect((await world.pairOf(contosoTenant, ana))?.served).toBe(1);
    let reads = 0;
    world.contoso.next("readAccount", async (call) => {
      reads += 1;
      return call();
    });
    await look(1);
    expect(reads).toBe(0);
    await look(null);
    expect(reads).toBe(1);
  });

  test("is not acted on by a run that dies", async () => {
    await join();
    world.tables.pairs.fail("write");
    await settle();
    expect((await world.pairOf(contosoTenant, ana))?.served ?? 0).toBe(0);
    await world.wait(minuteMs);
    expect((await world.pairOf(contosoTenant, ana))?.served).toBe(1);
  });
});

describe("a target that cannot be read", () => {
  const failAlways = (name: string, error: Error) => {
    for (let count = 0; count < 200; count += 1) world.contoso.next(name, () => Promise.reject(error));
  };

  test("for a passing reason is tried again, and then what can be done from the source is done", async () => {
    failAlways("findByStamp", graphFailure(503));
    await join();
    await settle();
    expect(world.source.members.get(groupId(9))?.size).toBe(0);
    await world.wait(10 * second);
    expect(world.source.members.get(groupId(9))).toEqual(new Set([ana]));
    expect(proofs()).toEqual([]);
  });

  test("for want of consent is one trouble of the whole tenant, and the source's part is done", async () => {
    const people = [ana, ben];
    world.addUser(ben);
    failAlways("findByStamp", graphFailure(403, { template: "/users" }));
    for (const id of people) await join(readersAtHome, id);
    await world.wait(2 * minuteMs);
    expect(world.parked).toHaveLength(1);
    expect(world.source.members.get(groupId(9))).toEqual(new Set(people));
  });

  test("is not proven to be as it should be, and says its trouble once in the journal", async () => {
    failAlways("findByStamp", graphFailure(403, { template: "/users" }));
    await join();
    await world.wait(3 * 60 * minuteMs);
    expect(proofs()).toEqual([]);
    expect(entries("run").length).toBeLessThanOrEqual(2);
  });
});

describe("a policy that the target does not bear out", () => {
  test("with a group that is not there touches nothing, and people hear of it once for all", async () => {
    world.addUser(ben);
    world.contoso.members.delete(readers.grant.group);
    for (const id of [ana, ben]) await join(readersAtHome, id);
    await world.wait(60 * minuteMs);
    expect(world.contoso.writes).toEqual([]);
    expect(world.parked).toHaveLength(1);
    expect(world.parked[0]?.reason).toContain("contoso: there is no group");
  });

  test("with a group that nobody writes by hand does the rest, says so once, and proves nothing", async () => {
    world.contoso.kinds.set(readers.grant.group, "dynamic");
    await join(respondersAtHome);
    await world.wait(20 * minuteMs);
    await join();
    await world.wait(6 * 60 * minuteMs);
    expect(holders(responders.grant.group)).toBe(1);
    expect(holders(readers.grant.group)).toBe(0);
    expect(world.parked).toHaveLength(1);
    expect(world.parked[0]?.reason).toContain("is a dynamic group");
    expect(proofs()).toHaveLength(1);
  });

  test("with a group that nobody writes by hand confirms all the same what was written beside it", async () => {
    await belong();
    await join(respondersAtHome);
    world.contoso.kinds.set(readers.grant.group, "dynamic");
    await settle();
    expect(holders(responders.grant.group)).toBe(1);
    expect(wakes().map(({ at }) => at - world.now())).toContain(replicationWindowMs);
  });

  test("without the target any more parks the key, and says what to do", async () => {
    await belong();
    changePolicy((policy) => ({
      ...policy,
      targets: policy.targets.filter(({ name }) => name !== "contoso"),
    }));
    await world.wait(minuteMs);
    await look();
    expect(world.parked).toMatchObject([
      { advice: expect.stringContaining("put the target back into the policy with retire: true") },
    ]);
    expect(holders(readers.grant.group)).toBe(1);
  });
});

describe("a sync job that does not carry the stamp", () => {
  const unstamp = () => {
    for (const account of world.contoso.accounts.values())
      world.contoso.accounts.set(account.id, { ...account, stamp: null });
  };

  test("keeps nobody from working, and is one entry for people until it is mended", async () => {
    world.addUser(ben);
    for (const id of [ana, ben]) {
      await join(readersAtHome, id);
      await settle();
      unstamp();
    }
    await world.wait(60 * minuteMs);
    expect(holders(readers.grant.group)).toBe(2);
    expect(world.parked).toMatchObject([
      {
        reason: expect.stringMatching(/^contoso: accounts come without the stamp /),
        advice: expect.stringContaining("map it"),
      },
    ]);
    for (const account of world.contoso.accounts.values())
      world.contoso.accounts.set(account.id, { ...account, stamp: account.id.endsWith("1") ? ana : ben });
    await world.wait(60 * minuteMs);
    expect(await world.state.troubles.list(contosoTenant)).toEqual([]);
  });

  test("is no news of an account that was there before Muster, nor of one that was made a moment ago", async () => {
    world.contoso.create(ana, { createdAt: longAgo });
    await join();
    await settle();
    unstamp();
    await world.wait(60 * minuteMs);
    expect(world.parked).toEqual([]);
  });

  test("keeps no leaver", async () => {
    await belong();
    unstamp();
    await leave();
    await world.wait(20 * minuteMs);
    expect(proofs()).toHaveLength(1);
    expect(world.parked).toEqual([]);
  });
});

test("somebody of whom nothing is known is nobody's business in a target", async () => {
  await look();
  expect(world.contoso.writes).toEqual([]);
  expect(entries()).toEqual([]);
});

test("a target goes by its tenant: under another name in the policy it is the same", async () => {
  await belong();
  changePolicy(inContoso({ name: "northwind" as Target["name"] }));
  await world.deliver({
    key: { kind: "analyst", analyst: ana },
    cause: "test",
    heardAt: world.now(),
    occasion: "event",
  });
  await world.wait(20 * minuteMs);
  expect(world.contoso.writes).toEqual([]);
  expect(world.contoso.accounts.size).toBe(1);
  expect(tenantIdSchema.parse(contosoTenant)).toBe(contosoTenant);
});
