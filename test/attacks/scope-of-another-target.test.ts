import { expect, test } from "vitest";
import { graphFailure } from "../support/graph-failure.ts";
import { person } from "../support/crowd.ts";
import { smallWorld } from "../support/small-world.ts";
import { withCatchUp } from "../support/with-catch-up.ts";
import { ana, groupId, hourMs, readers, readersAtHome } from "../support/fixtures.ts";

/**
 * The readers' group has a group in it. Each comparison of such a role group first looks up the scope group of every target, to tell people
 * if Muster's own writes would give the role. Graph does not answer about the scope group of Fabrikam, where readers have nothing. The
 * comparison ends before it has compared anybody: Ana, who was taken out of the group without a word, stays in Contoso until the look of the
 * day, and Ben, who was put into it without a word, never gets in.
 */
test("who leaves and joins a role group unannounced is found within the hour although the scope group of another target cannot be looked up", async () => {
  const world = smallWorld();
  const pass = withCatchUp(world);
  const ben = person(31);
  const nested = groupId(21);
  world.addUser(ben);
  world.source.members.set(nested, new Set());
  await world.change(ana, readersAtHome, "in");
  world.source.members.get(readersAtHome)?.add(nested);
  await pass(3 * hourMs);
  expect(world.contoso.members.get(readers.grant.group)?.size).toBe(1);

  const { find } = world.source.groups;
  const scopeOfFabrikam = groupId(8);
  Object.assign(world.source.groups, {
    find: (...question: Parameters<typeof find>) =>
      question[0].kind === "id" && question[0].id === scopeOfFabrikam
        ? Promise.reject(graphFailure(504, { template: "/groups/{id}" }))
        : find(...question),
  });
  world.source.members.get(readersAtHome)?.delete(ana);
  world.source.members.get(readersAtHome)?.add(ben);
  await pass(hourMs);
  const [hers, his] = [await world.recordOf(ana), await world.recordOf(ben)];
  expect({ ana: hers?.leaving, ben: his?.leaving }).toEqual({ ana: "no-role", ben: null });
}, 60_000);
