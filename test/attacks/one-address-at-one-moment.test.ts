import { expect, test } from "vitest";
import type { AccessMessage } from "../../shared/queue/keys.ts";
import { operator, packageOf, pullScene, room } from "../support/pull-scene.ts";
import {
  ana,
  ben,
  contosoTenant,
  dayMs,
  hourMs,
  readers,
  responders,
  respondersAtHome,
} from "../support/fixtures.ts";

/** Ana and Ben have one address, and each has asked for a package with it; an approver lets both have theirs. */
async function bothInvited() {
  const world = pullScene();
  for (const id of [ana, ben]) world.addUser(id, { mail: "soc@source.example" });
  world.contoso.packages.become("approval");
  await world.join();
  await world.change(ben, respondersAtHome, "in");
  await world.wait(hourMs);
  expect([world.invites(), world.accounts()]).toMatchObject([{ length: 2 }, []]);
  world.contoso.packages.decide("delivered");
  expect(world.accounts()).toHaveLength(1);
  const lookAt = (analyst: typeof ana) => {
    const due = world
      .scheduled()
      .find(
        ({ message: { key } }) =>
          key.kind === "access" && key.tenant === contosoTenant && key.analyst === analyst,
      );
    if (due === undefined) throw new Error("nobody comes back to them");
    return world.deliver({ ...(due.message as AccessMessage), occasion: "event", version: null });
  };
  return { ...world, lookAt };
}

type Scene = Awaited<ReturnType<typeof bothInvited>>;

const recorded = async (world: Scene) => {
  const accounts = await Promise.all(
    [ana, ben].map(async (id) => (await world.pairOf(contosoTenant, id))?.account),
  );
  return accounts.filter((account) => account !== null && account !== undefined).length;
};
const groupsOf = ({ contoso, account }: Scene) =>
  [readers, responders].filter(({ grant }) => contoso.members.get(grant.group)?.has(account())).length;

test.each([
  [
    "each before the other has written that it is theirs",
    async (world: Scene) => void (await Promise.all([ana, ben].map((id) => world.lookAt(id)))),
  ],
  [
    "Ben's while Ana's is about to be written down",
    async (world: Scene) => {
      world.tables.pairs.before("list", () => {
        world.tables.pairs.before("write", () => world.lookAt(ben));
        return Promise.resolve();
      });
      await world.lookAt(ana);
    },
  ],
  [
    "Ben's while Ana's is about to be written down, and then the table does not answer Ana's",
    async (world: Scene) => {
      world.tables.pairs.before("list", () => {
        world.tables.pairs.before("write", async () => {
          await world.lookAt(ben);
          world.tables.pairs.fail("list");
        });
        return Promise.resolve();
      });
      await world.lookAt(ana);
      expect(world.logged).toContainEqual(expect.stringContaining("A run failed"));
    },
  ],
])(
  "two with one address are looked at in one moment, %s: it is the account of one of them, and the other gets nothing by it",
  async (_, look) => {
    const world = await bothInvited();
    await look(world);
    expect(groupsOf(world)).toBeLessThanOrEqual(1);
    await world.wait(2 * hourMs);
    expect([await recorded(world), groupsOf(world)]).toEqual([1, 1]);
    expect(world.told().filter((reason) => reason.includes("another analyst"))).toHaveLength(1);
    await world.wait(dayMs);
    expect(
      [operator, room].filter((id) => packageOf(world, world.account(), id) === "delivered"),
    ).toHaveLength(1);
  },
);
