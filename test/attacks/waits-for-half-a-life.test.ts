import { expect, test } from "vitest";
import { ana, contosoTenant, dayMs, hourMs, minuteMs, readersAtHome } from "../support/fixtures.ts";
import { eventAbout, smallWorld } from "../support/small-world.ts";
import { withCatchUp } from "../support/with-catch-up.ts";

/** Ana leaves after two months, which a catch-up finds; an event about her comes in the round that would prove her out of Contoso. */
async function leaverWithLateEvent() {
  const world = smallWorld();
  const pass = withCatchUp(world, "seldom");
  await world.change(ana, readersAtHome, "in");
  await pass(60 * dayMs);
  world.source.members.get(readersAtHome)?.delete(ana);
  let goOn = (): void => undefined;
  const late = new Promise<void>((resolve) => (goOn = resolve));
  let heard: Promise<void> = Promise.resolve();
  // The round after the account is deleted is the one that would prove it.
  world.contoso.next("delete", async (call) => {
    world.contoso.next("readAccount", async (read) => {
      world.source.next("readUser", async (look) => {
        await late;
        return look();
      });
      heard = world.deliver(eventAbout(ana, world.now()));
      await new Promise((resolve) => setImmediate(resolve));
      return read();
    });
    return call();
  });
  await world.deliver({ ...eventAbout(ana, world.now()), cause: "catch-up: time", occasion: "check" });
  await world.until(world.now());
  goOn();
  await heard;
  return { world, pass };
}

// A catch-up finds that Ana has left, because Graph's notification is late; it comes while she is being taken out of Contoso, or the
// one about her new stamps does. Her last event before that was two months ago, and half of that is when she is looked at again.
test("an event comes while a leaver is taken out whom a catch-up has found: proven within the hour", async () => {
  const { world, pass } = await leaverWithLateEvent();
  await pass(hourMs);
  expect(world.leaveProofs().map(({ tenant }) => tenant)).toContain(contosoTenant);
});

// A cycle of sync that began before she left restores the account after that; the look 45 minutes later is there to find it.
test("and when sync brings the account back: it goes within a day", async () => {
  const { world, pass } = await leaverWithLateEvent();
  await world.wait(20 * minuteMs);
  const [[id, account] = expect.fail()] = [...world.contoso.accounts];
  world.contoso.accounts.set(id, { ...account, state: "live", enabled: true });
  await pass(dayMs);
  expect([...world.contoso.accounts.values()].map(({ state }) => state)).toEqual(["recycled"]);
});
