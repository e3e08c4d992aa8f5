import { expect, test } from "vitest";
import { homeOf } from "../../shared/policy/places.ts";
import { callDiffering } from "../../shared/reconcile/sweep/call-differing.ts";
import { differing } from "../../shared/reconcile/sweep/differing.ts";
import { smallPolicy } from "../support/small-policy.ts";
import { smallWorld } from "../support/small-world.ts";
import { begunIn } from "../support/sweeps.ts";
import { ana } from "../support/fixtures.ts";

/** In the source, what somebody has there and who they are differ in one row. */
test("where too much would be taken at once nobody loses anything, and who has left at home is looked at all the same", async () => {
  const world = smallWorld();
  const policy = smallPolicy();
  const { tenantId } = policy.source;
  const id = await begunIn(world);
  const [sweep, known] = [await world.state.runs.read(id), await world.state.runs.part(id, tenantId)];
  if (sweep === null || known === null) throw new Error("no sweep has begun");
  world.sent.length = 0;
  const withheld = { removals: 6, given: 6, people: 6 };
  await callDiffering(
    { sweep, part: { ...known.part, withheld } },
    {
      place: homeOf(policy),
      differences: [
        differing({ id: ana }, tenantId, { why: ["Lighthouse is not to be there"], removals: 1 }),
      ],
      atHome: {
        differences: [differing({ id: ana }, tenantId, { why: ["the user is disabled"], removals: 0 })],
        strangers: [],
      },
    },
    { ...world.ports, runs: world.state.runs },
  );
  expect(world.sent.map(({ key }) => key)).toEqual([{ kind: "analyst", analyst: ana }]);
  expect(await world.state.runs.differences(id, tenantId)).toMatchObject([
    { called: ["analyst"], end: null },
  ]);
});
