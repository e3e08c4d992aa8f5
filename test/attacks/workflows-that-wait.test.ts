import { expect, test } from "vitest";
import { receiveCall } from "../../shared/reconcile/workflows/receive-call.ts";
import { graphFailure } from "../support/graph-failure.ts";
import { smallPolicy } from "../support/small-policy.ts";
import { person } from "../support/crowd.ts";
import { smallWorld } from "../support/small-world.ts";
import { withCatchUp } from "../support/with-catch-up.ts";
import { workflowCall } from "../support/workflow-call.ts";
import { ana, hourMs, minuteMs, readersAtHome } from "../support/fixtures.ts";

/**
 * Two people leave, each by a workflow, and Graph refuses Muster's callback, as it does while Muster's application is not among those that
 * may call back. Such a refusal is the tenant's: the first call tries for both, and the second waits to be called when it is over. But nobody
 * knows which calls of workflows wait: when the refusal has ended, the first workflow hears of it, and the second never does. Its task fails
 * by its own time-out, although its leaver is proven out.
 */
test("when callbacks are not refused any more, every workflow hears how it ended, not the one that tried for all alone", async () => {
  const world = smallWorld();
  const pass = withCatchUp(world);
  const source = smallPolicy().source.tenantId;
  const ben = person(31);
  world.addUser(ben);
  for (const id of [ana, ben]) await world.change(id, readersAtHome, "in");
  await pass(3 * hourMs);

  let isRefused = true;
  const { callback } = world.ports;
  Object.assign(world.ports, {
    callback: (tenant: typeof source) => ({
      resume: (path: string, status: "completed" | "failed") =>
        isRefused
          ? Promise.reject(
              graphFailure(403, {
                method: "POST",
                template:
                  "/identityGovernance/lifecycleWorkflows/workflows/{id}/tasks/{id}/taskProcessingResults/{id}/resume",
              }),
            )
          : callback(tenant).resume(path, status),
    }),
  });
  for (const [index, subject] of [ana, ben].entries()) {
    const result = `7a7a7a7a-0000-4000-8000-00000000000${index + 1}`;
    const answer = await receiveCall(workflowCall({ subject, result, at: world.now() }), source, {
      ...world.state,
      send: world.ports.send,
      patienceMs: 3 * hourMs,
      now: world.now,
    });
    expect(answer).toMatchObject({ kind: "accepted" });
  }
  await pass(20 * minuteMs);
  expect(world.leaveProofs().length).toBeGreaterThan(0);
  isRefused = false;
  await pass(3 * hourMs);
  expect(world.resumed.map(({ status }) => status)).toEqual(["completed", "completed"]);
}, 60_000);
