import { beforeAll, expect, test } from "vitest";
import type { ParkedMessage } from "../../shared/queue/keys.ts";
import { everywhere, openScene, type Scene } from "../support/lab.ts";

const minuteMs = 60_000;

let scene: Scene;
beforeAll(async () => {
  scene = await openScene({ targets: 2, weather: "calm" });
});

test("her user may not be written at home, so that she has no stamp: nobody is sent to the mappings of the synchronization jobs, which are well", async () => {
  const others = [await scene.hire("Ada"), await scene.hire("Abe")];
  for (const person of others) await scene.join(person, "SOC Readers");
  await scene.pass();
  const privileged = await scene.hire("Pru");
  // A user who holds an administrator's role may be written by few: learn.microsoft.com/graph/api/user-update.
  scene.lab.graph.faults.add({
    kind: "error",
    status: 403,
    code: "Authorization_RequestDenied",
    match: { tenant: scene.lab.world.source.tenantId, method: "PATCH", path: `/users/${privileged.id}$` },
  });
  await scene.join(privileged, "SOC Readers");
  await scene.pass(30 * minuteMs);
  for (const person of [...others, privileged])
    expect(await scene.access(person)).toEqual(everywhere(scene, "enabled: SOC Readers"));
  const told = scene.lab.bus.peek("parked").map(({ body }) => (body as ParkedMessage).reason); // Muster alone writes there
  expect(told).toContainEqual(expect.stringContaining("403"));
  expect(told.filter((reason) => reason.includes("accounts come without the stamp"))).toEqual([]);
}, 60_000);
