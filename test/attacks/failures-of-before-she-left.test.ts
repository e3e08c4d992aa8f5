import { describe, expect, test } from "vitest";
import { graphFailure } from "../support/graph-failure.ts";
import { smallPolicy } from "../support/small-policy.ts";
import { eventAbout, smallWorld } from "../support/small-world.ts";
import { ana, dayMs, hourMs, readersAtHome, responders, respondersAtHome } from "../support/fixtures.ts";

type World = ReturnType<typeof smallWorld>;

/** What an administrator of the target does to her account, which people are told of while she belongs in. */
const deeds: Readonly<Record<string, (world: World, id: string) => void>> = {
  "does nothing": () => undefined,
  "blocks her account": ({ contoso }, id) => {
    const account = contoso.accounts.get(id);
    if (account === undefined) throw new Error("she has no account in contoso");
    contoso.accounts.set(id, { ...account, enabled: false });
  },
  "takes one of her groups, which is held": ({ contoso }, id) =>
    void contoso.members.get(responders.grant.group)?.delete(id),
};

/** She has all three roles, this is done to her account, and a day later she leaves, while one of her groups cannot be written for a moment. */
async function leaveAfter(
  deed: (world: World, id: string) => void,
  deleteAfterMs: number,
  dead?: "readAccount",
) {
  const world = smallWorld();
  const policy = smallPolicy({ leavers: { deleteAfterMs } });
  world.setPolicy({
    ...policy,
    targets: policy.targets.map((target) => ({ ...target, onExternalRemoval: "hold" })),
  });
  const setAttributes = async (attributes: Readonly<Record<string, string>>) => {
    world.source.users.set(ana, { ...world.userOf(ana), attributes });
    await world.deliver(eventAbout(ana, world.now()));
  };
  await world.change(ana, readersAtHome, "in");
  await world.change(ana, respondersAtHome, "in");
  await world.wait(hourMs);
  const [id = ""] = world.contoso.accounts.keys();
  deed(world, id);
  // The third role makes Muster look.
  await setAttributes({ department: "SOC", jobTitle: "Threat Hunter" });
  await world.wait(dayMs);
  world.contoso.next("revoke", async () => {
    throw graphFailure(503);
  });
  if (dead !== undefined)
    world.contoso.always(dead, async () => {
      throw graphFailure(503);
    });
  for (const members of world.source.members.values()) members.delete(ana);
  await setAttributes({});
  return {
    world,
    id,
    groups: () => [...world.contoso.members].flatMap(([group, members]) => (members.has(id) ? [group] : [])),
  };
}

describe.each(Object.entries(deeds))(
  "an administrator of the target %s, and she leaves a day later:",
  (_, deed) => {
    test("the account does not go into the recycle bin with a group that could not be written for a moment", async () => {
      const { world, id, groups } = await leaveAfter(deed, 0);
      await world.wait(hourMs);
      expect(groups()).toEqual([]);
      expect(world.contoso.accounts.get(id)).toMatchObject({ state: "recycled" });
    });

    test("a target that does not answer for an hour keeps her in scope no longer than if nothing had been told", async () => {
      const { world } = await leaveAfter(deed, 30 * dayMs, "readAccount");
      await world.wait(10_000);
      expect(world.inScope("contoso")(ana)).toBe(false);
    });

    test("a group that could not be written for a moment is taken a few seconds later", async () => {
      const { world, groups } = await leaveAfter(deed, 30 * dayMs);
      await world.wait(10_000);
      expect(groups()).toEqual([]);
    });
  },
);
