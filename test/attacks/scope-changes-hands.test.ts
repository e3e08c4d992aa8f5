import { expect, test } from "vitest";
import type { GroupId } from "../../shared/model/ids.ts";
import type { Policy } from "../../shared/policy/policy.ts";
import { byId, smallPolicy, withScopes } from "../support/small-policy.ts";
import { smallWorld, type SmallWorld } from "../support/small-world.ts";
import {
  ana,
  fabrikamTenant,
  groupId,
  hourMs,
  readersAtHome,
  respondersAtHome,
  syncScope,
} from "../support/fixtures.ts";
import { withCatchUp } from "../support/with-catch-up.ts";

const first = syncScope.scope.group;
const second = groupId(8);
const third = groupId(90);

const isIn = (world: SmallWorld, group: GroupId) => world.source.members.get(group)?.has(ana) === true;

/** Responders belong in both targets. */
async function responder(policy: Policy) {
  const world = smallWorld();
  const pass = withCatchUp(world);
  world.setPolicy(policy);
  world.source.members.set(third, new Set());
  await world.change(ana, respondersAtHome, "in");
  await pass(2 * hourMs);
  world.source.writes.length = 0;
  return { world, pass };
}

test("one target gets a new scope group and another takes over its old one: who stays is in scope of both", async () => {
  const { world, pass } = await responder(smallPolicy());
  world.setPolicy(withScopes({ contoso: byId(third), fabrikam: byId(first) }));
  await pass(24 * hourMs);
  expect({ contoso: isIn(world, third), fabrikam: isIn(world, first) }).toEqual({
    contoso: true,
    fabrikam: true,
  });
});

test("two targets change their scope groups with each other: the two do not take turns in putting people out", async () => {
  const { world, pass } = await responder(smallPolicy());
  world.setPolicy(withScopes({ contoso: byId(second), fabrikam: byId(first) }));
  await pass(24 * hourMs);
  expect(world.source.writes.length).toBeLessThan(10);
});

test("a target gives way to another with its scope group: who leaves then is out of it, or is not said to be", async () => {
  const { world, pass } = await responder(withScopes({ contoso: byId(first) }));
  world.setPolicy(withScopes({ fabrikam: byId(first) }));
  world.provisioner.next(() => ({
    kind: "provisioned",
    account: world.fabrikam.create(ana),
    origin: "created",
  }));
  await pass(2 * hourMs);
  await world.change(ana, respondersAtHome, "out");
  await pass(24 * hourMs);
  const enabled = [...world.fabrikam.accounts.values()].filter((one) => one.state === "live" && one.enabled);
  const proofs = world.entries.filter(
    ({ kind, plan, tenant }) => kind === "proof" && plan.purpose === "leave" && tenant === fabrikamTenant,
  );
  expect({ inScope: isIn(world, first), enabled: enabled.length, saidToBeOut: proofs.length }).toEqual({
    inScope: false,
    enabled: 0,
    saidToBeOut: 1,
  });
});

test("two targets name one scope group, by its id and by its name: both are refused, and nobody is put in or out", async () => {
  const both = withScopes({ contoso: byId(first), fabrikam: { kind: "name", name: "group 09" } });
  const { world, pass } = await responder(smallPolicy());
  world.setPolicy(both);
  await pass(hourMs);
  await world.change(ana, readersAtHome, "in");
  await world.change(ana, respondersAtHome, "out");
  await pass(24 * hourMs);
  expect(world.parked.map(({ reason }) => reason)).toEqual([
    expect.stringContaining("the scope group group 09 is that of fabrikam as well"),
    expect.stringContaining("the scope group group 09 is that of contoso as well"),
  ]);
  expect(isIn(world, first)).toBe(true);
});
