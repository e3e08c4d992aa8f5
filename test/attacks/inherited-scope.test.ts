import { expect, test } from "vitest";
import { byId, withScopes } from "../support/small-policy.ts";
import { smallWorld } from "../support/small-world.ts";
import { withCatchUp } from "../support/with-catch-up.ts";
import { ana, dayMs, fabrikamTenant, minuteMs, respondersAtHome, syncScope } from "../support/fixtures.ts";

const scope = syncScope.scope.group;

test("a guest was invited to Fabrikam by hand, days before it took over Contoso's scope group: when Ana leaves, that account stays", async () => {
  const world = smallWorld();
  const pass = withCatchUp(world);
  world.setPolicy(withScopes({ contoso: byId(scope) }));
  await world.change(ana, respondersAtHome, "in");
  await pass(dayMs);
  const native = world.fabrikam.create(ana, { stamp: null });
  await pass(2 * dayMs);
  world.setPolicy(withScopes({ fabrikam: byId(scope) }));
  // Sync finds the guest by its home account.
  world.provisioner.next(() => ({ kind: "provisioned", account: native, origin: "matched" }));
  await pass(30 * minuteMs);
  expect((await world.pairOf(fabrikamTenant, ana))?.account?.accountId).toBe(native);
  await world.change(ana, respondersAtHome, "out");
  await pass(dayMs);
  expect(world.fabrikam.accounts.get(native)).toMatchObject({ state: "live", enabled: true });
});
