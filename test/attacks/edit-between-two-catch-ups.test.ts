import { expect, test } from "vitest";
import { catchUpIfDue, wishCatchUp } from "../../shared/reconcile/events/catch-up.ts";
import type { Policy } from "../../shared/policy/policy.ts";
import { inGroup, smallPolicy, withGrants } from "../support/small-policy.ts";
import { eventAbout, smallWorld } from "../support/small-world.ts";
import { catchUpPorts } from "../support/with-catch-up.ts";
import { ana, hourMs, hunters, minuteMs, reader, readers, readersAtHome } from "../support/fixtures.ts";

/**
 * Like the product's: a policy that comes into force asks for a catch-up, which comes with a timer of five minutes. An edit and its
 * taking back both fall between two of them. What was called for before the edit and after it is the same policy.
 */
async function anaAfterACatchUp() {
  const world = smallWorld();
  const ports = catchUpPorts(world);
  const pass = async (ms: number) => {
    const end = world.now() + ms;
    while (world.now() < end) {
      await catchUpIfDue(ports);
      await world.until(Math.min(end, world.now() + 5 * minuteMs));
    }
  };
  const edit = async (policy: Policy) => {
    world.setPolicy(policy);
    await wishCatchUp("new policy", ports);
  };
  await world.change(ana, readersAtHome, "in");
  await pass(2 * hourMs);
  while ((await catchUpIfDue(ports)) === null) await world.wait(5 * minuteMs);
  await world.wait(minuteMs);
  return { ...world, ports, pass, edit };
}

const isIn = (world: Awaited<ReturnType<typeof anaAfterACatchUp>>, { grant }: typeof readers) =>
  (world.contoso.members.get(grant.group)?.size ?? 0) > 0;

/** Something about Ana was announced, so that the last look for it, and what follows it in Contoso, fall into the four minutes in which the edit is in force. */
async function lookedAtUnder(policy: Policy) {
  const world = await anaAfterACatchUp();
  await world.deliver(eventAbout(ana, world.now()));
  await world.wait(4.5 * minuteMs);
  await world.edit(policy);
  await world.wait(3.75 * minuteMs);
  return world;
}

test("an edit takes from readers what they have and is taken back within four minutes, before the catch-up that it asked for: whoever lost it by then has it again within the hour", async () => {
  const world = await lookedAtUnder(withGrants(reader, () => [inGroup(hunters.grant.group)]));
  expect(isIn(world, readers)).toBe(false);
  await world.edit(smallPolicy());
  await world.wait(0.75 * minuteMs);
  await world.pass(hourMs);
  expect(isIn(world, readers)).toBe(true);
});

test("an edit gives readers more than they are to have and is taken back within four minutes, before the catch-up that it asked for: whoever was given it by then has lost it again within the hour", async () => {
  const world = await lookedAtUnder(withGrants(reader, (given) => [...given, inGroup(hunters.grant.group)]));
  expect(isIn(world, hunters)).toBe(true);
  await world.edit(smallPolicy());
  await world.wait(0.75 * minuteMs);
  await world.pass(hourMs);
  expect(isIn(world, hunters)).toBe(false);
});

test("the catch-up that calls everybody for an edit dies with its host when it has called them, and the edit is taken back before the next one: whoever lost something by then has it again within the hour", async () => {
  const world = await anaAfterACatchUp();
  await world.edit(withGrants(reader, () => [inGroup(hunters.grant.group)]));
  await world.wait(4 * minuteMs);
  const { mark } = world.ports;
  const write: typeof mark.write = async (value, etag) => {
    if (value.done === "yes") throw new Error("the host died");
    return mark.write(value, etag);
  };
  await expect(catchUpIfDue({ ...world.ports, mark: { ...mark, write } })).rejects.toThrow("died");
  await world.wait(4 * minuteMs);
  expect(isIn(world, readers)).toBe(false);
  await world.edit(smallPolicy());
  await world.wait(minuteMs);
  await world.pass(hourMs);
  expect(isIn(world, readers)).toBe(true);
});
