import { describe, expect, test } from "vitest";
import { operator, personWith, pullScene, room } from "../support/pull-scene.ts";
import { smallPolicy } from "../support/small-policy.ts";
import { eventAbout } from "../support/small-world.ts";
import { ana, dayMs, hourMs, minuteMs, readersAtHome, respondersAtHome } from "../support/fixtures.ts";

type Scene = ReturnType<typeof pullScene>;

const isEnabled = (world: Scene) => world.accounts()[0]?.enabled;
const ends = (world: Scene) =>
  world.entries.flatMap(({ plan }) => plan.notes).filter(({ kind }) => kind === "guest-ends");

/** Ana, a reader, becomes a responder, and that package waits for approval. */
async function movedToApproval() {
  const world = pullScene();
  await world.join();
  await world.wait(hourMs);
  world.contoso.packages.become("approval");
  world.source.members.get(readersAtHome)?.delete(ana);
  await world.join(respondersAtHome);
  await world.wait(hourMs);
  return world;
}

describe("the last package that goes while another one waits", () => {
  test("is said to end the account, and whoever gets the other one is let in again", async () => {
    const world = await movedToApproval();
    expect(world.has(operator)).toBeUndefined();
    expect(ends(world)).toContainEqual(expect.objectContaining({ how: expect.stringContaining("P30D") }));
    world.block();
    world.contoso.packages.decide("delivered");
    await world.wait(2 * hourMs);
    expect([world.has(room), isEnabled(world)]).toEqual(["delivered", true]);
  });

  test("leaves a guest blocked who gets nothing instead", async () => {
    const world = await movedToApproval();
    world.contoso.packages.decide("denied");
    await world.wait(10 * minuteMs);
    world.block();
    await world.wait(dayMs);
    expect(isEnabled(world)).toBe(false);
  });
});

test.each([
  ["a minute", minuteMs],
  ["ten minutes", 10 * minuteMs],
  ["two hours", 2 * hourMs],
])(
  "who is back before entitlement management has blocked them is let in when it does, %s later",
  async (_, later) => {
    const world = pullScene();
    await world.join();
    await world.wait(hourMs);
    await world.leave();
    await world.wait(10 * minuteMs);
    await world.join();
    await world.wait(later);
    world.block();
    await world.deliver(eventAbout(ana, world.now()));
    await world.join(respondersAtHome);
    await world.wait(2 * hourMs);
    expect([world.has(), isEnabled(world)]).toEqual(["delivered", true]);
  },
);

test("who has had a package for days after that and is blocked by somebody else stays blocked", async () => {
  const world = pullScene();
  await world.join();
  await world.wait(hourMs);
  await world.leave();
  await world.wait(10 * minuteMs);
  await world.join();
  await world.wait(3 * dayMs);
  world.block();
  await world.join(respondersAtHome);
  await world.wait(dayMs);
  expect(isEnabled(world)).toBe(false);
});

test("a guest whom entitlement management does not govern is not said to end", async () => {
  const world = pullScene();
  personWith(world, `${ana}@source.example`, "invitation");
  await world.join();
  await world.wait(hourMs);
  await world.leave();
  await world.wait(hourMs);
  expect(world.has()).toBeUndefined();
  expect(ends(world)).toEqual([]);
});

test("a guest who belongs to sync by now is let in again when the package goes with the old policy", async () => {
  const world = pullScene();
  await world.join();
  await world.wait(hourMs);
  world.setPolicy(smallPolicy());
  await world.deliver(eventAbout(ana, world.now()));
  await world.wait(hourMs);
  expect(world.has()).toBeUndefined();
  world.block();
  await world.join(respondersAtHome);
  await world.wait(hourMs);
  expect(isEnabled(world)).toBe(true);
});

test("a package that ended by its own rule and is given anew finds the account it ended, and lets it in", async () => {
  const world = pullScene({ expires: "P30D" });
  await world.join();
  await world.wait(31 * dayMs);
  world.contoso.packages.expire();
  world.block();
  await world.deliver(eventAbout(ana, world.now()));
  await world.join(respondersAtHome);
  await world.wait(2 * hourMs);
  expect([world.has(), world.has(room), isEnabled(world)]).toEqual([undefined, "delivered", true]);
});
