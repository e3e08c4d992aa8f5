import { afterEach, beforeAll, expect, test } from "vitest";
import type { FaultInput } from "../../lab/graph/faults/fault-schema.ts";
import { graphFailure } from "../support/graph-failure.ts";
import { openScene, type Scene } from "../support/lab.ts";
import { eventAbout, smallWorld } from "../support/small-world.ts";
import { PolicyUnusable } from "../../shared/reconcile/run/policy-in-force.ts";
import { ana, minuteMs, readersAtHome } from "../support/fixtures.ts";

/** Each queue has a process of its own, as in Flex Consumption: one that is throttled does not keep the others from asking. */
let scene: Scene;
beforeAll(async () => {
  scene = await openScene({ targets: 1, processes: "split", weather: "calm" });
}, 120_000);
afterEach(async () => {
  scene.lab.graph.faults.clear();
  await scene.pass(10 * minuteMs);
});

/** Reads of a user in the source come to nothing, the rest works. */
const troubles: readonly (readonly [string, () => FaultInput])[] = [
  [
    "lack a permission",
    () => ({
      kind: "missingPermission",
      permission: "User.Read.All",
      tenant: scene.lab.world.source.tenantId,
    }),
  ],
  [
    "are throttled",
    () => ({
      kind: "throttle",
      retryAfterSeconds: 240,
      match: { tenant: scene.lab.world.source.tenantId, path: String.raw`^/users/[^/]+\?` },
    }),
  ],
];

test.each(troubles)(
  "she is disabled while she is being let in, and reads of users %s: nobody is told that her access is as it should be",
  async (name, fault) => {
    const { tenantId } = scene.lab.world.targets["contoso"] ?? { tenantId: "" };
    const path = String.raw`/groups/[^/]+/members/\$ref`;
    const stumble = scene.lab.graph.faults.add({
      kind: "error",
      status: 503,
      match: { tenant: tenantId, path },
    });
    const person = await scene.hire(`Pia who ${name}`);
    await scene.join(person, "SOC Readers");
    await scene.pass(20_000);
    expect(await scene.accessIn(person, "contoso")).toEqual({ account: "enabled", groups: [] });
    scene.lab.graph.faults.remove(stumble);
    scene.lab.graph.faults.add(fault());
    const disabledAt = scene.lab.clock.now();
    await scene.disable(person);
    await scene.pass(15_000);
    const heardBy = scene.lab.clock.now();
    await scene.pass(255_000);
    const said = (await scene.entries(person)).filter(
      ({ kind, plan, at }) =>
        kind === "proof" && plan.purpose === "join" && at > heardBy && at < disabledAt + 5 * minuteMs,
    );
    expect(
      said.map(
        ({ at }) => `proof of access ${Math.round((at - disabledAt) / 1_000)} s after she was disabled`,
      ),
    ).toEqual([]);
  },
  120_000,
);

test.each([
  ["is throttled", () => graphFailure(429, { retryAfterMs: 180_000 })],
  ["is refused, and hers is the key that tries for all", () => graphFailure(403)],
  ["is taken by a host with an older policy", () => new PolicyUnusable("behind", "a newer one is in force")],
  ["gets no answer", () => graphFailure(503)],
])(
  "the look at her, who was disabled a moment ago, %s: there is no proof of access before the next",
  async (_how, failure) => {
    const world = smallWorld();
    let isAssigned = false;
    const { provisionOnDemand } = world.provisioner;
    Object.assign(world.provisioner, {
      provisionOnDemand: async (...question: Parameters<typeof provisionOnDemand>) => {
        if (!isAssigned) world.provisioner.next(() => ({ kind: "not-in-scope", detail: "not assigned" }));
        return provisionOnDemand(...question);
      },
    });
    await world.change(ana, readersAtHome, "in");
    await world.wait(40_000);
    isAssigned = true;
    const from = world.now();
    world.source.always("readUser", async (go) => {
      if (world.now() < from + 3 * minuteMs) throw failure();
      return go();
    });
    world.source.users.set(ana, { ...world.userOf(ana), enabled: false });
    await world.deliver(eventAbout(ana, from));
    await world.wait(3 * minuteMs);
    const proofs = world.entries.filter(
      ({ kind, at, plan }) => kind === "proof" && plan.purpose === "join" && at >= from,
    );
    expect(proofs.map(({ at }) => `proof of access after ${(at - from) / 1_000} s`)).toEqual([]);
  },
);

test("the look at her, who was disabled a moment ago, gets no answer: the journal does not call her access done meanwhile", async () => {
  const world = smallWorld();
  for (let tries = 0; tries < 2; tries += 1)
    world.contoso.next("grant", async () => {
      throw graphFailure(503);
    });
  await world.change(ana, readersAtHome, "in");
  await world.wait(500);
  const from = world.now();
  world.source.always("readUser", async (go) => {
    if (world.now() < from + 2 * minuteMs) throw graphFailure(503);
    return go();
  });
  world.source.users.set(ana, { ...world.userOf(ana), enabled: false });
  await world.deliver(eventAbout(ana, from));
  await world.wait(2 * minuteMs);
  const done = world.entries.filter(
    ({ target, outcome, at }) => target !== null && outcome === "done" && at > from,
  );
  expect(
    done.map(({ kind, plan, at }) => `${kind} to ${plan.purpose}: done after ${(at - from) / 1_000} s`),
  ).toEqual([]);
});
