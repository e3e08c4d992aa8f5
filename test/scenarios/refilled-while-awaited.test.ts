import { beforeAll, expect, test } from "vitest";
import { everywhere, openScene, type Scene } from "../support/lab.ts";

const minuteMs = 60_000;

let scene: Scene;
beforeAll(async () => {
  scene = await openScene({ targets: 1, weather: "calm" });
});

test(
  "eight have joined, on-demand provisioning does not answer, and the cycle will make their accounts; a script empties the group and fills it again within a minute: two hours later all of them are in",
  { timeout: 120_000 },
  async () => {
    scene.lab.graph.faults.add({ kind: "error", status: 504, match: { path: "provisionOnDemand" } });
    const people = await Promise.all(["Ada", "Bo", "Cy", "Di", "Ed", "Flo", "Gus", "Hal"].map(scene.hire));
    for (const person of people) await scene.join(person, "SOC Readers");
    await scene.pass(6 * minuteMs);
    for (const person of people) await scene.drop(person, "SOC Readers");
    await scene.pass(minuteMs);
    for (const person of people) await scene.join(person, "SOC Readers");
    await scene.pass(120 * minuteMs);
    scene.lab.graph.faults.clear();
    const seen = await Promise.all(people.map((person) => scene.access(person)));
    expect(seen).toEqual(people.map(() => everywhere(scene, "enabled: SOC Readers")));
  },
);
