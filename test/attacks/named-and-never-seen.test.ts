import { expect, test } from "vitest";
import { accountIdSchema } from "../../shared/model/ids.ts";
import { crowdOfReaders, tenPeople } from "../support/crowd.ts";
import { graphFailure } from "../support/graph-failure.ts";
import { smallWorld } from "../support/small-world.ts";
import { withCatchUp } from "../support/with-catch-up.ts";
import { ana, dayMs, hourMs, minuteMs, readersAtHome, respondersAtHome } from "../support/fixtures.ts";

/** Eleven times in the first ten minutes, once in every cycle of sync, and as often again for replicas. */
const often = 100;
const elsewhere = accountIdSchema.parse("b0000000-0000-4000-8000-00000000ffff");

test.each(["created", "matched"] as const)(
  "the policy names the job of another tenant, which says that it has %s an account: sync is asked now and then, and people are told",
  async (origin) => {
    const world = smallWorld();
    const pass = withCatchUp(world);
    for (let tries = 0; tries < 20_000; tries += 1)
      world.provisioner.next(() => ({ kind: "provisioned", account: elsewhere, origin }));
    await world.change(ana, readersAtHome, "in");
    await pass(dayMs / 2);
    expect({ often: world.provisioner.asked.length > often, told: world.parked.length }).toEqual({
      often: false,
      told: 1,
    });
  },
);

test("her account was purged, and sync, which does not look at the target, says that it is as it should be: it is asked now and then, and people are told", async () => {
  const world = smallWorld();
  const pass = withCatchUp(world);
  await world.change(ana, readersAtHome, "in");
  await pass(hourMs);
  const [known] = world.contoso.accounts.keys();
  const account = accountIdSchema.parse(known);
  world.contoso.accounts.clear();
  const { provisionOnDemand } = world.provisioner;
  let asked = 0;
  Object.assign(world.provisioner, {
    provisionOnDemand: async (...question: Parameters<typeof provisionOnDemand>) => {
      const answer = await provisionOnDemand(...question);
      if (question[0].job !== "Azure2Azure.contoso") return answer;
      asked += 1;
      world.contoso.accounts.clear();
      return { ...answer, result: { kind: "provisioned", account, origin: "matched" } };
    },
  });
  await world.change(ana, respondersAtHome, "in");
  await pass(dayMs / 2);
  expect({ often: asked > often, told: world.parked.length }).toEqual({ often: false, told: 1 });
});

test("others use up what on-demand provisioning takes, and no cycle makes her account: sync is asked now and then, and after two cycles people are told", async () => {
  const world = smallWorld();
  const pass = withCatchUp(world);
  for (let tries = 0; tries < 20_000; tries += 1)
    world.provisioner.next(() => {
      throw graphFailure(429, { retryAfterMs: 10_000 });
    });
  await world.change(ana, readersAtHome, "in");
  await pass(dayMs / 2);
  expect({ often: world.provisioner.asked.length > often, told: world.parked.length }).toEqual({
    often: false,
    told: 1,
  });
});

test("on-demand provisioning does not answer for half an hour, and the cycle would come: ten joiners are no ten entries for people", async () => {
  const world = await crowdOfReaders([]);
  for (let tries = 0; tries < 5_000; tries += 1)
    world.provisioner.next(() => {
      throw graphFailure(0);
    });
  for (const id of tenPeople) {
    if (!world.source.users.has(id)) world.addUser(id);
    await world.change(id, readersAtHome, "in");
  }
  await world.pass(35 * minuteMs);
  expect(world.parked.length).toBeLessThanOrEqual(1);
});

test("the source refuses to take anybody into the scope group: ten joiners are one entry for people, and nobody is said to have been in scope", async () => {
  const world = await crowdOfReaders([]);
  world.source.always("joinScope", async () => {
    throw graphFailure(403, { method: "POST", template: "/groups/{id}/members/$ref" });
  });
  for (const id of tenPeople) {
    if (!world.source.users.has(id)) world.addUser(id);
    await world.change(id, readersAtHome, "in");
  }
  await world.pass(dayMs / 4);
  expect(world.parked.map(({ reason }) => reason)).toEqual([expect.stringContaining("Graph answered 403")]);
});
