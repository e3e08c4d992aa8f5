import { expect, test } from "vitest";
import { smallWorld } from "../support/small-world.ts";
import {
  ana,
  contosoTenant,
  hourMs,
  minuteMs,
  readers,
  readersAtHome,
  respondersAtHome,
} from "../support/fixtures.ts";
import { withCatchUp } from "../support/with-catch-up.ts";

/** What `Analysts` holds of somebody who stays is rebuilt by looking, before they leave. */
test.each(["is kept", "is lost and rebuilt by looking"])(
  "the table Analysts %s; then Ana leaves",
  async (table) => {
    const world = smallWorld();
    const pass = withCatchUp(world);
    await world.change(ana, readersAtHome, "in");
    await pass(30 * minuteMs);
    await world.change(ana, respondersAtHome, "in");
    await pass(30 * minuteMs);
    await world.change(ana, respondersAtHome, "out");
    await pass(30 * minuteMs);
    if (table !== "is kept") await world.tables.analysts.client.deleteEntity("analyst", ana);
    await pass(hourMs);
    expect(await world.recordOf(ana)).toMatchObject({ leaving: null, roles: [{ role: "reader" }] });
    await world.change(ana, readersAtHome, "out");
    await pass(48 * hourMs);
    expect(await world.recordOf(ana)).toMatchObject({ leaving: "no-role" });
    expect({
      grants: world.contoso.members.get(readers.grant.group)?.size,
      enabled: [...world.contoso.accounts.values()].map(({ enabled }) => enabled),
      served: ((await world.pairOf(contosoTenant, ana))?.served ?? 0) > 0,
      parked: world.parked,
    }).toEqual({ grants: 0, enabled: [false], served: true, parked: [] });
  },
);
