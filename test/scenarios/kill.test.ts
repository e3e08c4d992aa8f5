import { beforeAll, describe, expect, test } from "vitest";
import { everywhere, openScene, testManners, type Scene } from "../support/lab.ts";
import { deadlyMoments, killAt, life, testNoKeyGivenUp } from "../support/host-deaths.ts";

const longestLife = 60;
/** Longer than a notification takes, and what it brings about. */
const actMs = 5_000;
/** Longer than a lock that a dead host holds. */
const recoveryMs = 90_000;

/**
 * The host is killed at every request it makes to Graph in a joiner's, a mover's and a leaver's life, and is then started
 * again. Whatever the moment, the end is the same, and nothing but what the dead host left behind brings it about: the catch-up is
 * switched off. In calm weather, where runs are alike, so that no moment is left out;
 * kill-rough.test.ts does it where they are not. One target: every pair goes the same way, and life.test.ts and
 * scale-out.test.ts have more of them.
 */
describe("killed in calm weather", () => {
  let scene: Scene;
  beforeAll(async () => {
    scene = await openScene({ targets: 1, weather: "calm", disabled: ["catch-up"] });
  });

  test.each(deadlyMoments)(
    "when %s, the end state is the same every time, and nothing is done twice that matters",
    async (moment) => {
      const survived = new Set<string>();
      for (let nth = 1; nth <= longestLife && survived.size < life.length; nth += 1) {
        const person = await scene.hire(`${moment} ${nth}`);
        await scene.pass(15_000);
        for (const { name, act, afterwards } of life) {
          const fate = await killAt(scene, { nth, moment }, async () => {
            await act(scene, person);
            await scene.lab.advance(actMs);
          });
          if (fate === "survived") survived.add(name);
          await scene.pass(recoveryMs);
          expect({ nth, name, ...(await scene.access(person)) }).toEqual({
            nth,
            name,
            ...everywhere(scene, afterwards),
          });
        }
        if (nth % 5 !== 1) continue;
        const mark = scene.mark();
        await scene.patch(person, { displayName: person.displayName });
        await scene.pass(recoveryMs);
        expect({ nth, writes: scene.writes(mark) }).toEqual({ nth, writes: [] });
      }
      // Otherwise there were moments that were not tried.
      expect([...survived]).toHaveLength(life.length);
    },
    400_000,
  );

  testNoKeyGivenUp(() => scene);
  testManners(() => scene);
});
