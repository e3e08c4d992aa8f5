import { beforeEach, expect, test } from "vitest";
import type { Caller } from "../../shared/api/caller.ts";
import { clearDeparture } from "../../shared/runtime/api/clear-departure.ts";
import { receiveCall } from "../../shared/reconcile/workflows/receive-call.ts";
import { smallPolicy } from "../support/small-policy.ts";
import { smallWorld, type SmallWorld } from "../support/small-world.ts";
import { workflowCall } from "../support/workflow-call.ts";
import { ana, contosoTenant, hourMs, minuteMs, readers, readersAtHome } from "../support/fixtures.ts";

/** Nobody but a joiner's workflow, or an operator, has somebody back whom a workflow has said to leave. */
const source = smallPolicy().source.tenantId;
const caller: Caller = {
  tenant: source,
  object: "aaaaaaaa-0000-4000-8000-000000000001",
  app: "bbbbbbbb-0000-4000-8000-000000000001",
  kind: "user",
  roles: ["Muster.Operate"],
};

let world: SmallWorld;
beforeEach(async () => {
  world = smallWorld();
  await world.change(ana, readersAtHome, "in");
  await world.wait(2 * hourMs);
});

const leave = async (subject: string, tenant: typeof source, at = world.now()) => {
  const result = crypto.randomUUID();
  await receiveCall(workflowCall({ subject, at, result }), tenant, {
    ...world.state,
    send: world.ports.send,
    patienceMs: 30 * minuteMs,
    now: world.now,
  });
  await world.wait(2 * hourMs);
};
const clear = () =>
  clearDeparture.carryOut(
    { params: { analyst: ana }, query: {}, header: () => null, body: "" },
    caller,
    world.ports,
  );
const isIn = () => (world.contoso.members.get(readers.grant.group)?.size ?? 0) > 0;

test("who has left by a workflow of the source is back when an operator says so", async () => {
  await leave(ana, source);
  expect(isIn()).toBe(false);
  expect(await clear()).toMatchObject({ kind: "done", body: { analyst: ana } });
  await world.wait(2 * hourMs);
  expect(isIn()).toBe(true);
});

test("so is who has left one target, whose workflow may not say so again by an older call", async () => {
  const account = (await world.pairOf(contosoTenant, ana))?.account?.accountId ?? "";
  const before = world.now();
  await leave(account, contosoTenant);
  expect(isIn()).toBe(false);
  await clear();
  await world.wait(2 * hourMs);
  expect(isIn()).toBe(true);
  await leave(account, contosoTenant, before + 1);
  expect(isIn()).toBe(true);
});

test("a workflow that has spoken since then is named, and counts", async () => {
  await leave(ana, source, world.now() + hourMs * 5);
  expect(await clear()).toMatchObject({
    kind: "refused",
    status: 409,
    detail: expect.stringContaining("SOC leavers"),
  });
  await world.wait(hourMs);
  expect(isIn()).toBe(false);
});

test("saying it of somebody who has not left changes nothing", async () => {
  const writes = world.contoso.writes.length;
  expect(await clear()).toMatchObject({ kind: "done" });
  expect(await clear()).toMatchObject({ kind: "done" });
  await world.wait(hourMs);
  expect(isIn()).toBe(true);
  expect(world.contoso.writes).toHaveLength(writes);
});
