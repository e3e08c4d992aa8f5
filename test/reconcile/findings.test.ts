import { beforeEach, describe, expect, test } from "vitest";
import type { AnalystId } from "../../shared/model/ids.ts";
import type { Policy, PushTarget } from "../../shared/policy/policy.ts";
import type { AccessMessage } from "../../shared/queue/keys.ts";
import { PolicyUnusable } from "../../shared/reconcile/run/policy-in-force.ts";
import { pairRow } from "../../shared/state/pairs.ts";
import { withoutConsent } from "../support/consent.ts";
import { graphFailure } from "../support/graph-failure.ts";
import { smallPolicy } from "../support/small-policy.ts";
import { eventAbout, smallWorld, type SmallWorld } from "../support/small-world.ts";
import {
  ana,
  ben,
  contoso,
  contosoTenant,
  dayMs,
  hourMs,
  minuteMs,
  readers,
  readersAtHome,
} from "../support/fixtures.ts";
import { withCatchUp } from "../support/with-catch-up.ts";

let world: SmallWorld;
let pass: (ms: number) => Promise<void>;
beforeEach(async () => {
  world = smallWorld();
  world.addUser(ben);
  pass = withCatchUp(world);
  for (const id of [ana, ben]) await world.change(id, readersAtHome, "in");
  await pass(2 * hourMs);
});

const leave = (id: AnalystId = ana) => world.change(id, readersAtHome, "out");
const shown = () => world.state.findings.all();
const orphans = async () => (await shown()).filter(({ kind }) => kind === "orphan");
const openOrphans = async () => (await orphans()).filter(({ over }) => over === null);
const provenAt = (id: AnalystId) =>
  world.leaveProofs().find(({ analyst, tenant }) => analyst === id && tenant === contosoTenant)?.at;
const look = (id: AnalystId = ana) =>
  world.deliver({
    key: { kind: "access", tenant: contosoTenant, analyst: id },
    cause: "test",
    heardAt: world.now(),
    occasion: "event",
    version: null,
  } satisfies AccessMessage);
const inContoso = (change: Partial<PushTarget>): Policy => ({
  ...smallPolicy(),
  targets: smallPolicy().targets.map((target) =>
    target.name === contoso ? { ...target, ...change } : target,
  ),
});

