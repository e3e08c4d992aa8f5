import { describe, expect, test } from "vitest";
import { liveAssignment, papersOf } from "../../shared/graph/grants/package-state.ts";
import { packageIdSchema } from "../../shared/model/ids.ts";
import type { OnExternalRemoval, Policy } from "../../shared/policy/policy.ts";
import { complete } from "../support/memory-tenant.ts";
import { assigned, eligibleFor, smallPolicy, withGrants } from "../support/small-policy.ts";
import { eventAbout, smallWorld, type SmallWorld } from "../support/small-world.ts";
import {
  ana,
  contoso,
  dayMs,
  hourMs,
  hunters,
  minuteMs,
  reader,
  readers,
  readersAtHome,
  respondersAtHome,
} from "../support/fixtures.ts";

const operator = packageIdSchema.parse("4a000000-0000-4000-8000-000000000001");
const { group } = hunters.grant;

const where = (policy: Policy, onExternalRemoval: OnExternalRemoval): Policy => ({
  ...policy,
  targets: policy.targets.map((target) => ({ ...target, onExternalRemoval })),
});

const accountIn = (world: SmallWorld) => [...world.contoso.accounts.keys()][0] ?? "";
const isReader = (world: SmallWorld) =>
  world.contoso.members.get(readers.grant.group)?.has(accountIn(world)) === true;

/** Ana is a reader under this policy, and every reminder is lost, as in an outage of a month. */
async function readerForgotten(policy: Policy) {
  const world = smallWorld();
  world.contoso.packages.define(operator, "SOC Operator");
  world.setPolicy(policy);
  await world.change(ana, readersAtHome, "in");
  await world.wait(hourMs);
  world.forgetScheduled();
  await world.wait(31 * dayMs);
  return world;
}

describe.each(["respect", "hold"] as const)("where what others take is left to them (%s)", (way) => {
  test("eligibility that ran out before anybody could renew it is nobody's doing, and is given again", async () => {
    const policy = withGrants(reader, (given) => [...given, eligibleFor(group, "P30D")]);
    const world = await readerForgotten(where(policy, way));
    world.contoso.eligible.get(group)?.delete(accountIn(world));
    await world.change(ana, respondersAtHome, "in");
    await world.wait(hourMs);
    expect(world.contoso.eligible.get(group)?.has(accountIn(world))).toBe(true);
  });

  test("so is a package that is to be renewed", async () => {
    const wish = assigned("SOC Operator", { expires: "P30D", renew: true });
    const world = await readerForgotten(
      where(
        withGrants(reader, (given) => [...given, wish]),
        way,
      ),
    );
    world.contoso.packages.expire();
    await world.change(ana, respondersAtHome, "in");
    await world.wait(hourMs);
    const papers = papersOf(world.contoso.packages.papers(accountIn(world)), operator);
    expect(liveAssignment(papers)?.state).toBe("delivered");
  });

  test("eligibility that an administrator ended stays ended", async () => {
    const policy = withGrants(reader, (given) => [...given, eligibleFor(group, "P30D")]);
    const world = smallWorld();
    world.setPolicy(where(policy, way));
    await world.change(ana, readersAtHome, "in");
    await world.wait(10 * dayMs);
    world.contoso.eligible.get(group)?.delete(accountIn(world));
    await world.change(ana, respondersAtHome, "in");
    await world.wait(2 * dayMs);
    expect(world.contoso.eligible.get(group)?.has(accountIn(world))).toBe(false);
  });

  test("an account that somebody has restored, and that shows without its memberships for a minute, tells of no removal", async () => {
    const world = smallWorld();
    world.setPolicy(where(smallPolicy(), way));
    await world.change(ana, readersAtHome, "in");
    await world.wait(dayMs);
    const account = accountIn(world);
    world.contoso.recycleAll();
    await world.change(ana, respondersAtHome, "in");
    await world.wait(hourMs);
    const known = world.contoso.accounts.get(account) ?? expect.fail();
    world.contoso.accounts.set(account, { ...known, state: "live" });
    const shownAt = world.now() + minuteMs;
    world.contoso.always("listMemberOf", async (go) => (world.now() < shownAt ? complete([]) : go()));
    await world.change(ana, respondersAtHome, "out");
    await world.wait(hourMs);
    expect(isReader(world)).toBe(true);
    const said = world.entries.flatMap(({ plan }) => plan.notes).map(({ kind }) => kind);
    expect(said).not.toContain("taken-by-others");
  });
});

test("who was disabled for a while is given what somebody had taken before", async () => {
  const world = smallWorld();
  world.setPolicy(where(smallPolicy({ leavers: { deleteAfterMs: "never" } }), "respect"));
  await world.change(ana, readersAtHome, "in");
  await world.wait(dayMs);
  world.contoso.members.get(readers.grant.group)?.clear();
  world.source.users.set(ana, { ...world.userOf(ana), enabled: false });
  await world.deliver(eventAbout(ana, world.now()));
  await world.wait(hourMs);
  world.source.users.set(ana, { ...world.userOf(ana), enabled: true });
  await world.deliver(eventAbout(ana, world.now()));
  await world.wait(hourMs);
  expect(isReader(world)).toBe(true);
});

test("what is held for a person to look at is proven out when they leave", async () => {
  const world = smallWorld();
  world.setPolicy(where(smallPolicy({ leavers: { deleteAfterMs: "never" } }), "hold"));
  await world.change(ana, readersAtHome, "in");
  await world.wait(dayMs);
  world.contoso.members.get(readers.grant.group)?.clear();
  await world.change(ana, respondersAtHome, "in");
  await world.wait(dayMs);
  world.source.members.get(readersAtHome)?.delete(ana);
  await world.change(ana, respondersAtHome, "out");
  await world.wait(dayMs);
  expect(world.leaveProofs().filter(({ target }) => target === contoso)).not.toEqual([]);
});

test("a setting that is switched back to restore gives what had been left alone", async () => {
  const world = smallWorld();
  world.setPolicy(where(smallPolicy(), "respect"));
  await world.change(ana, readersAtHome, "in");
  await world.wait(dayMs);
  world.contoso.members.get(readers.grant.group)?.clear();
  await world.change(ana, respondersAtHome, "in");
  await world.wait(hourMs);
  expect(isReader(world)).toBe(false);
  world.setPolicy(smallPolicy());
  await world.deliver(eventAbout(ana, world.now()));
  await world.wait(hourMs);
  expect(isReader(world)).toBe(true);
});
