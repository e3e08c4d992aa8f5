import { beforeAll, expect, test } from "vitest";
import { openScene, type Scene } from "../support/lab.ts";
import { playHostile } from "./play.ts";

/** `npm run soak -- bodies` plays as many as you like. */
const count = 1_500;

let scene: Scene;
beforeAll(async () => {
  // What the app sends by itself is none of this.
  scene = await openScene({ targets: 1, weather: "calm", disabled: ["catch-up"] });
});

test("whatever is sent to the functions that everybody reaches puts no key on a queue, and crashes nothing", async () => {
  const { answers, failures } = await playHostile(scene.lab, { seed: 1, count });
  expect(failures).toEqual([]);
  expect(Object.keys(answers).length).toBeGreaterThanOrEqual(10);
});
