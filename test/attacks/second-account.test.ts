import { expect, test } from "vitest";
import { graphFailure } from "../support/graph-failure.ts";
import { smallPolicy } from "../support/small-policy.ts";
import { smallWorld, type SmallWorld } from "../support/small-world.ts";
import { ana, dayMs, hourMs, minuteMs, readers, readersAtHome } from "../support/fixtures.ts";
import { withCatchUp } from "../support/with-catch-up.ts";

async function reader(deleteAfterMs: number) {
  const world = smallWorld();
  world.setPolicy(smallPolicy({ leavers: { deleteAfterMs } }));
  const pass = withCatchUp(world);
  await world.change(ana, readersAtHome, "in");
  await pass(30 * minuteMs);
  return { world, pass };
}

/** Ana has two accounts with her stamp, both made while she was in scope, and Muster has had the time to see both. */
async function readerWithTwoAccounts(deleteAfterMs: number) {
  const { world, pass } = await reader(deleteAfterMs);
  const second = world.contoso.create(ana);
  await pass(30 * minuteMs);
  return { world, pass, second };
}

test("on-demand provisioning made a second account beside the first: who leaves is out of both", async () => {
  const { world, pass } = await reader(0);
  world.contoso.create(ana);
  await world.change(ana, readersAtHome, "out");
  await pass(2 * hourMs);
  expect([...world.contoso.accounts.values()]).toMatchObject([{ state: "recycled" }, { state: "recycled" }]);
  expect(world.contoso.members.get(readers.grant.group)?.size).toBe(0);
  expect(world.entries.at(-1)).toMatchObject({ kind: "proof", plan: { purpose: "leave" } });
});

test("accounts are deleted after thirty days: both are blocked at once", async () => {
  const { world, pass } = await reader(30 * dayMs);
  world.contoso.create(ana);
  await world.change(ana, readersAtHome, "out");
  await pass(hourMs);
  expect([...world.contoso.accounts.values()]).toMatchObject([{ enabled: false }, { enabled: false }]);
});

test("the second one was there before Muster: people are told, and nothing is proven while it is enabled", async () => {
  const { world, pass } = await reader(0);
  const theirs = world.contoso.create(ana, { createdAt: 0 });
  await world.change(ana, readersAtHome, "out");
  await pass(2 * hourMs);
  expect(world.contoso.accounts.get(theirs)).toMatchObject({ state: "live", enabled: true });
  expect(world.parked.map(({ reason }) => reason)).toEqual([expect.stringContaining(theirs)]);
  expect(world.leaveProofs()).toEqual([]);
  world.contoso.accounts.delete(theirs);
  await pass(2 * hourMs);
  expect(world.leaveProofs()).toHaveLength(1);
});

/** Graph refuses this of the first account, for ever. */
const refused = (world: SmallWorld, call: string, template: string, method: string) => {
  let isFirst = true;
  world.contoso.always(call, async (go) => {
    // Of two that are asked for together, the first account's comes first.
    isFirst = !isFirst;
    if (isFirst && call === "block" && world.contoso.accounts.size > 1) return go();
    throw graphFailure(403, { method, template });
  });
};

test.each([
  [
    "one of her groups has become a dynamic one",
    (world: SmallWorld) => void world.contoso.kinds.set(readers.grant.group, "dynamic"),
  ],
  [
    "blocking the first is refused: it holds a role",
    (world: SmallWorld) => refused(world, "block", "/users/{id}", "PATCH"),
  ],
  [
    "taking the grant of the first is refused",
    (world: SmallWorld) => refused(world, "revoke", "/groups/{id}/members/{id}/$ref", "DELETE"),
  ],
])("who leaves has two accounts, and %s: the second one is blocked all the same", async (_, trouble) => {
  const { world, pass, second } = await readerWithTwoAccounts(30 * dayMs);
  trouble(world);
  await world.change(ana, readersAtHome, "out");
  await pass(24 * hourMs);
  expect(world.contoso.accounts.get(second)?.enabled).toBe(false);
});

test("what Graph refuses for ever is tried again every ten minutes, and people are told once", async () => {
  const { world, pass } = await readerWithTwoAccounts(0);
  let tries = 0;
  world.contoso.always("block", async () => {
    tries += 1;
    throw graphFailure(403, { method: "PATCH", template: "/users/{id}" });
  });
  world.contoso.always("delete", async () => {
    throw graphFailure(403, { method: "DELETE", template: "/users/{id}" });
  });
  await world.change(ana, readersAtHome, "out");
  await pass(24 * hourMs);
  // Two accounts: at once, after 5 minutes, and every ten. Somebody who has left must not wait for an hour when it works again.
  expect(tries).toBeLessThanOrEqual(2 * (3 + 24 * 6));
  expect(world.parked.length).toBeLessThanOrEqual(2);
});

test("who left by mistake and had two accounts is back: the one she worked with works again", async () => {
  const { world, pass } = await readerWithTwoAccounts(30 * dayMs);
  await world.change(ana, readersAtHome, "out");
  await pass(hourMs);
  await world.change(ana, readersAtHome, "in");
  await pass(24 * hourMs);
  const [first] = world.contoso.accounts.values();
  expect(first).toMatchObject({ state: "live", enabled: true });
});
