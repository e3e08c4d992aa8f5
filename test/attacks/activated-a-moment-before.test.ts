import { expect, test } from "vitest";
import { complete } from "../support/memory-tenant.ts";
import { eligibleFor, withGrants } from "../support/small-policy.ts";
import { smallWorld } from "../support/small-world.ts";
import { ana, dayMs, hunters, minuteMs, reader, readersAtHome } from "../support/fixtures.ts";

const { group } = hunters.grant;

test("activated a moment before she leaves, which replicas show 70 seconds later: nobody proves her out while she is active", async () => {
  const world = smallWorld();
  const policy = withGrants(reader, (given) => [...given, eligibleFor(group)]);
  world.setPolicy({ ...policy, leavers: { ...policy.leavers, deleteAfterMs: "never" } });
  await world.change(ana, readersAtHome, "in");
  await world.wait(dayMs);
  const [account = ""] = [...world.contoso.accounts.keys()];
  const active = world.contoso.active.get(group);
  active?.add(account);
  const shownAt = world.now() + 70_000;
  world.contoso.always("readEligible", async (go) => {
    const seen = (await go()) as object; // what the reader answers
    return world.now() < shownAt ? { ...seen, active: complete([]) } : seen;
  });
  // The writer's own look at activations meets the same replica.
  world.contoso.always("endEligible", async (go) => {
    if (world.now() >= shownAt) return go();
    active?.delete(account);
    const written = await go();
    active?.add(account);
    return written;
  });
  await world.change(ana, readersAtHome, "out");
  const isActive = () => active?.has(account) === true;
  let provenWhileActive = 0;
  for (let waited = 0; waited < 30; waited += 1) {
    await world.wait(minuteMs / 6);
    if (isActive()) provenWhileActive = world.leaveProofs().length;
  }
  await world.wait(dayMs);
  expect({ provenWhileActive, isActive: isActive(), proven: world.leaveProofs().length > 0 }).toEqual({
    provenWhileActive: 0,
    isActive: false,
    proven: true,
  });
});