describe("a leaver", () => {
  test("who is out in good order is no finding, and the proof says what was read, and when", async () => {
    const leftAt = world.now();
    await leave();
    await pass(2 * hourMs);
    expect(provenAt(ana)).toBeDefined();
    expect(world.tables.findings.size()).toBe(0);
    const read = world.leaveProofs().at(-1)?.evidence["read"] as Record<string, { what: string; at: string }>;
    expect(Object.keys(read)).toEqual(["account", "scope"]);
    for (const { what, at } of Object.values(read)) {
      expect(what).toContain("GET /users/{id}");
      expect(Date.parse(at)).toBeGreaterThanOrEqual(leftAt);
    }
  });

  test("whose target refuses Muster is an orphan, with age and advice, until the proof is in the journal", async () => {
    const consent = withoutConsent(world.contoso);
    const leftAt = world.now();
    await leave();
    await world.wait(0);
    const [first, ...others] = await orphans();
    expect(others).toEqual([]);
    expect(first).toMatchObject({
      tenant: contosoTenant,
      place: contoso,
      subject: ana,
      person: world.userOf(ana).userPrincipalName,
      since: leftAt,
      over: null,
    });
    expect(first?.found).toContain("Graph answered 403");
    expect(first?.advice).toContain("consent");
    await pass(7 * hourMs);
    const later = await openOrphans();
    expect(later).toMatchObject([{ id: first?.id, since: leftAt }]);
    expect(later[0]?.seen).toBeGreaterThan(leftAt + 5 * hourMs);
    consent.given = true;
    await pass(hourMs);
    const [over] = await orphans();
    expect(provenAt(ana)).toBeDefined();
    expect(over?.over).toBeGreaterThanOrEqual(provenAt(ana) ?? Infinity);
  });

  test("is an orphan of their own where people hear of all of them in one message", async () => {
    const consent = withoutConsent(world.contoso);
    for (const id of [ana, ben]) {
      world.addUser(id, { enabled: false });
      await world.deliver(eventAbout(id, world.now()));
    }
    await pass(hourMs);
    expect(world.parked).toHaveLength(1);
    expect((await openOrphans()).map(({ subject }) => subject)).toEqual([ana, ben]);
    consent.given = true;
    await pass(hourMs);
    expect(await openOrphans()).toEqual([]);
    expect([ana, ben].map(provenAt)).not.toContain(undefined);
  });

  test("is no orphan for an answer that comes a little late, and one when it takes longer", async () => {
    let isDown = true;
    const fail = async (call: () => Promise<unknown>) => {
      if (isDown) throw graphFailure(503);
      return call();
    };
    world.contoso.always("readAccount", fail);
    await leave();
    await world.wait(2 * minuteMs);
    expect(await orphans()).toEqual([]);
    await world.wait(8 * minuteMs);
    expect(await openOrphans()).toMatchObject([{ subject: ana }]);
    isDown = false;
    await pass(hourMs);
    expect(await openOrphans()).toEqual([]);
    expect(provenAt(ana)).toBeDefined();
  });

  test("stays an orphan while nobody can look, however often it is tried and whatever else is said", async () => {
    const consent = withoutConsent(world.contoso);
    await leave();
    await pass(hourMs);
    consent.given = true;
    let status = 503;
    world.contoso.always("readAccount", () => Promise.reject(graphFailure(status)));
    await pass(2 * hourMs);
    status = 429;
    await pass(2 * hourMs);
    expect(provenAt(ana)).toBeUndefined();
    expect(await openOrphans()).toMatchObject([{ subject: ana }]);
  });

  test("who comes back is none", async () => {
    withoutConsent(world.contoso);
    await leave();
    await pass(hourMs);
    await world.change(ana, readersAtHome, "in");
    await pass(hourMs);
    expect(await openOrphans()).toEqual([]);
    // Nobody can look at their account all the same, and that is a finding of its own.
    expect((await shown()).filter(({ over }) => over === null)).toMatchObject([
      { kind: "refused-call", subject: ana },
    ]);
  });

  test("is not an orphan once more because a look fails after the proof", async () => {
    await leave();
    await pass(2 * hourMs);
    const proven = provenAt(ana);
    world.contoso.always("readAccount", () => Promise.reject(graphFailure(403)));
    await look();
    await pass(2 * hourMs);
    expect(provenAt(ana)).toBe(proven);
    expect(await orphans()).toEqual([]);
    expect(await shown()).toMatchObject([{ kind: "refused-call", subject: ana, over: null }]);
  });

  test("is an orphan once more when another account of theirs turns up after the proof", async () => {
    await leave();
    await pass(2 * hourMs);
    const again = world.now();
    const id = world.contoso.create(ana, { isInvited: false });
    await look();
    expect(await openOrphans()).toMatchObject([{ subject: ana, since: again }]);
    expect((await openOrphans())[0]?.found).toContain("another account");
    world.contoso.accounts.delete(id);
    await pass(3 * hourMs);
    expect(await openOrphans()).toEqual([]);
  });

  test("in a target that is only observed is an orphan at once, though nobody is told and nothing is due", async () => {
    world.setPolicy(inContoso({ mode: "observe" }));
    await pass(hourMs);
    const leftAt = world.now();
    await leave();
    await world.wait(0);
    const [orphan] = await openOrphans();
    expect(orphan).toMatchObject({ since: leftAt });
    expect(orphan?.found).toContain("mode observe");
    expect(orphan?.advice).toContain("full");
    world.setPolicy(inContoso({ mode: "full" }));
    await pass(2 * hourMs);
    expect(await openOrphans()).toEqual([]);
    expect(provenAt(ana)).toBeDefined();
  });

  test("from a role alone is an orphan where a policy nobody can use keeps the target from looking", async () => {
    const { policy } = world.ports;
    await leave();
    Object.assign(world.ports, { policy: () => Promise.reject(new PolicyUnusable("broken", "no policy")) });
    await pass(10 * minuteMs).catch(() => undefined);
    await world.wait(10 * minuteMs);
    expect(await openOrphans()).toMatchObject([{ subject: ana, place: null }]);
    Object.assign(world.ports, { policy });
    await pass(hourMs);
    expect(await openOrphans()).toEqual([]);
  });

  test("who is purged while nobody may look is an orphan until somebody can", async () => {
    const consent = withoutConsent(world.contoso);
    world.source.users.set(ana, "soft-deleted");
    await world.wait(20 * minuteMs);
    await pass(hourMs);
    world.source.users.delete(ana);
    await pass(3 * dayMs);
    expect(await openOrphans()).toMatchObject([
      { subject: ana, person: expect.stringContaining("source.example") as unknown },
    ]);
    consent.given = true;
    await pass(dayMs);
    expect(await openOrphans()).toEqual([]);
    expect(provenAt(ana)).toBeDefined();
  });
});

