import { beforeAll, describe, expect, test } from "vitest";
import { everywhere, openScene, testManners, type Person, type Scene } from "../support/lab.ts";
import { deadlyMoments, killAt, life, testNoKeyGivenUp } from "../support/host-deaths.ts";

/** Every run goes its own way here, so a few moments say as much as all of them. */
const moments = { azure: [1, 9], storm: [4] } as const;
/** Longer than a notification takes, and what it brings about. */
const actMs = { azure: 30_000, storm: 180_000 } as const;

/**
 * What kill.test.ts does, where replicas lag, answers are slow and locks are lost. A joiner, a mover and a leaver are
 * under way at once, and the host is killed as often as there are people, each time it has come back to work.
 */
describe.each(["azure", "storm"] as const)("killed in %s weather", (weather) => {
  let scene: Scene;
  const deaths = deadlyMoments.flatMap((moment) => moments[weather].map((nth) => ({ moment, nth })));
  const people = new Map<string, Person>();
  const person = ({ moment, nth }: (typeof deaths)[number], name: string): Person => {
    const found = people.get(`${moment} ${nth} ${name}`);
    if (found === undefined) throw new Error(`nobody hired the ${name} of ${moment} ${nth}`);
    return found;
  };
  beforeAll(async () => {
    scene = await openScene({ targets: 1, weather });
    for (const death of deaths)
      for (const { name } of life) {
        const key = `${death.moment} ${death.nth} ${name}`;
        people.set(key, await scene.hire(key));
        if (name !== "joiner") await scene.join(person(death, name), "SOC Readers");
      }
    await scene.pass();
  }, 120_000);

  test.each(deaths)(
    "when $moment ($nth), everybody's end state is the same",
    async ({ moment, nth }) => {
      const death = { moment, nth };
      for (const { act, name } of life)
        await killAt(scene, death, async () => {
          await act(scene, person(death, name));
          await scene.lab.advance(actMs[weather]);
        });
      await scene.pass();
      for (const { name, afterwards } of life)
        expect({ name, ...(await scene.access(person(death, name))) }).toEqual({
          name,
          ...everywhere(scene, afterwards),
        });
    },
    120_000,
  );

  testNoKeyGivenUp(() => scene);
  testManners(() => scene);
});
