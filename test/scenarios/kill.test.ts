import { beforeAll, describe, expect, test } from "vitest";
import type { RunningLab } from "../../lab/start-lab.ts";
import { weatherNames } from "../../lab/weather.ts";
import { openScene, testManners, type Person, type Scene } from "../support/lab.ts";

type Moment = "an answer is lost" | "a write never reaches Graph";

type Request = Parameters<Parameters<RunningLab["graph"]["onRequest"]>[0]>[0];

/** A read changes nothing wherever it ends; a batch of reads is one answer. */
function isMoment(moment: Moment, { phase, method, path, sent }: Request): boolean {
  const writes = method !== "GET" && !/\/(?:checkMemberGroups|\$batch)$/.test(path);
  if (moment === "a write never reaches Graph") return phase === "received" && writes;
  return phase === "answered" && (writes || sent === "alone");
}

/** Each act and what has to be true after it. */
const life = [
  {
    name: "joiner",
    act: (scene: Scene, person: Person) => scene.join(person, "SOC Readers"),
    afterwards: "enabled: SOC Readers",
  },
  {
    name: "mover",
    act: async (scene: Scene, person: Person) => {
      await scene.join(person, "SOC Responders");
      await scene.drop(person, "SOC Readers");
    },
    afterwards: "enabled: SOC Responders",
  },
  {
    name: "leaver",
    act: (scene: Scene, person: Person) => scene.disable(person),
    afterwards: "deleted",
  },
] as const;

const longestLife = 60;
const upTo = (last: number) => Array.from({ length: last }, (_, index) => index + 1);

/** Where runs are alike, every moment; elsewhere each life goes its own way, and a few moments say as much. */
const moments = { calm: upTo(longestLife), azure: [1, 9], storm: [4] } as const;
/** Longer than a notification takes, and what it brings about. */
const actMs = { calm: 5_000, azure: 30_000, storm: 180_000 } as const;
/** Longer than a lock that a dead host holds. */
const recoveryMs = { calm: 90_000, azure: undefined, storm: undefined } as const;

/**
 * The host is killed at the requests it makes to Graph in a joiner's, a mover's and a leaver's life, and is then started
 * again. Whatever the moment, the end is the same. Two kinds of moments: Graph has done what was asked, but its answer is
 * lost; and a write that was about to be made never reaches Graph. One target: every pair goes the same way, and
 * life.test.ts and scale-out.test.ts have more of them.
 */
describe.each(weatherNames)("killed in %s weather", (weather) => {
  let scene: Scene;
  beforeAll(async () => {
    scene = await openScene({ targets: 1, weather });
  });
  const everywhere = (state: string) => Object.fromEntries(scene.targets.map((target) => [target, state]));

  /** Kills the host at the n-th request of the app from now on. Says whether there was an n-th one. */
  async function killAt(
    nth: number,
    moment: Moment,
    act: () => Promise<void>,
  ): Promise<"killed" | "survived"> {
    const { lab } = scene;
    const host = lab.hosts[0];
    const death = { count: 0, killing: [] as Promise<void>[] };
    const stopWatching = lab.graph.onRequest(async (request) => {
      if (request.caller !== "app" || !isMoment(moment, request)) return;
      death.count += 1;
      if (death.count !== nth || host === undefined) return;
      death.killing.push(host.kill());
      await Promise.all(death.killing);
      if (moment === "a write never reaches Graph")
        throw new Error("the host died before it could send this");
    });
    await act();
    await lab.advance(actMs[weather]);
    stopWatching();
    if (death.killing.length === 0) return "survived";
    await Promise.all(death.killing);
    await host?.start();
    return "killed";
  }

  test.each(["an answer is lost", "a write never reaches Graph"] as const)(
    "when %s, the end state is the same every time, and nothing is done twice that matters",
    async (moment) => {
      const survived = new Set<string>();
      for (const nth of moments[weather]) {
        const person = await scene.hire(`${moment} ${nth}`);
        await scene.pass(15_000);
        for (const { name, act, afterwards } of life) {
          if ((await killAt(nth, moment, () => act(scene, person))) === "survived") survived.add(name);
          await scene.pass(recoveryMs[weather]);
          expect({ nth, name, ...(await scene.access(person)) }).toEqual({
            nth,
            name,
            ...everywhere(afterwards),
          });
        }
        if (survived.size === life.length) return;
        if (weather !== "calm" || nth % 5 !== 1) continue;
        const mark = scene.mark();
        await scene.patch(person, { displayName: person.displayName });
        await scene.pass(recoveryMs[weather]);
        expect({ nth, writes: scene.writes(mark) }).toEqual({ nth, writes: [] });
      }
      // In calm weather every life is survived in the end: otherwise there were moments that were not tried.
      if (weather === "calm") expect([...survived]).toHaveLength(life.length);
    },
    400_000,
  );

  test("no key was given up", () => {
    const queues = scene.lab.bus.stats();
    expect(queues["parked"]?.active).toBe(0);
    expect(queues["analysts"]?.deadLettered).toBe(0);
    expect(queues["access"]?.deadLettered).toBe(0);
  });

  testManners(() => scene);
});
