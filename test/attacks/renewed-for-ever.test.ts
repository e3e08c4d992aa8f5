import { expect, test } from "vitest";
import { packageIdSchema } from "../../shared/model/ids.ts";
import { assigned, eligibleFor, withGrants } from "../support/small-policy.ts";
import { smallWorld } from "../support/small-world.ts";
import { ana, dayMs, hourMs, hunters, reader, readersAtHome } from "../support/fixtures.ts";

test("what is given for a day at a time is renewed twice a day, however long ago it was first given", async () => {
  const world = smallWorld();
  world.setPolicy(withGrants(reader, (given) => [...given, eligibleFor(hunters.grant.group, "P1D")]));
  await world.change(ana, readersAtHome, "in");
  await world.wait(10 * dayMs);
  const renewals = world.contoso.writes.filter((one) => one.startsWith("renew")).length;
  expect(renewals).toBeGreaterThanOrEqual(18);
  expect(renewals).toBeLessThanOrEqual(20);
});

test("a package that lasts a week is renewed before it ends, and not every few seconds from the second week on", async () => {
  const world = smallWorld();
  world.contoso.packages.define(
    packageIdSchema.parse("4a000000-0000-4000-8000-000000000001"),
    "SOC Operator",
  );
  const wish = assigned("SOC Operator", { expires: "P7D", renew: true });
  world.setPolicy(withGrants(reader, (given) => [...given, wish]));
  await world.change(ana, readersAtHome, "in");
  await world.wait(21 * dayMs);
  const until = world.now() + 14 * dayMs;
  const before = world.contoso.writes.length;
  while (world.now() < until) {
    await world.wait(hourMs);
    world.contoso.packages.expire();
  }
  const renewals = world.contoso.writes.slice(before);
  expect(renewals.length).toBeGreaterThanOrEqual(2);
  expect(renewals.length).toBeLessThanOrEqual(5);
});
