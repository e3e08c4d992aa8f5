import { expect, test } from "vitest";
import { eventAbout, smallWorld } from "../support/small-world.ts";
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
