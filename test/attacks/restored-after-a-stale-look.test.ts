import { expect, test } from "vitest";
import { complete } from "../support/memory-tenant.ts";
import { eventAbout, smallWorld } from "../support/small-world.ts";
import { withCatchUp } from "../support/with-catch-up.ts";
import { ana, dayMs, hourMs, minuteMs, readers, readersAtHome, syncScope } from "../support/fixtures.ts";

test.each([4, 10])(
  "deleted, and one replica of the source still shows her in scope, so that taking her out of it finds nobody; restored two days later, disabled, and a cycle that is under way restores the account %i min after that: nothing that Muster gave stays",
  async (minutes) => {
    const world = smallWorld();
    const pass = withCatchUp(world);
    const event = () => world.deliver(eventAbout(ana, world.now()));
    await world.change(ana, readersAtHome, "in");
    await pass(hourMs);
    const user = world.userOf(ana);
    const scope = world.source.members.get(syncScope.scope.group);
    world.source.users.set(ana, "soft-deleted");
    world.contoso.recycleAll();
    // The target's worker reads from a replica that is a few seconds behind; the write meets the present.
    world.source.next("listMemberOf", async () => complete([readersAtHome, syncScope.scope.group]));
    let missed = 0;
    world.source.next("leaveScope", async () => {
      missed += 1;
      return {
        result: "missing",
        appliedBefore: "no",
        trace: { clientRequestId: "c-1", requestId: "r-1", status: 404, ms: 1, tries: 1 },
      };
    });
    await event();
    await pass(2 * dayMs);
    expect({ missed, inScope: scope?.size }).toEqual({ missed: 1, inScope: 1 });
    // Restored with all her memberships.
    world.source.users.set(ana, { ...user, enabled: false });
    await event();
    await pass(minutes * minuteMs);
    expect(scope?.size).toBe(0);
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
