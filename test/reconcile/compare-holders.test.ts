import { beforeEach, describe, expect, test } from "vitest";
import { analystIdSchema, type GroupId } from "../../shared/model/ids.ts";
import type { AnalystMessage } from "../../shared/queue/keys.ts";
import { graphFailure } from "../support/graph-failure.ts";
import { smallPolicy } from "../support/small-policy.ts";
import { smallWorld, type SmallWorld } from "../support/small-world.ts";
import { ana, ben, groupId, minuteMs, readersAtHome } from "../support/fixtures.ts";

const cleo = analystIdSchema.parse("a0000000-0000-4000-8000-000000000003");
const nested = groupId(21);

let world: SmallWorld;
beforeEach(async () => {
  world = smallWorld();
  for (const id of [ana, ben, cleo]) world.addUser(id);
  await world.change(ana, readersAtHome, "in");
  await world.wait(20 * minuteMs);
});

const about = (
  key: AnalystMessage["key"],
  occasion: AnalystMessage["occasion"] = "event",
): AnalystMessage => ({
  key,
  cause: "notification: group",
  heardAt: world.now(),
  occasion,
});
const comparing = (group: GroupId) => about({ kind: "role-group", group });

/** Who is called by a comparison, before anybody is looked at. */
async function calledBy(message: AnalystMessage): Promise<readonly string[]> {
  await world.deliver(message);
  return world.sent.map(({ key }) => (key.kind === "analyst" ? key.analyst : key.kind)).toSorted();
}

const join = (id: string, group: string = readersAtHome) => world.source.members.get(group)?.add(id);
const leave = (id: string, group: string = readersAtHome) => world.source.members.get(group)?.delete(id);

describe("when a role group has changed and nobody said who", () => {
  test("nobody is looked at when its members are those who are known", async () => {
    expect(await calledBy(comparing(readersAtHome))).toEqual([]);
  });

  test("whoever has joined and whoever has left gets a look of their own", async () => {
    join(ben);
    leave(ana);
    expect(await calledBy(comparing(readersAtHome))).toEqual([ana, ben]);
  });

  test("a difference is news about the person: as of now, an event, with the cause that led to it", async () => {
    leave(ana);
    const heardAt = world.now();
    await world.deliver({ ...comparing(readersAtHome), heardAt: 5, occasion: "check" });
    expect(world.sent).toEqual([
      {
        key: { kind: "analyst", analyst: ana },
        cause: "notification: group",
        heardAt,
        occasion: "event",
      },
    ]);
  });

  test("whoever is not known is met as an arrival when nothing has changed that anybody heard of", async () => {
    join(ben);
    const heardAt = world.now();
    await world.deliver({ ...comparing(readersAtHome), occasion: "check" });
    expect(world.sent).toEqual([
      {
        key: { kind: "arrival", user: ben },
        cause: "notification: group",
        heardAt,
        occasion: "check",
        tries: 0,
      },
    ]);
    await world.wait(0);
    expect(await world.recordOf(ben)).toMatchObject({ leaving: null });
  });

  test("nobody is looked at who is different for good: protected, or gone in another way and still in the group", async () => {
    world.setPolicy(smallPolicy({ protected: [cleo] }));
    join(cleo);
    world.addUser(ana, { enabled: false });
    await world.deliver({ ...about({ kind: "analyst", analyst: ana }) });
    await world.wait(20 * minuteMs);
    expect(await calledBy(comparing(readersAtHome))).toEqual([]);
  });

  test("somebody who left the group and is in it again is looked at", async () => {
    await world.change(ana, readersAtHome, "out");
    await world.wait(20 * minuteMs);
    join(ana);
    expect(await calledBy(comparing(readersAtHome))).toEqual([ana]);
  });

  test("whoever keeps a role because too many lost it at once is looked at each time: that may have changed", async () => {
    await world.change(ben, readersAtHome, "in");
    await world.wait(20 * minuteMs);
    leave(ana);
    leave(ben);
    expect(await calledBy(comparing(readersAtHome))).toEqual([ana, ben]);
    await world.wait(20 * minuteMs);
    expect((await world.recordOf(ana))?.roles).toMatchObject([{ role: "reader" }]);
    expect(await calledBy(comparing(readersAtHome))).toEqual([ana, ben]);
  });

  test("a group that is gone has no members: everybody who held its role is looked at", async () => {
    world.source.next("listMembers", async () => {
      world.source.members.delete(readersAtHome);
      throw await goneFor(readersAtHome);
    });
    expect(await calledBy(comparing(readersAtHome))).toEqual([ana]);
  });

  test("a listing that breaks off only means fewer looks: it is tried again", async () => {
    join(ben);
    world.source.next("listMembers", () => Promise.reject(new Error("page 1 failed")));
    expect(await calledBy(comparing(readersAtHome))).toEqual([]);
    await world.wait(2_000);
    expect(await world.recordOf(ben)).toMatchObject({ leaving: null });
  });
});

/** What Graph says about a group that is not there. */
async function goneFor(group: GroupId): Promise<unknown> {
  const { reader } = world.source;
  return reader.listMembers(group, "normal").catch((error: unknown) => error);
}

describe("when a group has changed that is in a role group", () => {
  beforeEach(() => {
    world.source.members.set(nested, new Set());
    join(nested);
  });

  test("whoever is in it holds the role, and gets a look", async () => {
    join(ben, nested);
    expect(await calledBy(comparing(nested))).toEqual([ben]);
  });

  test("also when it is in there through another one", async () => {
    const deeper = groupId(22);
    world.source.members.set(deeper, new Set([ben]));
    join(deeper, nested);
    expect(await calledBy(comparing(deeper))).toEqual([ben]);
  });

  test.each([
    ["because it was deleted", () => Promise.reject(graphFailure(404))],
    [
      "because the answer breaks off",
      async () => ({ items: [], completeness: { kind: "partial", why: "page 2 failed" } }) as const,
    ],
  ])("and nobody can say in which %s, all of them are compared", async (_, answer) => {
    leave(ana);
    world.source.next("listGroupsAround", answer);
    expect(await calledBy(comparing(nested))).toContain(ana);
  });

  test("and is in none any more, nobody is looked at for it: the role group announces that itself", async () => {
    join(ben, nested);
    leave(nested);
    expect(await calledBy(comparing(nested))).toEqual([]);
    expect(await calledBy(comparing(readersAtHome))).toEqual([]);
  });
});

describe("when somebody's attributes may have changed", () => {
  const hunts = { department: "SOC", jobTitle: "Threat Hunter" };
  const comparingAttributes = () => about({ kind: "attribute-roles" });

  test("whoever has the attributes and is not known, or is known and has them no more, gets a look", async () => {
    world.addUser(ben, { attributes: hunts });
    expect(await calledBy(comparingAttributes())).toEqual([ben]);
    await world.wait(20 * minuteMs);
    world.addUser(ben, { attributes: { ...hunts, jobTitle: "Manager" } });
    world.addUser(cleo, { attributes: hunts });
    expect(await calledBy(comparingAttributes())).toEqual([ben, cleo]);
  });

  test("nobody is looked at when all is as it is known", async () => {
    world.addUser(ben, { attributes: { department: "SOC" } });
    expect(await calledBy(comparingAttributes())).toEqual([]);
  });
});
