import { expect, test } from "vitest";
import { eventAbout, smallWorld } from "../support/small-world.ts";
import { policyNow, smallPolicy } from "../support/small-policy.ts";
import { withCatchUp } from "../support/with-catch-up.ts";
import { ana, dayMs, hourMs, minuteMs, readers, readersAtHome } from "../support/fixtures.ts";

test.each([4, 10])(
  "deleted, and sync deletes the account before Muster hears of it; restored two days later, disabled, and a cycle that is under way restores the account %i min after that: nothing that Muster gave stays",
  async (minutes) => {
    const world = smallWorld();
    const pass = withCatchUp(world);
    const event = () => world.deliver(eventAbout(ana, world.now()));
    await world.change(ana, readersAtHome, "in");
    await pass(hourMs);
    const user = world.userOf(ana);
    world.source.users.set(ana, "soft-deleted");
    world.contoso.recycleAll();
    await event();
    await pass(2 * dayMs);
    // Restored with all her memberships, so she is in scope until Muster takes her out.
    world.source.users.set(ana, { ...user, enabled: false });
    await event();
    await pass(minutes * minuteMs);
    // Disabled in the source, so disabled here; sync leaves such an account alone when its owner falls out of scope.
    const [account] = world.contoso.accounts.values();
    if (account === undefined) throw new Error("no account");
    world.contoso.accounts.set(account.id, { ...account, state: "live", enabled: false });
    await pass(dayMs);
    expect({
      grants: world.contoso.members.get(readers.grant.group)?.size,
      accounts: [...world.contoso.accounts.values()].map(({ state }) => state),
    }).toEqual({ grants: 0, accounts: ["recycled"] });
  },
);

test("had an account before Muster, leaves before sync has answered, and is deleted and restored; half an hour later a cycle restores the account, because somebody else has put her in scope: it goes again", async () => {
  const world = smallWorld();
  const pass = withCatchUp(world);
  const event = () => world.deliver(eventAbout(ana, world.now()));
  const { policy } = policyNow(smallPolicy());
  world.setPolicy({ ...policy, leavers: { ...policy.leavers, accounts: "all" } });
  for (let tries = 0; tries < 500; tries += 1)
    world.provisioner.next(() => ({ kind: "not-in-scope", detail: "the user is not assigned" }));
  await world.change(ana, readersAtHome, "in");
  await pass(minuteMs);
  await world.change(ana, readersAtHome, "out");
  await pass(10 * minuteMs);
  const user = world.userOf(ana);
  world.source.users.set(ana, "soft-deleted");
  await event();
  await pass(25 * minuteMs);
  world.provisioner.cycleBegan = world.now();
  world.source.users.set(ana, user);
  await event();
  await pass(35 * minuteMs);
  expect(world.leaveProofs().map(({ target }) => target)).toContain("contoso");
  world.contoso.create(ana, { isInvited: false });
  await pass(hourMs);
  expect([...world.contoso.accounts.values()].map(({ state }) => state)).toEqual(["recycled"]);
});
