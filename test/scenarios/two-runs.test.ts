import { afterEach, beforeAll, expect, test } from "vitest";
import { openScene, testManners, type Person, type Scene } from "../support/lab.ts";

/**
 * A link to Service Bus that drops frees the session while the invocation goes on: a second run over the same pair starts
 * beside the first one, which has lost its key and does not know it.
 */
let scene: Scene;
beforeAll(async () => {
  scene = await openScene({ targets: 1, weather: "calm" });
});
afterEach(() => scene.lab.graph.faults.clear());

const scope = () => scene.lab.world.source.groups["Sync to contoso"] ?? "";

async function isInScope({ id }: Person): Promise<boolean> {
  const path = `/groups/${scope()}/members?$select=id`;
  const members = await scene.admin.list(scene.lab.world.source.tenantId, path);
  return members.some((member) => member.id === id);
}

/**
 * Holds the next write of a membership in this tenant, and lets `act` happen before it goes on. The link of the run that
 * writes drops as soon as time passes.
 * @returns when `act` has ended, and a second run over the pair with it
 */
function interrupt(tenantId: string, act: () => Promise<void>): Promise<void> {
  const { graph, bus } = scene.lab;
  const ended = () => bus.stats()["access"]?.completed ?? 0;
  async function actBesideASecondRun(): Promise<void> {
    const before = ended();
    await act();
    expect(ended()).toBeGreaterThan(before);
  }
  bus.faults.dropLinks("access", "link", { times: 1, afterMs: 1_000 });
  return new Promise((resolve, reject) => {
    const end = graph.onRequest(async (request) => {
      if (request.caller !== "app" || request.phase !== "received" || request.method !== "POST") return;
      if (request.tenantId !== tenantId || !request.path.endsWith("/members/$ref")) return;
      end();
      await actBesideASecondRun().then(resolve, reject);
    });
  });
}

/** Virtual time in which the second run does all of its work while the first one is held. */
const meanwhile = async () => scene.lab.clock.advance(60_000, async () => sleepALittle());
const sleepALittle = () => new Promise<void>((resolve) => setTimeout(resolve, 300));

test("a leaver who left while a slow grant was under way is out, and stays out when the slow run ends", async () => {
  const person = await scene.hire("Ines");
  await scene.pass();
  const { tenantId } = scene.lab.world.targets["contoso"] ?? {};
  const interrupted = interrupt(tenantId ?? "", async () => {
    await scene.disable(person);
    await meanwhile();
  });
  await scene.join(person, "SOC Readers");
  await interrupted;
  await scene.pass(60 * 60_000);
  const { contoso } = await scene.access(person);
  expect(["none", "deleted"]).toContain(contoso);
  expect(await isInScope(person)).toBe(false);
});

test("a joiner whose first run lost its lock at the write of the scope is Muster's, and out when they leave", async () => {
  const person = await scene.hire("Jan");
  await scene.pass();
  const interrupted = interrupt(scene.lab.world.source.tenantId, meanwhile);
  await scene.join(person, "SOC Readers");
  await interrupted;
  await scene.pass(60 * 60_000);
  expect(await scene.access(person)).toEqual({ contoso: "enabled: SOC Readers" });
  await scene.disable(person);
  await scene.pass(60 * 60_000);
  expect(await scene.access(person)).toEqual({ contoso: "deleted" });
  expect(await isInScope(person)).toBe(false);
});

testManners(() => scene);
