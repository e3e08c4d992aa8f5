import { describe, expect, test } from "vitest";
import { accountIdSchema } from "../../shared/model/ids.ts";
import type { OnExternalRemoval } from "../../shared/policy/policy.ts";
import { smallPolicy } from "../support/small-policy.ts";
import { eventAbout, smallWorld, type SmallWorld } from "../support/small-world.ts";
import {
  ana,
  contosoTenant,
  dayMs,
  hourMs,
  minuteMs,
  readers,
  readersAtHome,
  responders,
  respondersAtHome,
} from "../support/fixtures.ts";

const holds = ({ contoso }: SmallWorld, { grant }: typeof readers) =>
  (contoso.members.get(grant.group)?.size ?? 0) > 0;

describe("a grace for movers", () => {
  /** Ana, who was a reader, is a responder now. */
  async function moved() {
    const world = smallWorld();
    world.setPolicy(smallPolicy({ movers: { order: "add-first", graceMs: 8 * hourMs } }));
    await world.change(ana, readersAtHome, "in");
    await world.wait(hourMs);
    world.source.members.get(readersAtHome)?.delete(ana);
    await world.change(ana, respondersAtHome, "in");
    await world.wait(hourMs);
    return world;
  }

  test("keeps what the old role gave, says until when, and then takes it", async () => {
    const world = await moved();
    expect([holds(world, readers), holds(world, responders)]).toEqual([true, true]);
    const said = world.entries.flatMap(({ plan }) => plan.notes);
    const note = said.find(({ kind }) => kind === "grace");
    expect(note).toMatchObject({ name: "group 01", until: expect.stringMatching(/^\d{4}-\d\d-\d\dT/) });
    await world.wait(6 * hourMs);
    expect(holds(world, readers)).toBe(true);
    await world.wait(2 * hourMs);
    expect([holds(world, readers), holds(world, responders)]).toEqual([false, true]);
  });

  test("is forgotten when the old role comes back, and begins anew when it goes again", async () => {
    const world = await moved();
    await world.change(ana, readersAtHome, "in");
    await world.wait(20 * hourMs);
    expect(holds(world, readers)).toBe(true);
    expect((await world.pairOf(contosoTenant, ana))?.unwanted).toEqual({});
    await world.change(ana, readersAtHome, "out");
    await world.wait(7 * hourMs);
    expect(holds(world, readers)).toBe(true);
    await world.wait(2 * hourMs);
    expect(holds(world, readers)).toBe(false);
  });

  test("is none for whoever leaves", async () => {
    const world = await moved();
    await world.change(ana, respondersAtHome, "out");
    await world.wait(minuteMs);
    expect([holds(world, readers), holds(world, responders)]).toEqual([false, false]);
  });

  test("is none for what the policy does not give to anybody any more", async () => {
    const world = smallWorld();
    const policy = smallPolicy({ movers: { order: "add-first", graceMs: 8 * hourMs } });
    world.setPolicy(policy);
    await world.change(ana, readersAtHome, "in");
    await world.change(ana, respondersAtHome, "in");
    await world.wait(hourMs);
    world.setPolicy({
      ...policy,
      targets: policy.targets.map((target) => ({
        ...target,
        grants: target.grants.filter(({ role }) => role !== "reader"),
      })),
    });
    await world.deliver(eventAbout(ana, world.now()));
    await world.wait(10 * minuteMs);
    expect([holds(world, readers), holds(world, responders)]).toEqual([false, true]);
  });
});

describe("what Muster gave and somebody else took away", () => {
  async function taken(onExternalRemoval: OnExternalRemoval) {
    const world = smallWorld();
    const policy = smallPolicy();
    world.setPolicy({
      ...policy,
      targets: policy.targets.map((target) => ({ ...target, onExternalRemoval })),
    });
    await world.change(ana, readersAtHome, "in");
    await world.wait(dayMs);
    world.contoso.members.get(readers.grant.group)?.clear();
    // Another role makes the target be looked at.
    await world.change(ana, respondersAtHome, "in");
    await world.wait(hourMs);
    return world;
  }

  test("is given again, unless the policy says otherwise", async () => {
    const world = await taken("restore");
    expect([holds(world, readers), holds(world, responders), world.parked]).toEqual([true, true, []]);
  });

  test("is left as it is where that is to be respected", async () => {
    const world = await taken("respect");
    expect([holds(world, readers), holds(world, responders), world.parked]).toEqual([false, true, []]);
    expect(world.entries.flatMap(({ plan }) => plan.notes)).toContainEqual(
      expect.objectContaining({ kind: "taken-by-others", name: "group 01" }),
    );
  });

  test("is left as it is, and people are asked once, where it is held", async () => {
    const world = await taken("hold");
    await world.wait(dayMs);
    expect([holds(world, readers), holds(world, responders)]).toEqual([false, true]);
    expect(world.parked.map(({ reason }) => reason)).toEqual([
      expect.stringContaining("somebody else has taken"),
    ]);
  });

  test("is given when the role is given anew", async () => {
    const world = await taken("respect");
    await world.change(ana, readersAtHome, "out");
    await world.wait(hourMs);
    await world.change(ana, readersAtHome, "in");
    await world.wait(hourMs);
    expect(holds(world, readers)).toBe(true);
  });

  test("is not given to the account that comes after the one that had it, until the role is given anew", async () => {
    const world = await taken("respect");
    const [first = ""] = world.contoso.accounts.keys();
    world.contoso.accounts.delete(accountIdSchema.parse(first));
    world.contoso.members.get(responders.grant.group)?.clear();
    await world.change(ana, respondersAtHome, "out");
    await world.change(ana, respondersAtHome, "in");
    await world.wait(2 * hourMs);
    expect([world.contoso.accounts.size, world.contoso.accounts.has(accountIdSchema.parse(first))]).toEqual([
      1,
      false,
    ]);
    expect([holds(world, readers), holds(world, responders)]).toEqual([false, true]);
    await world.change(ana, readersAtHome, "out");
    await world.wait(hourMs);
    await world.change(ana, readersAtHome, "in");
    await world.wait(hourMs);
    expect(holds(world, readers)).toBe(true);
  });

  test("is given to the account that comes after, when the policy has it restored by then", async () => {
    const world = await taken("respect");
    const [first = ""] = world.contoso.accounts.keys();
    world.contoso.accounts.delete(accountIdSchema.parse(first));
    world.contoso.members.get(responders.grant.group)?.clear();
    world.setPolicy(smallPolicy());
    await world.deliver(eventAbout(ana, world.now()));
    await world.wait(2 * hourMs);
    expect([holds(world, readers), holds(world, responders)]).toEqual([true, true]);
  });

  test("and gave back by hand is Muster's as before, and goes when she leaves", async () => {
    const world = await taken("respect");
    world.contoso.members.get(readers.grant.group)?.add([...world.contoso.accounts.keys()][0] ?? "");
    await world.change(ana, readersAtHome, "out");
    await world.change(ana, respondersAtHome, "out");
    await world.wait(hourMs);
    expect(holds(world, readers)).toBe(false);
  });
});
