import { expect, test } from "vitest";
import { smallWorld } from "../support/small-world.ts";
import { ana, minuteMs, readersAtHome } from "../support/fixtures.ts";

test("the table of turns takes a minute to answer: a call for an account is not sent later than twenty seconds after the claim was proven", async () => {
  const world = smallWorld();
  const { draw } = world.ports.slots;
  let provenAt = 0;
  Object.assign(world.ports.slots, {
    draw: async (...[ticket, limit, now]: Parameters<typeof draw>) => {
      provenAt = now();
      return draw(ticket, limit, () => now() + minuteMs);
    },
  });
  await world.change(ana, readersAtHome, "in");
  await world.wait(0);
  const sendBefore = world.provisioner.asked[0]?.limits.sendBefore ?? 0;
  expect(sendBefore).toBeLessThanOrEqual(provenAt + 20_000);
});
