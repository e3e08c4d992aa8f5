import { beforeAll, expect, test } from "vitest";
import { everywhere, openScene, type Person, type Scene } from "../support/lab.ts";

const minuteMs = 60_000;
const hourMs = 60 * minuteMs;

let scene: Scene;
let leavers: readonly Person[];
beforeAll(async () => {
  scene = await openScene({ targets: 1, weather: "azure" });
  const people: Person[] = [];
  for (const name of ["Lea", "Leo", "Lin", "Lou"]) {
    const person = await scene.hire(name);
    await scene.join(person, "SOC Readers");
    people.push(person);
  }
  await scene.pass();
  for (const person of people)
    expect(await scene.access(person)).toEqual(everywhere(scene, "enabled: SOC Readers"));
  leavers = people;
  // Access of a subscription lapses after 60 to 90 minutes. Graph asks for new access, and asks again for four hours.
  const [host] = scene.lab.hosts;
  await host?.kill();
  await scene.lab.advance(10 * hourMs);
  await host?.start();
  await scene.lab.settled();
});

/** Minutes until each of them is out; they are disabled one after the other, at different times between two looks at everybody. */
async function minutesUntilOut(people: readonly Person[]): Promise<readonly number[]> {
  const took: number[] = [];
  for (const person of people) {
    await scene.disable(person);
    const left = scene.lab.clock.now();
    for (let n = 0; n < 60; n += 1) {
      await scene.pass(30_000);
      const { account } = await scene.accessIn(person, "contoso");
      if (account !== "enabled") break;
    }
    took.push(Math.round((scene.lab.clock.now() - left) / 6_000) / 10);
    await scene.pass(3 * minuteMs);
  }
  return took;
}

test("all hosts were down for ten hours; three hours after they are back, leavers are out within minutes", async () => {
  await scene.pass(3 * hourMs);
  const took = await minutesUntilOut(leavers);
  expect(took.filter((minutes) => minutes > 5)).toEqual([]);
});
