import { expect, test } from "vitest";
import { smallWorld } from "../support/small-world.ts";
import { withoutConsent } from "../support/consent.ts";
import { ana, ben, contosoTenant, hourMs, minuteMs, readers, readersAtHome } from "../support/fixtures.ts";
import { withCatchUp } from "../support/with-catch-up.ts";

test.each([1, 2])(
  "a group that was missing is back; Ana, who tries for all, has %i account(s)",
  async (accounts) => {
    const world = smallWorld();
    const pass = withCatchUp(world);
    world.addUser(ben);
    // Two accounts with Ana's stamp, as on-demand provisioning makes them.
    for (let n = 0; n < accounts; n += 1) world.contoso.create(ana);
    world.contoso.members.delete(readers.grant.group);
    await world.change(ana, readersAtHome, "in");
    await pass(minuteMs);
    await world.change(ben, readersAtHome, "in");
    await pass(20 * minuteMs);
    const [trouble] = await world.state.troubles.list(contosoTenant);
    expect(trouble?.probe).toContain(ana);
    world.contoso.members.set(readers.grant.group, new Set());
    await pass(24 * hourMs);
    const bens = [...world.contoso.accounts.values()].find(({ stamp }) => stamp === ben)?.id ?? "none";
    expect([...(world.contoso.members.get(readers.grant.group) ?? [])]).toContain(bens);
  },
);

test.each([1, 2])(
  "consent is back; Ana, who tries for all, has %i account(s): Ben, who left, goes out",
  async (accounts) => {
    const world = smallWorld();
    const pass = withCatchUp(world);
    world.addUser(ben);
    await world.change(ben, readersAtHome, "in");
    await pass(30 * minuteMs);
    expect(world.contoso.members.get(readers.grant.group)?.size).toBe(1);
    const bens = [...world.contoso.accounts.keys()][0] ?? "";
    for (let n = 0; n < accounts; n += 1) world.contoso.create(ana);
    const consent = withoutConsent(world.contoso);
    await world.change(ana, readersAtHome, "in");
    await pass(minuteMs);
    await world.change(ben, readersAtHome, "out");
    await pass(2 * hourMs);
    const [trouble] = await world.state.troubles.list(contosoTenant);
    expect(trouble?.probe).toContain(ana);
    consent.given = true;
    await pass(48 * hourMs);
    expect({
      grant: world.contoso.members.get(readers.grant.group)?.has(bens),
      enabled: world.contoso.accounts.get(bens)?.enabled,
    }).toEqual({ grant: false, enabled: false });
  },
);