describe("a target that is taken out of the policy with an orphan in it", () => {
  const withoutContoso = () => {
    const policy = smallPolicy();
    return { ...policy, targets: policy.targets.filter(({ name }) => name !== contoso) };
  };

  test("keeps the orphan, until it is put back and a read has shown that they are out", async () => {
    const consent = withoutConsent(world.contoso);
    await leave();
    await pass(hourMs);
    world.setPolicy(withoutContoso());
    await pass(dayMs);
    consent.given = true;
    await pass(dayMs);
    const [orphan] = await openOrphans();
    expect(orphan).toMatchObject({ subject: ana, place: contoso });
    expect(orphan?.found).toContain("not in the policy any more");
    world.setPolicy(inContoso({ retire: true }));
    await pass(dayMs);
    expect(provenAt(ana)).toBeDefined();
    expect(await openOrphans()).toEqual([]);
  });

  test("keeps them also when all was taken back, and only the read was missing", async () => {
    await leave();
    // All is done, and nothing that was done has been read yet.
    world.contoso.always("readAccount", (call) =>
      world.contoso.writes.some((one) => one.startsWith("delete"))
        ? Promise.reject(graphFailure(503))
        : call(),
    );
    await world.wait(minuteMs);
    expect(provenAt(ana)).toBeUndefined();
    world.setPolicy(withoutContoso());
    await pass(dayMs);
    expect(await openOrphans()).toMatchObject([
      { subject: ana, person: world.userOf(ana).userPrincipalName },
    ]);
    expect((await openOrphans())[0]?.advice).toContain("retire: true");
  });

  test("makes no orphan of who was proven out before, nor of who never was there", async () => {
    await leave();
    await pass(2 * hourMs);
    world.setPolicy(withoutContoso());
    await pass(dayMs);
    await leave(ben);
    await pass(dayMs);
    expect((await openOrphans()).map(({ subject }) => subject)).toEqual([ben]);
  });
});

