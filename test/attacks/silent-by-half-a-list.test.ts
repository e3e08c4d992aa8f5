import { expect, test } from "vitest";
import { smallWorld } from "../support/small-world.ts";
import { withCatchUp } from "../support/with-catch-up.ts";
import { subscriptionRow } from "../support/delivery.ts";
import { isSilent } from "../../shared/reconcile/events/silence.ts";
import { person } from "../support/crowd.ts";
import { ana, hourMs, minuteMs, readersAtHome } from "../support/fixtures.ts";

/**
 * Nobody joins or leaves the readers, so their subscription has nothing to announce. In three catch-ups the listing of their group breaks off
 * after its first page. Whoever stands on the rest of it is looked at, which harms nobody; but each time it counts against the subscription
 * as well, as if somebody had changed for certain. It is given up, made anew (with a moment without any), and people are told that changes
 * were found that it had not announced, until the next change of a group in which nothing happens.
 */
test("a listing that breaks off says nothing against the subscription of a group in which nothing has changed", async () => {
  const world = smallWorld();
  const pass = withCatchUp(world);
  const resource = `groups/${readersAtHome}`;
  await world.state.subscriptions.put(subscriptionRow({ resource, subscriptionId: resource }));
  world.addUser(person(31));
  for (const id of [ana, person(31)]) await world.change(id, readersAtHome, "in");
  await pass(26 * hourMs);
  for (const row of await world.state.subscriptions.list())
    await world.state.subscriptions.put({ ...row, missed: 0 });

  world.source.always("listMembers", async () => ({
    items: [ana],
    groups: [],
    completeness: { kind: "partial", why: "503 on its second page" },
  }));
  await pass(50 * minuteMs);
  const [row] = await world.state.subscriptions.list();
  expect(row).toBeDefined();
  expect(row).toMatchObject({ missed: 0 });
  expect(row === undefined || isSilent(row, world.now())).toBe(false);
}, 60_000);
