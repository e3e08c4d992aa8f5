import { beforeEach, expect, test } from "vitest";
import { receiveCall } from "../../shared/reconcile/workflows/receive-call.ts";
import { smallPolicy } from "../support/small-policy.ts";
import { smallWorld, type SmallWorld } from "../support/small-world.ts";
import { withCatchUp } from "../support/with-catch-up.ts";
import { workflowCall } from "../support/workflow-call.ts";
import { ana, contosoTenant, dayMs, hourMs, minuteMs, readers, readersAtHome } from "../support/fixtures.ts";

/**
 * What a workflow says of a leaver is on record before its key is on the queue. When the key gets lost after that (Service Bus does not
 * have it and the relay gives up; the message or a reminder dies with its host), nobody ever looks at the record again: a catch-up calls
 * analysts, role groups and pairs, and asks neither `Departures` nor `WorkflowCalls`. What a workflow of a target said is put on the
 * pair's row by the lost message alone, so the leaver stays in that target for good; who left by the source's is in until the look of the day.
 */
const source = smallPolicy().source.tenantId;

let world: SmallWorld;
let pass: (ms: number) => Promise<void>;
beforeEach(async () => {
  world = smallWorld();
  pass = withCatchUp(world);
  await world.change(ana, readersAtHome, "in");
  await pass(3 * hourMs);
});

const isIn = () => (world.contoso.members.get(readers.grant.group)?.size ?? 0) > 0;
const say = (subject: string, tenant: typeof source) =>
  receiveCall(workflowCall({ subject, at: world.now() }), tenant, {
    ...world.state,
    send: world.ports.send,
    patienceMs: 30 * minuteMs,
    now: world.now,
  });

test("a leaver's workflow of a target was accepted, and its message is lost: she is out within two days", async () => {
  const account = (await world.pairOf(contosoTenant, ana))?.account?.accountId ?? "";
  expect(await say(account, contosoTenant)).toMatchObject({ kind: "accepted" });
  world.sent.length = 0;
  await pass(2 * dayMs);
  expect(isIn()).toBe(false);
}, 60_000);

test("a leaver's workflow of a target was accepted, and the reminder after a failed run is lost: she is out within two days", async () => {
  const account = (await world.pairOf(contosoTenant, ana))?.account?.accountId ?? "";
  expect(await say(account, contosoTenant)).toMatchObject({ kind: "accepted" });
  world.tables.pairs.fail("list");
  await world.wait(0);
  world.forgetScheduled();
  await pass(2 * dayMs);
  expect(isIn()).toBe(false);
}, 60_000);

test("a leaver's workflow of the source was accepted, and its message is lost: she is out within the hour", async () => {
  expect(await say(ana, source)).toMatchObject({ kind: "accepted" });
  world.sent.length = 0;
  await pass(hourMs);
  expect(isIn()).toBe(false);
}, 60_000);

test("what a leaver's workflow of a target said is on the pair's row, and the message to the pair is lost: she is out within two days", async () => {
  const account = (await world.pairOf(contosoTenant, ana))?.account?.accountId ?? "";
  expect(await say(account, contosoTenant)).toMatchObject({ kind: "accepted" });
  const [call] = world.sent.splice(0);
  if (call === undefined) throw new Error("nobody was called");
  await world.deliver(call);
  expect(world.sent.map(({ key }) => key.kind)).toEqual(["access"]);
  expect((await world.pairOf(contosoTenant, ana))?.departed).not.toBeNull();
  world.sent.length = 0;
  await pass(2 * dayMs);
  expect(isIn()).toBe(false);
}, 60_000);