describe("when a host dies, or two have the key", () => {
  test("between the key's row and the table: the finding is shown by the next run, and people are told once", async () => {
    withoutConsent(world.contoso);
    world.tables.findings.fail("write");
    await leave();
    await world.wait(0);
    expect(await orphans()).toEqual([]);
    expect(world.parked).toEqual([]);
    await world.wait(minuteMs);
    expect(await openOrphans()).toHaveLength(1);
    expect(world.parked).toHaveLength(1);
  });

  test("between the table and the message: it is on show before anybody is told", async () => {
    withoutConsent(world.contoso);
    const { park } = world.ports;
    Object.assign(world.ports, { park: () => Promise.reject(new Error("the bus does not answer")) });
    await leave();
    await world.wait(0);
    expect(await openOrphans()).toHaveLength(1);
    Object.assign(world.ports, { park });
    await world.wait(10 * minuteMs);
    expect(world.parked).toHaveLength(1);
  });

  test("at the closing: the next run closes it", async () => {
    const consent = withoutConsent(world.contoso);
    await leave();
    await pass(hourMs);
    consent.given = true;
    world.tables.findings.fail("write");
    await look();
    expect(provenAt(ana)).toBeDefined();
    expect(await openOrphans()).toHaveLength(1);
    await world.wait(minuteMs);
    expect(await openOrphans()).toEqual([]);
  });

  test("a run that shows it late, when another has proven them out, opens nothing", async () => {
    const consent = withoutConsent(world.contoso);
    world.tables.findings.before("write", async () => {
      consent.given = true;
      await look();
    });
    await leave();
    await world.wait(0);
    expect(provenAt(ana)).toBeDefined();
    await world.wait(10 * minuteMs);
    expect(await openOrphans()).toEqual([]);
  });

  test("a run that closes it late, when they have come back and left again, closes nothing", async () => {
    const consent = withoutConsent(world.contoso);
    await leave();
    await pass(hourMs);
    consent.given = true;
    world.tables.findings.before("write", async () => {
      consent.given = false;
      await world.change(ana, readersAtHome, "in");
      await world.wait(hourMs);
      await leave();
      await world.wait(hourMs);
    });
    await look();
    expect(await openOrphans()).toMatchObject([{ subject: ana }]);
  });

  test("a pair whose memory was lost takes over what is on show of it, and closes it with a proof", async () => {
    const consent = withoutConsent(world.contoso);
    const leftAt = world.now();
    await leave();
    await pass(hourMs);
    await (await world.state.pairs.claim(pairRow(contosoTenant, ana), (state) => state)).forget();
    await look();
    await pass(hourMs);
    expect(await openOrphans()).toMatchObject([{ subject: ana, since: leftAt }]);
    consent.given = true;
    await pass(dayMs);
    expect(provenAt(ana)).toBeDefined();
    expect(await openOrphans()).toEqual([]);
  });
});

describe("what keeps people who stay from being brought in line", () => {
  test("is a finding of each, with one message, and is over when it is mended; who leaves meanwhile is out of it", async () => {
    world.contoso.members.delete(readers.grant.group);
    await pass(hourMs);
    for (const id of [ana, ben]) await look(id);
    await pass(hourMs);
    expect(world.parked).toHaveLength(1);
    expect((await shown()).map(({ kind, subject, over }) => ({ kind, subject, over }))).toEqual([
      { kind: "unusable-name", subject: ana, over: null },
      { kind: "unusable-name", subject: ben, over: null },
    ]);
    await leave(ben);
    await pass(hourMs);
    world.contoso.members.set(readers.grant.group, new Set());
    await pass(2 * hourMs);
    expect((await shown()).filter(({ over }) => over === null)).toEqual([]);
  });

  test("keeps its age over retries, and words that merely count", async () => {
    world.contoso.always("readAccount", () => Promise.reject(graphFailure(500)));
    await look();
    await world.wait(3 * hourMs);
    const [failing] = await shown();
    expect(failing).toMatchObject({ kind: "failing", over: null });
    await world.wait(5 * hourMs);
    expect(await shown()).toMatchObject([{ kind: "failing", since: failing?.since, over: null }]);
  });
});

test("what is over is on show for 30 days", async () => {
  const consent = withoutConsent(world.contoso);
  await leave();
  await pass(hourMs);
  consent.given = true;
  await pass(hourMs);
  pass = withCatchUp(world, "seldom");
  await pass(29 * dayMs);
  expect(await orphans()).toHaveLength(1);
  await pass(2 * dayMs);
  expect(world.tables.findings.size()).toBe(0);
});
