import { expect, test } from "vitest";
import { receiveCall } from "../../shared/reconcile/workflows/receive-call.ts";
import { smallPolicy } from "../support/small-policy.ts";
import { smallWorld } from "../support/small-world.ts";
import { workflowCall } from "../support/workflow-call.ts";
import { ana, contosoTenant, hourMs, minuteMs, readers, readersAtHome } from "../support/fixtures.ts";

/**
 * A workflow of Contoso said that an account leaves before anybody knew that it is Ana's: it was there before she was an analyst. When her
 * role makes Muster find it, what was said of it holds.
 */
test("what a workflow of a target has said of an account holds when the account turns out to be an analyst's", async () => {
  const world = smallWorld();
  const account = world.contoso.create(ana);
  const say = (category: string, tenant: typeof contosoTenant, subject: string) =>
    receiveCall(workflowCall({ category, subject, at: world.now(), result: crypto.randomUUID() }), tenant, {
      ...world.state,
      send: world.ports.send,
      patienceMs: 30 * minuteMs,
      now: world.now,
    });
  await say("leaver", contosoTenant, account);
  await world.wait(hourMs);
  await world.change(ana, readersAtHome, "in");
  await world.wait(2 * hourMs);
  expect((await world.pairOf(contosoTenant, ana))?.departed).not.toBeNull();
  expect(world.contoso.members.get(readers.grant.group)?.size).toBe(0);
  // And ends with what the source says later.
  await say("joiner", smallPolicy().source.tenantId, ana);
  await world.wait(2 * hourMs);
  expect(world.contoso.members.get(readers.grant.group)?.size).toBe(1);
});
