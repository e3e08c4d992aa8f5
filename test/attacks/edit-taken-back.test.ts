import { expect, test } from "vitest";
import type { Policy } from "../../shared/policy/policy.ts";
import { roleNameSchema } from "../../shared/model/ids.ts";
import { inGroup, smallPolicy, withGrants, withRolesCalled } from "../support/small-policy.ts";
import { smallWorld, type SmallWorld } from "../support/small-world.ts";
import { withCatchUp } from "../support/with-catch-up.ts";
import { graphFailure } from "../support/graph-failure.ts";
import {
  ana,
  contoso,
  dayMs,
  hourMs,
  hunters,
  minuteMs,
  reader,
  readers,
  readersAtHome,
  responders,
  respondersAtHome,
} from "../support/fixtures.ts";

/**
 * An edit is in force for less than three minutes. The catch-up that it asks for comes with a timer of five minutes, so nobody has been
 * looked at in the source; but a pair has been, because it was due. Then the edit is taken back.
 */

/** Ana's account is seen some minutes after she joined, so her target is due for a second look when her own looks are over. */
async function anaAboutToBeLookedAtInContoso() {
  const world = smallWorld();
  const pass = withCatchUp(world);
  for (let tries = 0; tries < 5; tries += 1)
    world.provisioner.next(() => ({ kind: "not-in-scope", detail: "the user is not assigned" }));
  await world.change(ana, readersAtHome, "in");
  while (!isIn(world, readers)) await world.wait(5_000);
  await world.wait(140_000);
  return { ...world, pass };
}

const isIn = ({ contoso: { members } }: Pick<SmallWorld, "contoso">, { grant }: typeof readers) =>
  (members.get(grant.group)?.size ?? 0) > 0;

/** What readers are given in Contoso. */
function readersGet(...groups: readonly (typeof readers)[]): Policy {
  return withGrants(reader, () => groups.map((one) => inGroup(one.grant.group)));
}

/** Long enough for what was written to be looked at once more, and shorter than the catch-up's timer. */
const inForceMs = 165_000;

test("an edit gives readers another group by mistake and is taken back within three minutes: a day later nobody is in that group", async () => {
  const world = await anaAboutToBeLookedAtInContoso();
  world.setPolicy(readersGet(readers, hunters));
  await world.wait(inForceMs);
  world.setPolicy(smallPolicy());
  await world.pass(dayMs);
  expect(isIn(world, hunters)).toBe(false);
});

test("an edit takes a group from readers by mistake and is taken back within three minutes: a day later they have it again", async () => {
  const world = await anaAboutToBeLookedAtInContoso();
  world.setPolicy(readersGet(hunters));
  await world.wait(inForceMs);
  world.setPolicy(smallPolicy());
  await world.pass(dayMs);
  expect(isIn(world, readers)).toBe(true);
});

test("the same: the last proof says what the policy gives", async () => {
  const world = await anaAboutToBeLookedAtInContoso();
  world.setPolicy(readersGet(hunters));
  await world.wait(inForceMs);
  world.setPolicy(smallPolicy());
  await world.pass(dayMs);
  const proof = world.entries.findLast(({ kind }) => kind === "proof");
  expect(proof?.evidence["grants"]).toContainEqual({ kind: "group", name: "group 01", seen: "present" });
});

/** What Muster does in Contoso. */
function inMode(mode: "observe" | "add-only"): Policy {
  const policy = smallPolicy();
  return {
    ...policy,
    targets: policy.targets.map((target) => (target.name === contoso ? { ...target, mode } : target)),
  };
}

test("Ana's account is awaited, as it is for minutes in Azure; an edit only observes her target for two minutes: a day later she is in", async () => {
  const world = smallWorld();
  const pass = withCatchUp(world);
  for (let tries = 0; tries < 9; tries += 1)
    world.provisioner.next(() => ({ kind: "not-in-scope", detail: "the user is not assigned" }));
  await world.change(ana, readersAtHome, "in");
  await world.wait(6 * minuteMs);
  world.setPolicy(inMode("observe"));
  await world.wait(2 * minuteMs);
  world.setPolicy(smallPolicy());
  await pass(dayMs);
  expect(isIn(world, readers)).toBe(true);
});

test("Ana stops being a responder while her target throttles what is taken for six minutes; an edit only adds there for two minutes more: a day later she is out of the responders", async () => {
  const world = smallWorld();
  const pass = withCatchUp(world);
  await world.change(ana, readersAtHome, "in");
  await world.change(ana, respondersAtHome, "in");
  await pass(hourMs);
  expect(isIn(world, responders)).toBe(true);
  const throttledUntil = world.now() + 6 * minuteMs;
  world.contoso.always("revoke", async (call) => {
    if (world.now() < throttledUntil) throw graphFailure(429, { retryAfterMs: minuteMs });
    return call();
  });
  await world.change(ana, respondersAtHome, "out");
  await world.until(throttledUntil - 30_000);
  world.setPolicy(inMode("add-only"));
  await world.wait(2 * minuteMs);
  world.setPolicy(smallPolicy());
  await pass(dayMs);
  expect(isIn(world, responders)).toBe(false);
});

test("Ana's account is awaited; an edit gives her role another name for two minutes: a day later she is in", async () => {
  const world = smallWorld();
  const pass = withCatchUp(world);
  for (let tries = 0; tries < 9; tries += 1)
    world.provisioner.next(() => ({ kind: "not-in-scope", detail: "the user is not assigned" }));
  await world.change(ana, readersAtHome, "in");
  await world.wait(6 * minuteMs);
  world.setPolicy(withRolesCalled({ [reader]: roleNameSchema.parse("viewer") }));
  await world.wait(2 * minuteMs);
  world.setPolicy(smallPolicy());
  await pass(dayMs);
  expect(isIn(world, readers)).toBe(true);
});
