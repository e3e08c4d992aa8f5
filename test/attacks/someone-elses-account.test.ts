import { expect, test } from "vitest";
import { smallWorld } from "../support/small-world.ts";
import { withCatchUp } from "../support/with-catch-up.ts";
import { ana, ben, dayMs, hourMs, readersAtHome } from "../support/fixtures.ts";

test("an administrator of the target copies Ana's stamp onto Ben's account by mistake, and Ana leaves: Ben, who stays, keeps the account that Muster knows for his", async () => {
  const world = smallWorld();
  const pass = withCatchUp(world);
  world.addUser(ben);
  await world.change(ana, readersAtHome, "in");
  await world.change(ben, readersAtHome, "in");
  await pass(hourMs);
  const [, bens] = world.contoso.accounts.values();
  if (bens?.stamp !== ben) throw new Error("Ben has no account");
  world.contoso.accounts.set(bens.id, { ...bens, stamp: ana });
  await world.change(ana, readersAtHome, "out");
  await pass(dayMs);
  expect(world.contoso.accounts.get(bens.id)).toMatchObject({ state: "live", enabled: true });
});
