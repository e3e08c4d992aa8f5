import { readFile, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { beforeAll, expect, test } from "vitest";
import type { ParkedMessage } from "../../shared/queue/keys.ts";
import { openScene, testManners, type Scene } from "../support/lab.ts";

/** The identity that Muster's host has is not known in the source tenant any more. */
let scene: Scene;
beforeAll(async () => {
  scene = await openScene({ weather: "calm" });
});

const everywhere = (state: string) => Object.fromEntries(scene.targets.map((target) => [target, state]));

test("no token: people are told once, and a leaver is out when there are tokens again", async () => {
  const leaver = await scene.hire("Tokenless");
  const stays = await scene.hire("Stays");
  for (const person of [leaver, stays, await scene.hire("Stays as well")])
    await scene.join(person, "SOC Readers");
  await scene.pass(170_000);
  expect(await scene.access(leaver)).toEqual(everywhere("enabled: SOC Readers"));
  const file = join(dirname(scene.lab.policyFile), "token");
  const sound = await readFile(file, "utf8");
  await writeFile(file, "an assertion that nobody knows");
  // A new process has no tokens left from before.
  await scene.lab.hosts[0]?.kill();
  await scene.lab.hosts[0]?.start();
  const before = scene.lab.bus.peek("parked").length;
  await scene.disable(leaver);
  await scene.pass(20 * 60_000);
  // Whoever meets it first, the leaver or somebody whom a look at everybody called.
  const entries = scene.lab.bus
    .peek("parked")
    .slice(before)
    .map(({ body }) => body as ParkedMessage); // Muster alone writes there
  const words = entries
    .filter(({ key }) => key.kind === "analyst")
    .map(({ reason, advice }) => `${reason}; ${advice}`);
  await writeFile(file, sound);
  await scene.pass(12 * 60_000);
  expect(await scene.access(leaver)).toEqual(everywhere("deleted"));
  expect(await scene.access(stays)).toEqual(everywhere("enabled: SOC Readers"));
  expect(words.join()).toMatch(/no token for tenant .* AADSTS70021.*consent/);
  expect(words).toHaveLength(1);
});

testManners(() => scene);
