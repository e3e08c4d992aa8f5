import { expect, test } from "vitest";
import { smallPolicy } from "../support/small-policy.ts";
import { smallWorld } from "../support/small-world.ts";
import { withCatchUp } from "../support/with-catch-up.ts";
import { ana, dayMs, hourMs, minuteMs, readersAtHome } from "../support/fixtures.ts";

test.each([0, 30 * dayMs])(
  "she has two accounts, and the replica that is asked for the younger one by its id has not heard of it for three hours, while the job is in quarantine: it goes as well (deleteAfter %i)",
  async (deleteAfterMs) => {
    const world = smallWorld();
    world.setPolicy(smallPolicy({ leavers: { deleteAfterMs } }));
    const pass = withCatchUp(world);
    await world.change(ana, readersAtHome, "in");
    await pass(dayMs);
    const second = world.contoso.create(ana);
    await pass(10 * minuteMs);
    const until = world.now() + 3 * hourMs;
    const { readAccount } = world.contoso.reader;
    Object.assign(world.contoso.reader, {
      readAccount: async (question: Parameters<typeof readAccount>[0]) =>
        question.id === second && world.now() < until ? { kind: "none" } : readAccount(question),
    });
    // Otherwise sync deletes the one of them that it knows.
    world.provisioner.quarantine = "TooManyDeletes";
    await world.change(ana, readersAtHome, "out");
    await pass(2 * dayMs);
    const isIn =
      world.contoso.accounts.get(second)?.state === "live" && world.contoso.accounts.get(second)?.enabled;
    expect({ isIn, saidToBeOut: world.leaveProofs().length > 0 }).toEqual({ isIn: false, saidToBeOut: true });
  },
);

test("blocked for ten minutes, back, and gone again: a replica of the target that shows the account as it was then, for an hour, does not keep it from being blocked, and the job is in quarantine", async () => {
  const world = smallWorld();
  world.setPolicy(smallPolicy({ leavers: { deleteAfterMs: 30 * dayMs } }));
  const pass = withCatchUp(world);
  await world.change(ana, readersAtHome, "in");
  await pass(hourMs);
  await world.change(ana, readersAtHome, "out");
  await pass(10 * minuteMs);
  const [then] = world.contoso.accounts.values();
  if (then === undefined) throw new Error("no account");
  expect(then.enabled).toBe(false);
  await world.change(ana, readersAtHome, "in");
  await pass(10 * minuteMs);
  expect(world.contoso.accounts.get(then.id)?.enabled).toBe(true);
  const until = world.now() + hourMs;
  world.contoso.always("readAccount", async (go) =>
    world.now() < until ? { kind: "present", account: then } : go(),
  );
  world.provisioner.quarantine = "TooManyDeletes";
  await world.change(ana, readersAtHome, "out");
  await pass(dayMs);
  expect({
    enabled: world.contoso.accounts.get(then.id)?.enabled,
    saidToBeOut: world.leaveProofs().length > 0,
  }).toEqual({ enabled: false, saidToBeOut: true });
});
