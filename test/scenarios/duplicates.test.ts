import { beforeAll, expect, test } from "vitest";
import { openScene, testManners, type Scene } from "../support/lab.ts";

let scene: Scene;
beforeAll(async () => {
  scene = await openScene();
});

/** A full run begins with reading the analyst in the source, once. */
function runsOver(id: string, since: number): number {
  const { tenantId } = scene.lab.world.source;
  return scene.lab.graph
    .traffic(since)
    .filter((record) => record.caller === "app" && record.tenantId === tenantId && record.method === "GET")
    .filter(({ path }) => path.endsWith(`/users/${id}`)).length;
}

test("two hundred duplicate and shuffled notifications cost at most three full runs and no write twice", async () => {
  const { graph } = scene.lab;
  const person = await scene.hire("Dupont");
  await scene.pass();
  graph.faults.add({ kind: "duplicateNotification", n: 200 });
  graph.faults.add({ kind: "reorderNotifications" });
  const mark = scene.mark();
  const before = graph.counters().webhooks.acknowledged;
  await scene.join(person, "SOC Readers");
  await scene.pass();
  graph.faults.clear();
  expect(graph.counters().webhooks.acknowledged - before).toBeGreaterThanOrEqual(200);
  expect(runsOver(person.id, mark)).toBeLessThanOrEqual(3);
  const writes = scene.writes(mark);
  expect(writes.filter((write) => write.includes("members/$ref")).length).toBe(2 * scene.targets.length);
  expect(writes.filter((write) => write.includes("PATCH /users")).length).toBe(1);
  expect(Object.values(await scene.access(person))).toEqual(scene.targets.map(() => "enabled: SOC Readers"));
});

test("a leaver in the middle of a storm of duplicates is out, and no write is made twice", async () => {
  const { graph } = scene.lab;
  const person = await scene.hire("Durand");
  await scene.join(person, "SOC Readers");
  await scene.pass();
  graph.faults.add({ kind: "duplicateNotification", n: 100 });
  graph.faults.add({ kind: "reorderNotifications" });
  const mark = scene.mark();
  await scene.patch(person, { officeLocation: "Room 1" });
  await scene.disable(person);
  await scene.pass();
  graph.faults.clear();
  expect(Object.values(await scene.access(person))).toEqual(scene.targets.map(() => "deleted"));
  const writes = scene.writes(mark);
  expect(writes.filter((write) => write.startsWith("DELETE /users")).length).toBe(scene.targets.length);
  expect(writes.filter((write) => write.includes("revokeSignInSessions")).length).toBe(1);
});

testManners(() => scene);
