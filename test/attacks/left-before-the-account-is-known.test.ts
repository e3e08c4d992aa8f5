import { expect, test } from "vitest";
import { receiveCall } from "../../shared/reconcile/workflows/receive-call.ts";
import { smallWorld } from "../support/small-world.ts";
import { workflowCall } from "../support/workflow-call.ts";
import { ana, contosoTenant, hourMs, minuteMs, readersAtHome } from "../support/fixtures.ts";

/**
 * Sync has made Ana's account, the reminder that would have Muster find it has died, and a workflow of Contoso says of that account that it
 * leaves. Nobody of Muster's is known to have it; but it may be hers, whose account is still awaited.
 */
test("a workflow of a target hears that its task has ended when the account, which nobody knew of, is proven out, and not before", async () => {
  const world = smallWorld();
  world.provisioner.next(() => ({ kind: "not-in-scope", detail: "not assigned" }));
  await world.change(ana, readersAtHome, "in");
  world.forgetScheduled();
  const account = world.contoso.create(ana);
  const isOut = () => world.leaveProofs().some(({ target }) => target === "contoso");
  const leaves = (subject: string) =>
    receiveCall(workflowCall({ subject, at: world.now(), result: crypto.randomUUID() }), contosoTenant, {
      ...world.state,
      send: world.ports.send,
      patienceMs: 3 * hourMs,
      now: world.now,
    });
  await leaves(account);
  await world.wait(1_000);
  expect(world.resumed.filter(({ status }) => status === "completed" && !isOut())).toEqual([]);
  await world.wait(5 * minuteMs);
  expect([isOut(), world.resumed.map(({ status }) => status)]).toEqual([true, ["completed"]]);
  // Whoever is nobody's ends when all who wait have been looked at.
  await leaves("b0000000-0000-4000-8000-0000000000ff");
  await world.wait(5 * minuteMs);
  expect(world.resumed.map(({ status }) => status)).toEqual(["completed", "completed"]);
});
