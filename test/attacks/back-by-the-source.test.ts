import { beforeEach, expect, test } from "vitest";
import { receiveCall } from "../../shared/reconcile/workflows/receive-call.ts";
import { smallPolicy } from "../support/small-policy.ts";
import { smallWorld, type SmallWorld } from "../support/small-world.ts";
import { workflowCall } from "../support/workflow-call.ts";
import { ana, contosoTenant, hourMs, minuteMs, readers, readersAtHome } from "../support/fixtures.ts";

/**
 * A workflow of Contoso said that Ana leaves there, and later one of the source that she joins: the later word counts, and she is back in
 * Contoso. What Contoso said stays in the table `Departures`, where nobody has overruled it. So the next call of Contoso about her takes
 * it up again, even one that says only that she moves; and so does a leaver's call that began before the joiner's and arrives after it.
 * She is robbed of everything there, and no group, no event and no day brings it back.
 */
const source = smallPolicy().source.tenantId;

let world: SmallWorld;
beforeEach(async () => {
  world = smallWorld();
  // Her account is kept: so a workflow of Contoso may go on speaking of it.
  world.setPolicy(smallPolicy({ leavers: { deleteAfterMs: 30 * 24 * hourMs } }));
  await world.change(ana, readersAtHome, "in");
  await world.wait(2 * hourMs);
});

let calls = 0;
async function say(category: string, tenant: typeof source, at = world.now()) {
  calls += 1;
  const subject =
    tenant === source ? ana : ((await world.pairOf(contosoTenant, ana))?.account?.accountId ?? "");
  const result = `7a7a7a7a-0000-4000-8000-${String(calls).padStart(12, "0")}`;
  const answer = await receiveCall(workflowCall({ category, subject, result, at }), tenant, {
    ...world.state,
    send: world.ports.send,
    patienceMs: 30 * minuteMs,
    now: world.now,
  });
  expect(answer).toMatchObject({ kind: "accepted" });
  await world.wait(2 * hourMs);
}
const isIn = () => (world.contoso.members.get(readers.grant.group)?.size ?? 0) > 0;

test("a mover's workflow of a target does not bring back what a later joiner's of the source has overruled", async () => {
  await say("leaver", contosoTenant);
  expect(isIn()).toBe(false);
  await say("joiner", source);
  expect(isIn()).toBe(true);
  await say("mover", contosoTenant);
  expect(isIn()).toBe(true);
});

test("a leaver's call of a target that began before the joiner's of the source, and arrives after it, takes nobody out", async () => {
  const before = world.now();
  await world.wait(minuteMs);
  await say("joiner", source);
  expect(isIn()).toBe(true);
  await say("leaver", contosoTenant, before);
  expect(isIn()).toBe(true);
});
