import { expect, test } from "vitest";
import { receiveCall } from "../../shared/reconcile/workflows/receive-call.ts";
import { smallPolicy } from "../support/small-policy.ts";
import { smallWorld } from "../support/small-world.ts";
import { withCatchUp } from "../support/with-catch-up.ts";
import { workflowCall } from "../support/workflow-call.ts";
import { ana, contosoTenant, dayMs, hourMs, minuteMs, readers, readersAtHome } from "../support/fixtures.ts";

/**
 * A workflow of Contoso said that Ana leaves there, and later one of the source that she joins. That her pair is to be looked at is found
 * out from the departure on its row, which is cleared before her pair is called. When Service Bus stumbles in between, or the host dies,
 * the call is tried again and finds nothing to clear: nobody calls the pair. Nothing else about her has changed, so no catch-up does
 * either, and she stays out of Contoso for good.
 */
test("Ana is back in Contoso although Service Bus stumbled when her pair was to be called", async () => {
  const world = smallWorld();
  const source = smallPolicy().source.tenantId;
  const pass = withCatchUp(world);
  const isIn = () => (world.contoso.members.get(readers.grant.group)?.size ?? 0) > 0;
  const say = (category: string, tenant: typeof source, subject: string, result: string) =>
    receiveCall(workflowCall({ category, subject, result, at: world.now() }), tenant, {
      ...world.state,
      send: world.ports.send,
      patienceMs: 30 * minuteMs,
      now: world.now,
    });
  await world.change(ana, readersAtHome, "in");
  await pass(3 * hourMs);
  const account = (await world.pairOf(contosoTenant, ana))?.account?.accountId ?? "";
  await say("leaver", contosoTenant, account, "7a7a7a7a-0000-4000-8000-000000000001");
  await pass(3 * hourMs);
  expect(isIn()).toBe(false);

  await say("joiner", source, ana, "7a7a7a7a-0000-4000-8000-000000000002");
  const { send } = world.ports;
  let stumbles = 1;
  Object.assign(world.ports, {
    send: (messages: Parameters<typeof send>[0]) => {
      if (stumbles === 0) return send(messages);
      stumbles -= 1;
      return Promise.reject(new Error("Service Bus does not answer"));
    },
  });
  await pass(2 * dayMs);
  expect(stumbles).toBe(0);
  expect(isIn()).toBe(true);
}, 60_000);
