import { expect, test } from "vitest";
import type { RoleName } from "../../shared/model/ids.ts";
import type { Policy } from "../../shared/policy/policy.ts";
import { crowdOfReaders, settledReaders, tenPeople } from "../support/crowd.ts";
import { inGroup, withGrants } from "../support/small-policy.ts";
import { dayMs, hourMs, hunters, minuteMs, reader, readers, readersAtHome } from "../support/fixtures.ts";

/** Many lost a role at once, which was refused, and a person puts them back as people were advised to: they hold it like all others. */

function given(role: RoleName, ...groups: readonly (typeof readers)[]): Policy {
  return withGrants(role, () => groups.map((one) => inGroup(one.grant.group)));
}

const three = tenPeople.slice(0, 3);

test("three of ten were dropped, which is refused; readers are given one more group; then the three are put back: a day later they have it as well", async () => {
  const world = await settledReaders(tenPeople);
  await world.dropAtOnce(three);
  await world.pass(dayMs);
  world.setPolicy(given(reader, readers, hunters));
  await world.pass(dayMs);
  expect(world.contoso.members.get(hunters.grant.group)?.size).toBe(7);
  for (const id of three) await world.change(id, readersAtHome, "in");
  await world.pass(dayMs);
  expect(world.contoso.members.get(hunters.grant.group)?.size).toBe(10);
});

test("the same when readers are given another group instead: a day later nobody is in the one that the policy does not name any more", async () => {
  const world = await settledReaders(tenPeople);
  await world.dropAtOnce(three);
  await world.pass(dayMs);
  world.setPolicy(given(reader, hunters));
  await world.pass(dayMs);
  for (const id of three) await world.change(id, readersAtHome, "in");
  await world.pass(dayMs);
  expect(world.inside()).toEqual([]);
});

/** Ten people have joined, and on-demand provisioning does not see them in scope for the first minutes, as in Azure. */
async function tenAwaited() {
  const world = await crowdOfReaders([]);
  const seenFrom = world.now() + 4 * minuteMs;
  const { provisionOnDemand } = world.provisioner;
  Object.assign(world.provisioner, {
    provisionOnDemand: (...question: Parameters<typeof provisionOnDemand>) => {
      if (world.now() < seenFrom)
        world.provisioner.next(() => ({ kind: "not-in-scope", detail: "the user is not assigned" }));
      return provisionOnDemand(...question);
    },
  });
  for (const id of tenPeople) {
    if (!world.source.users.has(id)) world.addUser(id);
    await world.change(id, readersAtHome, "in");
  }
  await world.wait(160_000);
  expect(world.inside()).toEqual([]);
  return world;
}

for (const [how, minutes] of [
  ["a script empties the group and fills it again within half a minute", 0.5],
  ["the group is emptied, which is refused, and filled again half an hour later", 30],
] as const)
  test(`ten have joined and their accounts are awaited; ${how}: a day later all ten are in`, async () => {
    const world = await tenAwaited();
    await world.dropAtOnce(tenPeople);
    await world.pass(minutes * minuteMs);
    for (const id of tenPeople) await world.change(id, readersAtHome, "in");
    await world.pass(dayMs);
    expect(world.inside()).toHaveLength(10);
  });

test("control: the same ten, whose group nobody empties, are in", async () => {
  const world = await tenAwaited();
  await world.pass(hourMs);
  expect(world.inside()).toHaveLength(10);
});
