import { expect, test } from "vitest";
import { tenPeople } from "../support/crowd.ts";
import { scopes, scopeScene } from "../support/scope-scene.ts";
import { eventAbout } from "../support/small-world.ts";
import { dayMs, hourMs, readers, readersAtHome } from "../support/fixtures.ts";

/*
 * Who is not to lose a role unseen keeps what it gave (architecture, 5), and what is given for a time only is kept by giving it for longer.
 * So has the scope to be: a package that the policy renews ends otherwise, and sync deletes the account with all that was kept.
 */

/** Ten readers, whose scope of Contoso is a package for four days at a time that the policy renews. */
async function tenInScope() {
  const world = scopeScene("first", { expires: "P4D", renew: true });
  for (const id of tenPeople) {
    if (!world.source.users.has(id)) world.addUser(id);
    await world.change(id, readersAtHome, "in");
  }
  await world.pass(hourMs);
  return {
    ...world,
    inScope: () => tenPeople.filter((id) => world.source.isInScope(scopes.first, id)).length,
    inside: () => world.contoso.members.get(readers.grant.group)?.size,
    async liveOn(days: number): Promise<void> {
      for (const end = world.now() + days * dayMs; world.now() < end;) {
        await world.pass(12 * hourMs);
        world.source.packages.expire();
      }
    },
  };
}

test("ten readers are in scope for six days while they hold the role", async () => {
  const world = await tenInScope();
  await world.liveOn(6);
  expect([world.inScope(), world.inside()]).toEqual([10, 10]);
});

test("ten readers were dropped at once, which is refused: six days later they are in scope as they were", async () => {
  const world = await tenInScope();
  for (const id of tenPeople) world.source.members.get(readersAtHome)?.delete(id);
  for (const id of tenPeople) await world.deliver(eventAbout(id, world.now()));
  await world.pass(hourMs);
  expect([world.inScope(), world.inside()]).toEqual([10, 10]);
  await world.liveOn(6);
  expect([world.inScope(), world.inside()]).toEqual([10, 10]);
});
