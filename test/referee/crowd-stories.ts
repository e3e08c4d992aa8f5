import * as fc from "fast-check";
import { everybody, type PersonName } from "./cast.ts";
import type { Deed, Moment } from "./story.ts";

/** Eight hold the role, and two of eight may lose it at once. */
const teamMembers: readonly PersonName[] = ["eve", "finn", "gus", "hal"];
const groupOf = (person: PersonName) => (teamMembers.includes(person) ? "juniors" : "responders");

const pauses = fc.constantFrom(0, 2_000, 20_000, 200_000, 900_000, 2_700_000);
const gaps = fc.constantFrom(0, 0, 0, 1_000, 5_000);

type Kind = "join" | "drop" | "disable" | "enable" | "delete" | "restore";

function deedOf(kind: Kind, person: PersonName): Deed {
  return kind === "join" || kind === "drop" ? { kind, person, group: groupOf(person) } : { kind, person };
}

/** The same happens to some of them, at one instant or one after another. */
const toSome = (kinds: readonly Kind[], fewest: number, most: number): fc.Arbitrary<readonly Moment[]> =>
  fc
    .record({
      kind: fc.constantFrom(...kinds),
      people: fc.shuffledSubarray([...everybody], { minLength: fewest, maxLength: most }),
      afterMs: pauses,
      gapMs: gaps,
    })
    .map(({ kind, people, afterMs, gapMs }) =>
      people.map((person, index) => ({ afterMs: index === 0 ? afterMs : gapMs, deed: deedOf(kind, person) })),
    );

const oneDeed = (deed: fc.Arbitrary<Deed>) =>
  fc.record({ afterMs: pauses, deed }).map((moment): readonly Moment[] => [moment]);

const nesting = fc.constantFrom<Deed>(
  { kind: "unnest", group: "responders" },
  { kind: "unnest", group: "responders" },
  { kind: "nest", group: "responders" },
);
const deployment = fc.constantFrom<Deed>(
  { kind: "deploy", edit: "remove-role" },
  { kind: "deploy", edit: "rename-role" },
  { kind: "deploy", edit: "none" },
);

/** A group is emptied by mistake, two are dropped because they leave, and both happen on the same day. */
export const crowdStories: fc.Arbitrary<readonly Moment[]> = fc
  .array(
    fc.oneof(
      { weight: 3, arbitrary: toSome(["drop"], 3, 8) },
      { weight: 3, arbitrary: toSome(["drop"], 1, 2) },
      { weight: 2, arbitrary: toSome(["join"], 1, 8) },
      { weight: 2, arbitrary: toSome(["disable", "delete"], 1, 2) },
      { weight: 1, arbitrary: toSome(["enable", "restore"], 1, 8) },
      { weight: 1, arbitrary: oneDeed(nesting) },
      { weight: 1, arbitrary: oneDeed(deployment) },
    ),
    { minLength: 1, maxLength: 3 },
  )
  .map((scenes) => scenes.flat());

/** Many join at once, so that they wait for each other's accounts; some leave again before they have one. */
export const strangerStories: fc.Arbitrary<readonly Moment[]> = fc
  .tuple(toSome(["join"], 3, 7), fc.oneof(toSome(["drop", "disable"], 1, 3), fc.constant([])))
  .map((scenes) => scenes.flat());
