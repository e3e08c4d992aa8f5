import { beforeAll, expect, test } from "vitest";
import { everywhere, openScene, type Person, type Scene } from "../support/lab.ts";

const minuteMs = 60_000;

let scene: Scene;
beforeAll(async () => {
  scene = await openScene({ targets: 1, weather: "calm" });
});

const tenant = () => scene.lab.world.source.tenantId;
const call = (method: "POST" | "DELETE", path: string, body?: unknown) =>
  scene.admin.call(tenant(), method, path, body);
const refer = (id: string) => ({ "@odata.id": `${scene.lab.graph.url}/v1.0/directoryObjects/${id}` });

/** Minutes until they are out. */
async function minutesUntilOut(person: Person): Promise<number> {
  const left = scene.lab.clock.now();
  for (let n = 0; n < 60; n += 1) {
    await scene.pass(30_000);
    if ((await scene.accessIn(person, "contoso")).account !== "enabled") break;
  }
  return Math.round((scene.lab.clock.now() - left) / 6_000) / 10;
}

test("a team that is nested in a role group is deleted: whoever was in it is out within minutes, because Graph announces it", async () => {
  const took: number[] = [];
  for (const n of [1, 2, 3]) {
    const team = (await call("POST", "/groups", {
      displayName: `Team ${n}`,
      mailEnabled: false,
      mailNickname: `team${n}`,
      securityEnabled: true,
      groupTypes: [],
    })) as { id: string }; // Graph answers with the group
    const person = await scene.hire(`Tia ${n}`);
    await call("POST", `/groups/${team.id}/members/$ref`, refer(person.id));
    const readers = scene.lab.world.source.groups["SOC Readers"] ?? "";
    await call("POST", `/groups/${readers}/members/$ref`, refer(team.id));
    await scene.pass(20 * minuteMs);
    expect(await scene.access(person)).toEqual(everywhere(scene, "enabled: SOC Readers"));
    const heard = scene.lab.graph.counters().webhooks.acknowledged;
    await call("DELETE", `/groups/${team.id}`);
    took.push(await minutesUntilOut(person));
    expect(scene.lab.graph.counters().webhooks.acknowledged).toBeGreaterThan(heard);
    await scene.pass(4 * minuteMs);
  }
  expect(took.filter((minutes) => minutes > 5)).toEqual([]);
}, 120_000);
