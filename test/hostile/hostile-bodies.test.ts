import { beforeAll, expect, test } from "vitest";
import { openScene, type Scene } from "../support/lab.ts";
import { tokenFor } from "../support/token.ts";
import { playHostile } from "./play.ts";

/** `npm run soak -- bodies` plays as many as you like. */
const count = 1_500;

let scene: Scene;
beforeAll(async () => {
  // What the app sends by itself is none of this.
  scene = await openScene({ targets: 1, weather: "calm", disabled: ["catch-up"] });
});

test("whatever is sent to the functions that everybody reaches puts no key on a queue, and crashes nothing", async () => {
  const token = await tokenFor(scene.lab, scene.lab.world.apps.relay, "api://muster");
  const { answers, failures } = await playHostile(scene.lab, { seed: 1, count, token });
  expect(failures).toEqual([]);
  expect(Object.keys(answers).length).toBeGreaterThanOrEqual(6);
});
