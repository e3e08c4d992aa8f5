import * as fc from "fast-check";
import { beforeEach, describe, expect, test } from "vitest";
import { readWorkflowCall } from "../../shared/graph/workflow-call.ts";
import { receiveCall } from "../../shared/reconcile/workflows/receive-call.ts";
import { tenantIdSchema } from "../../shared/model/ids.ts";
import { eventAbout, smallWorld, type SmallWorld } from "../support/small-world.ts";
import { smallPolicy } from "../support/small-policy.ts";
import { graphFailure } from "../support/graph-failure.ts";
import { workflowCall, workflowPath } from "../support/workflow-call.ts";
import {
  ana,
  contosoTenant,
  fabrikamTenant,
  hourMs,
  minuteMs,
  readers,
  readersAtHome,
  respondersAtHome,
} from "../support/fixtures.ts";

const source = smallPolicy().source.tenantId;
const patienceMs = 30 * minuteMs;

/** Ana is a reader in Contoso, and the world has come to rest. */
let world: SmallWorld;
beforeEach(async () => {
  world = smallWorld();
  await world.change(ana, readersAtHome, "in");
  await world.wait(2 * hourMs);
  world.entries.length = 0;
});

type Call = Parameters<typeof workflowCall>[0];
const receive = (call: Call = {}, tenant = source) =>
  receiveCall(workflowCall({ at: world.now(), ...call }), tenant, {
    ...world.state,
    send: world.ports.send,
    patienceMs,
    now: world.now,
  });
const isIn = () => (world.contoso.members.get(readers.grant.group)?.size ?? 0) > 0;
const openFindings = async () =>
  Object.fromEntries(
    (await world.state.findings.all()).flatMap(({ kind, found, over }) =>
      over === null ? [[kind, found]] : [],
    ),
  );
const second = "7a7a7a7a-0000-4000-8000-000000000002";

describe("a leaver's workflow of the source", () => {
  test("has them out although they are enabled and in the role group, and hears that it is proven", async () => {
    expect(await receive()).toMatchObject({ kind: "accepted" });
    await world.wait(10_000);
    expect(isIn()).toBe(false);
    expect(await world.recordOf(ana)).toMatchObject({ leaving: "departed" });
    await world.wait(patienceMs);
    expect(world.resumed).toEqual([{ tenant: source, path: workflowPath(), status: "completed" }]);
    expect(world.leaveProofs()).not.toEqual([]);
  });

  test("is not undone by whatever else happens to them: neither their group nor time brings them back", async () => {
    await receive();
    await world.wait(hourMs);
    await world.change(ana, respondersAtHome, "in");
    await world.wait(2 * hourMs);
    expect(isIn()).toBe(false);
    expect(await world.recordOf(ana)).toMatchObject({ leaving: "departed", roles: [] });
  });

  test("is on record before the answer: who hears of her next acts on it", async () => {
    await receive();
    world.sent.length = 0;
    await world.deliver(eventAbout(ana, world.now()));
    await world.wait(10_000);
    expect(isIn()).toBe(false);
  });

  test("repeated ten times is one call", async () => {
    for (let times = 0; times < 10; times += 1) expect(await receive()).toMatchObject({ kind: "accepted" });
    await world.wait(patienceMs);
    expect(world.resumed).toHaveLength(1);
  });

  test("of somebody who is no analyst is completed, and keeps them from becoming one", async () => {
    const ben = world.userOf(ana);
    const id = "0b0b0b0b-0000-4000-8000-000000000001" as typeof ben.id;
    world.addUser(id);
    await receive({ subject: id });
    await world.wait(2 * minuteMs);
    expect(world.resumed).toMatchObject([{ status: "completed" }]);
    await world.change(id, readersAtHome, "in");
    await world.wait(hourMs);
    expect(await world.recordOf(id)).toBeNull();
  });

  test("says failed before the workflow stops waiting when it cannot be proven, and people hear why", async () => {
    world.contoso.always("readAccount", () => Promise.reject(graphFailure(403)));
    await receive();
    await world.wait(patienceMs - 2 * minuteMs);
    expect(world.resumed).toEqual([]);
    await world.wait(2 * minuteMs);
    expect(world.resumed).toMatchObject([{ status: "failed" }]);
    expect(await openFindings()).toMatchObject({ "workflow-failed": expect.stringContaining("contoso") });
    world.contoso.always("readAccount", (call) => call());
    await world.wait(3 * hourMs);
    expect(await openFindings()).toEqual({});
  });
});

describe("a joiner's workflow of the source", () => {
  test("brings back whom the leaver's took out", async () => {
    await receive();
    await world.wait(hourMs);
    await receive({ category: "joiner", result: second });
    await world.wait(hourMs);
    expect(isIn()).toBe(true);
    expect(world.resumed).toMatchObject([{ status: "completed" }, { status: "completed" }]);
  });

  test("that began before the leaver's does not, in whatever order they arrive", async () => {
    const at = world.now() - 60_000;
    await receive();
    await receive({ category: "joiner", result: second, at });
    await world.wait(hourMs);
    expect(isIn()).toBe(false);
    expect(world.resumed.map(({ status }) => status).toSorted()).toEqual(["completed", "failed"]);
  });

  test("of somebody without a role says completed: there is nothing to give", async () => {
    const id = "0b0b0b0b-0000-4000-8000-000000000002" as typeof ana;
    world.addUser(id);
    await receive({ category: "joiner", subject: id });
    await world.wait(5 * minuteMs);
    expect(world.resumed).toMatchObject([{ status: "completed" }]);
  });
});

