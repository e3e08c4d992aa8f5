import { expect, test } from "vitest";
import { graphFailure } from "../support/graph-failure.ts";
import { complete } from "../support/memory-tenant.ts";
import { smallWorld, type SmallWorld } from "../support/small-world.ts";
import { withCatchUp } from "../support/with-catch-up.ts";
import {
  ana,
  dayMs,
  hourMs,
  minuteMs,
  readers,
  readersAtHome,
  responders,
  respondersAtHome,
} from "../support/fixtures.ts";

/** For this long one replica answers all questions about groups, and it does not know yet that she lost the role. */
function behindFor(world: SmallWorld, ms: number): void {
  const until = world.now() + ms;
  world.contoso.always("listMemberOf", async (go) =>
    world.now() < until ? complete([readers, responders].map(({ grant }) => grant.group)) : go(),
  );
  world.contoso.always("isMember", async (go) => (world.now() < until ? true : go()));
}

/** Graph does it, and its answer gets lost. */
const troubles = [
  [
    "the gateway asks once more and hears `already`",
    (world: SmallWorld) =>
      world.contoso.next("grant", async (go) => {
        await go();
        return {
          result: "already",
          appliedBefore: "maybe",
          trace: { clientRequestId: "c-2", requestId: "r-2", status: 400, ms: 1, tries: 2 },
        };
      }),
  ],
  [
    "no try of the gateway's is answered",
    (world: SmallWorld) =>
      world.contoso.next("grant", async (go) => {
        await go();
        throw graphFailure(0);
      }),
  ],
] as const;

test.each(troubles)(
  "lost a role and has it back ten minutes later, while one of the target's replicas is behind for a quarter of an hour and the answer to the grant gets lost (%s): what Muster gave goes when she loses the role for good",
  async (_, stumble) => {
    const world = smallWorld();
    const pass = withCatchUp(world);
    await world.change(ana, respondersAtHome, "in");
    await world.change(ana, readersAtHome, "in");
    await pass(hourMs);
    await world.change(ana, readersAtHome, "out");
    await pass(10 * minuteMs);
    expect(world.contoso.members.get(readers.grant.group)?.size).toBe(0);
    behindFor(world, 5 * minuteMs);
    stumble(world);
    await world.change(ana, readersAtHome, "in");
    await pass(3 * dayMs);
    expect(world.contoso.members.get(readers.grant.group)?.size).toBe(1);
    await world.change(ana, readersAtHome, "out");
    await pass(3 * dayMs);
    expect(world.contoso.members.get(readers.grant.group)?.size).toBe(0);
  },
);

test.each(troubles)(
  "her account was there before Muster; the same happens (%s), and she leaves the company: she holds nothing that Muster gave when she is said to be out",
  async (_, stumble) => {
    const world = smallWorld();
    const pass = withCatchUp(world);
    const account = world.contoso.create(ana, { createdAt: 0 });
    await world.change(ana, respondersAtHome, "in");
    await world.change(ana, readersAtHome, "in");
    await pass(hourMs);
    await world.change(ana, readersAtHome, "out");
    await pass(10 * minuteMs);
    expect(world.contoso.members.get(readers.grant.group)?.size).toBe(0);
    behindFor(world, 5 * minuteMs);
    stumble(world);
    await world.change(ana, readersAtHome, "in");
    await pass(3 * dayMs);
    await world.change(ana, readersAtHome, "out");
    await world.change(ana, respondersAtHome, "out");
    await pass(3 * dayMs);
    expect({
      holds: world.contoso.members.get(readers.grant.group)?.has(account),
      saidToBeOut: world.leaveProofs().length > 0,
    }).toEqual({ holds: false, saidToBeOut: true });
  },
);
