import { expect, test } from "vitest";
import { smallPolicy } from "../support/small-policy.ts";
import { eventAbout, smallWorld } from "../support/small-world.ts";
import { ana, hourMs, readersAtHome } from "../support/fixtures.ts";

/** Hosts that die while calls are slow may take minutes from a look to what it leads to: schedule 5039 of the referee. */
test.each([
  ["enabled again", { enabled: true }, 0],
  ["changed, and still out", { displayName: "Ana Other" }, 1],
] as const)(
  "who was disabled and is %s while the deletion of her account is being decided",
  async (_, change, deletions) => {
    const world = smallWorld();
    world.setPolicy(smallPolicy({ leavers: { deleteAfterMs: 3 * hourMs } }));
    await world.change(ana, readersAtHome, "in");
    await world.wait(hourMs);
    let deleted = 0;
    world.contoso.always("delete", async (go) => {
      deleted += 1;
      return go();
    });
    let isBack = false;
    let dueAt = Infinity;
    world.contoso.always("findByStamp", async (go) => {
      const seen = await go();
      if (world.now() >= dueAt && !isBack) {
        isBack = true;
        world.addUser(ana, { ...world.userOf(ana), ...change });
        await world.deliver(eventAbout(ana, world.now()));
      }
      return seen;
    });
    world.addUser(ana, { ...world.userOf(ana), enabled: false });
    await world.deliver(eventAbout(ana, world.now()));
    dueAt = world.now() + 2.5 * hourMs;
    await world.wait(5 * hourMs);
    expect({ isBack, deleted }).toEqual({ isBack: true, deleted: deletions });
    const [account] = world.contoso.accounts.values();
    expect(account).toMatchObject(deletions === 0 ? { state: "live", enabled: true } : { state: "recycled" });
  },
);
