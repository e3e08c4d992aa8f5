import { expect, test } from "vitest";
import type { SourceMemberships } from "../../shared/graph/source-reader.ts";
import type { Listing } from "../../shared/graph/listing.ts";
import { person, settledReaders, tenPeople } from "../support/crowd.ts";
import { byId, smallPolicy } from "../support/small-policy.ts";
import { eventAbout } from "../support/small-world.ts";
import { dayMs, groupId, minuteMs, reader } from "../support/fixtures.ts";

const ben = person(10);

test("readers are whoever is in another group now; Ben was put into it last, a minute before the edit, and a replica that is behind does not show it for a minute more: his account is not deleted", async () => {
  const world = await settledReaders(tenPeople);
  const home = groupId(70);
  world.source.members.set(home, new Set(tenPeople));
  const shownAt = world.now() + minuteMs;
  const isBehind = () => world.now() < shownAt;
  const without = (ids: readonly string[], id: string) => ids.filter((one) => one !== id);
  const { reader: read } = world.source;
  const { readMemberships, listMembers } = read;
  Object.assign(read, {
    async readMemberships(question: Parameters<typeof readMemberships>[0]): Promise<SourceMemberships> {
      const seen = await readMemberships(question);
      if (question.id !== ben || !isBehind()) return seen;
      const direct = {
        ...seen.direct,
        items: without(seen.direct.items, home),
      } as SourceMemberships["direct"];
      return { ...seen, direct, confirmed: new Set([...seen.confirmed].filter((one) => one !== home)) };
    },
    async listMembers(...question: Parameters<typeof listMembers>) {
      const listing = await listMembers(...question);
      if (question[0] !== home || !isBehind()) return listing;
      return { ...listing, items: without(listing.items, ben) } satisfies Listing<string>;
    },
  });
  const policy = smallPolicy();
  world.setPolicy({
    ...policy,
    roles: policy.roles.map((role) =>
      role.name === reader ? { ...role, holders: { kind: "group", group: byId(home) } as const } : role,
    ),
  });
  await world.deliver(eventAbout(ben, world.now()));
  await world.pass(dayMs);
  const deleted = world.contoso.writes.filter((write) => write.startsWith("delete"));
  expect(deleted).toEqual([]);
});