test("a mover's workflow has them looked at, and says nothing of whether they are there", async () => {
  world.source.members.get(readersAtHome)?.delete(ana);
  world.source.members.get(respondersAtHome)?.add(ana);
  await receive({ category: "mover" });
  await world.wait(hourMs);
  expect(isIn()).toBe(false);
  expect(await world.recordOf(ana)).toMatchObject({ leaving: null });
  expect(world.resumed).toMatchObject([{ status: "completed" }]);
});

describe("a workflow of a target", () => {
  const accountOf = async () => (await world.pairOf(contosoTenant, ana))?.account?.accountId ?? "";

  test("takes out of that target whose account is proven to be theirs, and brings them back", async () => {
    const subject = await accountOf();
    await receive({ subject }, contosoTenant);
    await world.wait(hourMs);
    expect(isIn()).toBe(false);
    expect(await world.recordOf(ana)).toMatchObject({ leaving: null });
    expect(world.resumed).toMatchObject([{ tenant: contosoTenant, status: "completed" }]);
    await receive({ category: "joiner", result: second, subject }, contosoTenant);
    await world.wait(2 * hourMs);
    expect(isIn()).toBe(true);
  });

  test("is overruled by a later one of the source: the target cannot speak of an account that is deleted", async () => {
    await receive({ subject: await accountOf() }, contosoTenant);
    await world.wait(2 * hourMs);
    expect((await world.pairOf(contosoTenant, ana))?.account).toMatchObject({ deleted: "confirmed" });
    await receive({ category: "joiner", result: second, at: world.now() - 3 * hourMs });
    await world.wait(2 * hourMs);
    expect(isIn()).toBe(false);
    const third = "7a7a7a7a-0000-4000-8000-000000000003";
    await receive({ category: "joiner", result: third });
    await world.wait(2 * hourMs);
    expect(isIn()).toBe(true);
  });

  test("about an account that is nobody's of Muster's is completed, and nobody is looked at", async () => {
    const looks = world.entries.length;
    await receive({ subject: ana }, contosoTenant);
    await world.wait(5 * minuteMs);
    expect(isIn()).toBe(true);
    expect(world.entries).toHaveLength(looks);
    expect(world.resumed).toMatchObject([{ status: "completed" }]);
  });

  test("says nothing about the same id in another tenant", async () => {
    await receive({ subject: await accountOf() }, fabrikamTenant);
    await world.wait(hourMs);
    expect(isIn()).toBe(true);
  });
});

test("is forgotten a month after the workflow has stopped waiting, and what it said is not", async () => {
  await receive();
  await world.wait(hourMs);
  await world.state.calls.forget(world.now() - 31 * minuteMs);
  expect(world.tables.calls.size()).toBe(1);
  await world.state.calls.forget(world.now());
  expect(world.tables.calls.size()).toBe(0);
  expect(world.tables.departures.size()).toBe(1);
});

describe("a call that is none", () => {
  const receiveText = (text: string) =>
    receiveCall(text, tenantIdSchema.parse(source), {
      ...world.state,
      send: world.ports.send,
      patienceMs,
      now: world.now,
    });

  test.each([
    ["no JSON", "{"],
    ["an array", "[]"],
    ["null", "null"],
    ["no category", workflowCall().replace('"category":"leaver",', "")],
    ["another category", workflowCall({ category: "purge" })],
    ["a subject that is no id", workflowCall({ subject: "ana" })],
    ["a callback to another host", workflowCall({ path: `https://evil.example${workflowPath()}` })],
    ["a callback to another call of Graph", workflowCall({ path: "/users/0/revokeSignInSessions" })],
    ["a callback that climbs", workflowCall({ path: `/users/..${workflowPath()}` })],
    ["a callback with a query", workflowCall({ path: `${workflowPath()}?$select=id` })],
    ["a callback of another task's result", workflowCall({ path: workflowPath(second) })],
  ])("is refused, and leaves no trace: %s", async (_, text) => {
    expect(await receiveText(text)).toMatchObject({ kind: "invalid" });
    expect(world.sent).toEqual([]);
    expect(world.tables.departures.size() + world.tables.calls.size()).toBe(0);
  });
});

describe("a call that cannot be kept", () => {
  test.each(["departures", "calls"] as const)(
    "is not accepted: the table of %s does not answer",
    async (name) => {
      world.tables[name].fail("write");
      expect(await receive()).toMatchObject({ kind: "unavailable" });
      expect(await receive()).toMatchObject({ kind: "accepted" });
    },
  );
});

describe("whatever is sent", () => {
  const bodies = fc.oneof(
    fc.string(),
    fc.json(),
    fc.jsonValue().map((value) => JSON.stringify({ category: "leaver", data: value })),
    // One that is sound but for one character.
    fc.tuple(fc.nat(), fc.string({ minLength: 1, maxLength: 1 })).map(([at, other]) => {
      const sound = workflowCall();
      const index = at % sound.length;
      return `${sound.slice(0, index)}${other}${sound.slice(index + 1)}`;
    }),
  );

  const taskPath =
    /^\/identityGovernance\/lifecycleWorkflows\/workflows\/[\da-f-]+\/tasks\/[\da-f-]+\/taskProcessingResults\/([\da-f-]+)\/resume$/i;

  test("is read as a call of somebody's task or refused, and never throws", () => {
    fc.assert(
      fc.property(bodies, (text) => {
        const read = readWorkflowCall(text);
        if (read.kind === "invalid") return read.problem.length > 0;
        const { id, at, callbackPath } = read.call;
        const [, result] = taskPath.exec(callbackPath) ?? [];
        return Number.isFinite(at) && result?.toLowerCase() === id;
      }),
      { numRuns: 2_000 },
    );
  });
});
