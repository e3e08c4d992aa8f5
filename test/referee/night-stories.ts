import * as fc from "fast-check";
import { eligibleStories, packageStories } from "./governance-stories.ts";
import { guestStories } from "./guest-stories.ts";
import {
  account,
  delegatedStories,
  handStories,
  membership,
  movedScopeStories,
  once,
  pauses,
  people,
  policyStories,
  scenes,
  stories,
  targets,
  teamStories,
  thereAndBack,
  type Moment,
} from "./story.ts";

const night: Moment["deed"] = { kind: "night" };

/** What administrators do that announces itself to nobody. */
const taking = fc.record({
  kind: fc.constant("take-group" as const),
  person: people,
  target: targets,
  group: fc.constantFrom("read" as const, "respond" as const),
});
const undelegating = fc.record({ kind: fc.constant("undelegate" as const), person: people });

/** A night falls somewhere in it, perhaps in the middle of what happens. */
const withNights = (played: fc.Arbitrary<readonly Moment[]>): fc.Arbitrary<readonly Moment[]> =>
  fc
    .record({ played, at: fc.nat({ max: 8 }), afterMs: pauses, again: fc.boolean() })
    .map(({ played: scene, at, afterMs, again }) => [
      ...scene.slice(0, at),
      { afterMs, deed: night },
      ...scene.slice(at),
      ...(again ? [{ afterMs: 90_000, deed: night }] : []),
    ]);

const drift = scenes(
  { weight: 3, arbitrary: once(taking) },
  { weight: 1, arbitrary: once(undelegating) },
  { weight: 2, arbitrary: once(membership("readers", "responders")) },
  { weight: 1, arbitrary: once(account) },
  { weight: 1, arbitrary: thereAndBack("readers", "responders") },
);

/** Everything is compared while people come and go, and administrators take what Muster has given. */
export const nightStories: fc.Arbitrary<readonly Moment[]> = withNights(
  fc.oneof(
    { weight: 4, arbitrary: drift },
    { weight: 1, arbitrary: stories },
    { weight: 1, arbitrary: teamStories },
    { weight: 1, arbitrary: delegatedStories },
    { weight: 1, arbitrary: handStories },
    { weight: 1, arbitrary: movedScopeStories },
  ),
);

/** The same with edits of the policy, each of which has everything compared once more. */
export const nightsOfEdits: fc.Arbitrary<readonly Moment[]> = withNights(policyStories);

export const governedNights: fc.Arbitrary<readonly Moment[]> = withNights(
  fc.oneof(eligibleStories, packageStories, drift),
);

/** The same where people are invited. */
export const nightsOfGuests: fc.Arbitrary<readonly Moment[]> = withNights(fc.oneof(guestStories, drift));
