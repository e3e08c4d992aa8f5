import { expect, test } from "vitest";
import { receiveCall } from "../../shared/reconcile/workflows/receive-call.ts";
import { smallWorld } from "../support/small-world.ts";
import { workflowCall } from "../support/workflow-call.ts";
import { ana, contosoTenant, hourMs, readers, readersAtHome } from "../support/fixtures.ts";

/**
 * Contoso's workflows say of Ana that she leaves, and at once that she does not. The run that acts on the first word has read it, and stands
 * still until another run has acted on the second.
 */
test("a run that has read what is not true any more does not have the last word about somebody who is back", async () => {
  const world = smallWorld();
  await world.change(ana, readersAtHome, "in");
  await world.wait(hourMs);
  const [account = ""] = world.contoso.accounts.keys();
  const say = (category: string, result: string) =>
    receiveCall(workflowCall({ category, subject: account, at: world.now(), result }), contosoTenant, {
      ...world.state,
      send: async () => undefined,
      patienceMs: 3 * hourMs,
      now: world.now,
    });
  const [leaves, comes] = [1, 2].map((number) => `7a7a7a7a-0000-4000-8000-00000000000${number}`);
  const run = (call = "") =>
    world.deliver({
      key: { kind: "workflow", tenant: contosoTenant, call },
      cause: "a workflow",
      heardAt: world.now(),
      occasion: "event",
    });
  await say("leaver", leaves ?? "");
  const { read } = world.state.departures;
  let isFirst = true;
  const standStill: typeof read = async (tenant, subject) => {
    const said = await read(tenant, subject);
    if (!isFirst) return said;
    isFirst = false;
    await world.wait(1_000);
    await say("joiner", comes ?? "");
    await run(comes);
    return said;
  };
  Object.assign(world.ports, { departures: { ...world.ports.departures, read: standStill } });
  await run(leaves);
  await world.wait(hourMs);
  expect((await world.pairOf(contosoTenant, ana))?.departed).toBeNull();
  expect(world.contoso.members.get(readers.grant.group)?.size).toBe(1);
});
