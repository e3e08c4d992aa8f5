import { expect, test } from "vitest";
import { smallPolicy, withSourceGroup } from "../support/small-policy.ts";
import { smallWorld } from "../support/small-world.ts";
import { withCatchUp } from "../support/with-catch-up.ts";
import { ana, groupId, hourMs, lighthouse, readersAtHome } from "../support/fixtures.ts";

const team = groupId(92);
const home = smallPolicy().source.tenantId;

// Azure Lighthouse is delegated to a group with the SOC's team in it. `memberOf` lists direct memberships, `checkMemberGroups` says
// yes to nested ones as well, so the listing and the point question differ about Ana for good.
test("who is in the source group through a team: Muster comes to an end, and says so", async () => {
  const world = smallWorld();
  const pass = withCatchUp(world);
  world.source.members.set(team, new Set([ana]));
  world.source.members.get(lighthouse)?.add(team);
  world.source.always(
    "isMember",
    async () =>
      world.source.members.get(team)?.has(ana) === true && world.source.members.get(lighthouse)?.has(team),
  );
  world.setPolicy(withSourceGroup(lighthouse));
  await world.change(ana, readersAtHome, "in");
  await pass(hourMs);
  let looks = 0;
  world.source.always("readOwn", (call) => {
    looks += 1;
    return call();
  });
  await pass(2 * hourMs);
  expect(looks).toBeLessThan(100);
  const proofs = world.entries.filter(({ kind, tenant }) => kind === "proof" && tenant === home);
  expect(proofs).toMatchObject([{ plan: { purpose: "join" } }]);
});
