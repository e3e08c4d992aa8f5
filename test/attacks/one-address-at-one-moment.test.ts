import { expect, test } from "vitest";
import { callOf } from "../../shared/reconcile/run/shared-trouble.ts";
import { graphFailure } from "../support/graph-failure.ts";
import { operator, packageOf, pullScene, room } from "../support/pull-scene.ts";
import {
  ana,
  ben,
  contosoTenant,
  dayMs,
  hourMs,
  minuteMs,
  readers,
  responders,
  respondersAtHome,
} from "../support/fixtures.ts";

/** Ana and Ben have one address, and each has asked for a package with it; an approver lets both have theirs. */
async function bothInvited(world = pullScene()) {
  for (const id of [ana, ben]) world.addUser(id, { mail: "soc@source.example" });
  world.contoso.packages.become("approval");
  await world.join();
  await world.change(ben, respondersAtHome, "in");
  await world.wait(hourMs);
  expect([world.invites(), world.accounts()]).toMatchObject([{ length: 2 }, []]);
  world.contoso.packages.decide("delivered");
  expect(world.accounts()).toHaveLength(1);
  const lookAt = (analyst: typeof ana) =>
    world.deliver(callOf({ kind: "access", tenant: contosoTenant, analyst }, "test", world.now()));
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

test("whoever leaves the account to be looked at again has looked at nothing else: what was found before stays as old as it is", async () => {
  const hindered = pullScene();
  hindered.source.always("joinScope", () => Promise.reject(graphFailure(403)));
  const world = await bothInvited(hindered);
  const refused = async () =>
    (await world.state.findings.open(contosoTenant, ana)).find(({ kind }) => kind === "refused-call");
  const since = (await refused())?.since;
  expect(since).toBeLessThan(world.now());
  await Promise.all([ana, ben].map((id) => world.lookAt(id)));
  expect([await recorded(world), (await refused())?.since]).toEqual([0, since]);
  await world.wait(minuteMs);
  expect([await recorded(world), (await refused())?.since]).toEqual([1, since]);
});
