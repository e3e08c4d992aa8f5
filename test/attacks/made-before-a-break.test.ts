import { expect, test } from "vitest";
import { smallWorld } from "../support/small-world.ts";
import { withCatchUp } from "../support/with-catch-up.ts";
import { ana, dayMs, minuteMs, readersAtHome, syncScope } from "../support/fixtures.ts";

test("dropped by mistake for five minutes while nobody has found the account that sync made for her: when she leaves for good, nothing of it stays", async () => {
  const world = smallWorld();
  const pass = withCatchUp(world);
  // The answer names no account, and the account carries no stamp until the next cycle.
  world.provisioner.next(() => {
    world.contoso.create(ana, { stamp: null });
    return { kind: "unnamed" };
  });
  for (let tries = 0; tries < 30; tries += 1) world.provisioner.next(() => ({ kind: "unnamed" }));
  await world.change(ana, readersAtHome, "in");
  await pass(3 * minuteMs);
  await world.change(ana, readersAtHome, "out");
  await pass(5 * minuteMs);
  await world.change(ana, readersAtHome, "in");
  await pass(20 * minuteMs);
  const [account] = world.contoso.accounts.values();
  if (account === undefined) throw new Error("no account");
  world.contoso.accounts.set(account.id, { ...account, stamp: ana });
  await pass(dayMs);
  await world.change(ana, readersAtHome, "out");
  await pass(dayMs);
  expect({
    scope: world.source.members.get(syncScope.scope.group)?.size,
    accounts: [...world.contoso.accounts.values()].map(({ state }) => state),
    proofs: world.leaveProofs().length,
    parked: world.parked,
  }).toEqual({ scope: 0, accounts: ["recycled"], proofs: 1, parked: [] });
});
