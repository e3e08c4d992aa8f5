import { analystIdSchema, type AnalystId } from "../../shared/model/ids.ts";
import { eventAbout, smallWorld } from "./small-world.ts";
import { withCatchUp } from "./with-catch-up.ts";
import { hourMs, readers, readersAtHome } from "./fixtures.ts";

export const person = (n: number) =>
  analystIdSchema.parse(`a0000000-0000-4000-8000-${String(n).padStart(12, "0")}`);

export const tenPeople = Array.from({ length: 10 }, (_, n) => person(n + 1));

/** A small world in which these people are put into the readers' group, one after the other; no time has passed yet. */
export async function crowdOfReaders(people: readonly AnalystId[]) {
  const world = smallWorld();
  for (const id of people) {
    if (!world.source.users.has(id)) world.addUser(id);
    await world.change(id, readersAtHome, "in");
  }
  return {
    ...world,
    pass: withCatchUp(world, "seldom"),
    /** Whose accounts are in the group that readers are in. */
    inside: () =>
      [...world.contoso.accounts.values()].flatMap(({ id, stamp }) =>
        world.contoso.members.get(readers.grant.group)?.has(id) === true ? [stamp] : [],
      ),
    /** Takes these people out of the readers' group at once; then the events about them come in. */
    async dropAtOnce(dropped: readonly AnalystId[]): Promise<void> {
      for (const id of dropped) world.source.members.get(readersAtHome)?.delete(id);
      for (const id of dropped) await world.deliver(eventAbout(id, world.now()));
    },
  };
}

/** The same an hour later, when every one of them has what a reader is given. */
export async function settledReaders(people: readonly AnalystId[]) {
  const world = await crowdOfReaders(people);
  await world.pass(hourMs);
  return world;
}
