import { expect, test } from "vitest";
import { smallWorld } from "../support/small-world.ts";
import { withCatchUp } from "../support/with-catch-up.ts";
import { ana, dayMs, hourMs, readers, readersAtHome } from "../support/fixtures.ts";

test("added by mistake and out again half a minute later, when the removal meets a replica that has not heard of the grant, and for an hour her memberships cannot be listed to the end: what Muster gave goes, and nothing is proven before it was read", async () => {
  const world = smallWorld();
  const pass = withCatchUp(world);
  const account = world.contoso.create(ana, { createdAt: 0 });
  await world.change(ana, readersAtHome, "in");
  await world.wait(30_000);
  const members = world.contoso.members.get(readers.grant.group);
  expect(members?.has(account)).toBe(true);
  const until = world.now() + hourMs;
  world.contoso.always("listMemberOf", async (go) =>
    world.now() < until
      ? { items: [], completeness: { kind: "partial", why: "the second page was 503" } }
      : go(),
  );
  world.contoso.next("revoke", async () => ({
    result: "missing",
    appliedBefore: "no",
    trace: { clientRequestId: "c-1", requestId: "r-1", status: 404, ms: 1, tries: 1 },
  }));
  world.source.members.get(readersAtHome)?.delete(ana);
  await world.deliver({
    key: { kind: "analyst", analyst: ana },
    cause: "test",
    heardAt: world.now(),
    occasion: "event",
  });
  await pass(3 * dayMs);
  const proofs = world.leaveProofs();
  expect({
    holds: members?.has(account),
    proofs: proofs.length,
    at: proofs.every(({ at }) => at >= until),
  }).toEqual({
    holds: false,
    proofs: 1,
    at: true,
  });
});
