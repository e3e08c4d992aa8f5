import { expect, test } from "vitest";
import { smallPolicy } from "../support/small-policy.ts";
import { smallWorld } from "../support/small-world.ts";
import { ana, dayMs, hourMs, minuteMs, readersAtHome } from "../support/fixtures.ts";

test("left, back, and unblocked by Muster; three minutes later a replica still shows the account blocked: nobody is told that somebody else has blocked it", async () => {
  const world = smallWorld();
  world.setPolicy(smallPolicy({ leavers: { deleteAfterMs: 30 * dayMs } }));
  await world.change(ana, readersAtHome, "in");
  await world.wait(hourMs);
  await world.change(ana, readersAtHome, "out");
  await world.wait(dayMs);
  await world.change(ana, readersAtHome, "in");
  const [id = ""] = world.contoso.accounts.keys();
  await world.wait(2 * minuteMs);
  world.contoso.always("readAccount", async () => ({
    kind: "present",
    account: { ...world.contoso.accounts.get(id), enabled: false },
  }));
  await world.wait(minuteMs);
  world.contoso.always("readAccount", (go) => go());
  await world.wait(2 * hourMs);
  expect(world.contoso.accounts.get(id)).toMatchObject({ enabled: true });
  expect(world.parked.map(({ reason }) => reason)).toEqual([]);
});
