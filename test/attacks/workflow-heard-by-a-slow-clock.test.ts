import { expect, test } from "vitest";
import { receiveCall } from "../../shared/reconcile/workflows/receive-call.ts";
import { smallPolicy } from "../support/small-policy.ts";
import { eventAbout, smallWorld } from "../support/small-world.ts";
import { workflowCall } from "../support/workflow-call.ts";
import { ana, hourMs, minuteMs, readers, readersAtHome } from "../support/fixtures.ts";

/**
 * The function that takes a workflow's call goes by the clock of its host, which no answer of Graph's corrects, and whether a look has
 * shown what the workflow said is told by comparing that time with the look's. When the host that hears the call is behind, a look of before
 * the call passes for one of after it: the leaver's workflow hears at once that it has failed, because "something that was said later
 * has them back", people get a finding, and a moment later she is out and proven. When it is ahead, the looks of after the call do not count.
 */
test.each([
  ["a minute behind", -minuteMs],
  ["an hour ahead", hourMs],
])("a leaver's workflow that was heard by a host %s hears that she is out", async (_clock, offMs) => {
  const world = smallWorld();
  const source = smallPolicy().source.tenantId;
  await world.change(ana, readersAtHome, "in");
  await world.wait(2 * hourMs);
  await world.deliver(eventAbout(ana, world.now()));
  await world.wait(30_000);
  const answer = await receiveCall(workflowCall({ at: world.now() }), source, {
    ...world.state,
    send: world.ports.send,
    patienceMs: 30 * minuteMs,
    now: () => world.now() + offMs,
  });
  expect(answer).toMatchObject({ kind: "accepted" });
  await world.wait(29 * minuteMs + 30_000);
  expect(world.contoso.members.get(readers.grant.group)?.size).toBe(0);
  expect(world.leaveProofs()).not.toEqual([]);
  expect(world.resumed).toMatchObject([{ status: "completed" }]);
});
