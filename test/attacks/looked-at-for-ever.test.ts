import { expect, test } from "vitest";
import { settledReaders, tenPeople } from "../support/crowd.ts";
import { graphFailure } from "../support/graph-failure.ts";
import { smallPolicy } from "../support/small-policy.ts";
import { eventAbout, smallWorld } from "../support/small-world.ts";
import { withCatchUp } from "../support/with-catch-up.ts";
import { ana, dayMs, hourMs, minuteMs, readersAtHome } from "../support/fixtures.ts";

test("she is protected, her user is deleted at home, and the policy is edited: her pair is not looked at every ten seconds for ever", async () => {
  const world = smallWorld();
  const pass = withCatchUp(world);
  await world.change(ana, readersAtHome, "in");
  await pass(hourMs);
  world.setPolicy(smallPolicy({ protected: [ana] }));
  await pass(hourMs);
  world.source.users.set(ana, "soft-deleted");
  await pass(hourMs);
  world.setPolicy(smallPolicy({ protected: [ana], movers: { order: "remove-first", graceMs: 0 } }));
  let looks = 0;
  world.contoso.always("readAccount", async (go) => {
    looks += 1;
    return go();
  });
  await pass(dayMs / 2);
  expect(looks).toBeLessThan(300);
});

test("the source's consent is gone a minute after five people left: nobody's scope is asked for every ten seconds until it is back", async () => {
  const world = await settledReaders(tenPeople);
  for (const id of tenPeople.slice(0, 5)) {
    world.source.users.set(id, { ...world.userOf(id), enabled: false });
    await world.deliver(eventAbout(id, world.now()));
  }
  await world.wait(minuteMs);
  let asked = 0;
  const refused = async () => {
    asked += 1;
    throw graphFailure(403);
  };
  world.source.always("readMemberships", refused);
  world.source.always("listMemberOf", refused);
  world.source.always("readUser", refused);
  await world.pass(dayMs / 4);
  // Everybody at every catch-up, and one key that tries for all.
  expect(asked).toBeLessThan(2_000);
});

test("the index that is asked for stamps is a quarter of an hour behind when somebody with two accounts leaves: nobody is told, and what is deleted is not deleted again and again", async () => {
  const world = smallWorld();
  const pass = withCatchUp(world);
  await world.change(ana, readersAtHome, "in");
  await pass(hourMs);
  world.contoso.create(ana);
  const both = { items: [...world.contoso.accounts.values()], completeness: { kind: "complete" } } as const;
  const until = world.now() + 15 * minuteMs;
  world.contoso.always("findByStamp", async (go) => (world.now() < until ? both : go()));
  await world.change(ana, readersAtHome, "out");
  await pass(hourMs);
  const deleted = world.contoso.writes.filter((write) => write.startsWith("delete"));
  expect({ told: world.parked.length, often: deleted.length > 6 }).toEqual({ told: 0, often: false });
});

test("a replica of the target is ten minutes behind when she leaves: her account, which is deleted, is not news for people", async () => {
  const world = smallWorld();
  const pass = withCatchUp(world);
  await world.change(ana, readersAtHome, "in");
  await pass(hourMs);
  const [shown] = [...world.contoso.accounts.values()];
  const until = world.now() + 10 * minuteMs;
  world.contoso.always("readAccount", async (go) =>
    world.now() < until ? { kind: "present", account: shown } : go(),
  );
  world.contoso.always("listMemberOf", async (go) =>
    world.now() < until ? { items: [], completeness: { kind: "complete" } } : go(),
  );
  await world.change(ana, readersAtHome, "out");
  await pass(hourMs);
  expect(world.parked).toEqual([]);
});
