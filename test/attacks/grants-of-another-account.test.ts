import { expect, test } from "vitest";
import { eventAbout, smallWorld } from "../support/small-world.ts";
import { ana, hourMs, minuteMs, readersAtHome, responders, respondersAtHome } from "../support/fixtures.ts";
import { withCatchUp } from "../support/with-catch-up.ts";

test("deleted at home with two accounts, of which sync deletes one before Muster looks; restored by mistake's undoing; later loses a role: on both", async () => {
  const world = smallWorld();
  const pass = withCatchUp(world);
  await world.change(ana, readersAtHome, "in");
  await world.change(ana, respondersAtHome, "in");
  await pass(30 * minuteMs);
  const [first] = world.contoso.accounts.keys();
  if (first === undefined) throw new Error("no account");
  world.contoso.create(ana);
  const move = (state: "live" | "recycled") =>
    void world.contoso.accounts.set(first, {
      ...(world.contoso.accounts.get(first) ?? expect.fail()),
      state,
    });
  const user = world.source.users.get(ana) ?? expect.fail();
  const event = () => world.deliver(eventAbout(ana, world.now()));
  world.source.users.set(ana, "soft-deleted");
  move("recycled");
  await event();
  await pass(hourMs);
  // She was the wrong one: restored at home, and by the next cycle of sync, which knows the first account.
  world.source.users.set(ana, user);
  move("live");
  await event();
  await pass(hourMs);
  await world.change(ana, respondersAtHome, "out");
  await pass(24 * hourMs);
  expect([...(world.contoso.members.get(responders.grant.group) ?? [])]).toEqual([]);
});
