import { beforeAll, describe, expect, test } from "vitest";
import { weatherNames } from "../../lab/weather.ts";
import { openScene, testManners, type Scene } from "../support/lab.ts";

/** What follows each other more closely is of one burst for certain: the rule says four seconds, and deliveries take up to one. */
const burstGapMs = 3_000;
/** At most one look in so much time, after the first of a burst. */
const lookGapMs = 4_000;
/** Of every notification. Where each comes at a time of its own, fewer are as much trouble. */
const copies = { calm: 200, azure: 10, storm: 5 } as const;

describe.each(weatherNames)(
  "notifications that come many times and in any order, in %s weather,",
  { timeout: 90_000 },
  (weather) => {
    let scene: Scene;
    /** When something was taken from the queue of analysts: an event, a reminder, or what the bus delivers again. */
    const taken: number[] = [];
    beforeAll(async () => {
      scene = await openScene({
        weather,
        targets: weather === "calm" ? 3 : 1,
        onLog({ category, functionName, at }) {
          if (category === "system" && functionName === "analysts") taken.push(at);
        },
      });
    });

    /**
     * A burst costs a look at once, one at its end, and one every four seconds at the very most where it takes longer than
     * that; reminders that come by themselves cost one each. How many bursts there are is for weather and machine to say.
     */
    function mostRuns(since: number): number {
      const bursts: number[][] = [];
      for (const at of taken.filter((each) => each >= since).toSorted((a, b) => a - b)) {
        const burst = bursts.at(-1);
        const last = burst?.at(-1);
        if (burst !== undefined && last !== undefined && at - last <= burstGapMs) burst.push(at);
        else bursts.push([at]);
      }
      return bursts
        .map((burst) =>
          Math.min(burst.length, 2 + Math.floor(((burst.at(-1) ?? 0) - (burst[0] ?? 0)) / lookGapMs)),
        )
        .reduce((sum, runs) => sum + runs, 0);
    }

    /** A full run begins with reading the analyst in the source, once; a read that was refused or lost began none. */
    function runsOver(id: string, since: number): number {
      const { tenantId } = scene.lab.world.source;
      return scene.lab.graph
        .traffic(since)
        .filter(
          (record) => record.caller === "app" && record.tenantId === tenantId && record.method === "GET",
        )
        .filter(({ path, status }) => path.endsWith(`/users/${id}`) && status === 200).length;
    }

    /**
     * Writes that were carried out; a conflict, a throttle or a removal in vain changes nothing. In a storm replicas are so far
     * behind that a write is made once more to settle it, which harms nobody.
     */
    function expectDone(mark: number, what: string, count: number): void {
      const writes = scene.writes(mark).filter((write) => write.includes(what) && / 2\d\d$/.test(write));
      if (weather === "storm") expect(writes.length).toBeGreaterThanOrEqual(count);
      else expect(writes).toHaveLength(count);
    }

    test("cost a joiner a few full runs and no write twice", async () => {
      const { graph } = scene.lab;
      const person = await scene.hire("Dupont");
      await scene.pass();
      graph.faults.add({ kind: "duplicateNotification", n: copies[weather] });
      graph.faults.add({ kind: "reorderNotifications" });
      const [mark, since] = [scene.mark(), scene.lab.clock.now()];
      const before = graph.counters().webhooks.acknowledged;
      await scene.join(person, "SOC Readers");
      await scene.pass(90_000);
      expect(taken.filter((at) => at >= since).length).toBeGreaterThan(0);
      expect(runsOver(person.id, mark)).toBeLessThanOrEqual(mostRuns(since));
      await scene.pass();
      graph.faults.clear();
      expect(graph.counters().webhooks.acknowledged - before).toBeGreaterThanOrEqual(copies[weather]);
      expectDone(mark, "members/$ref", 2 * scene.targets.length);
      expectDone(mark, "PATCH /users", 1);
      expect(Object.values(await scene.access(person))).toEqual(
        scene.targets.map(() => "enabled: SOC Readers"),
      );
    });

    test("let a leaver out, and no write is made twice", async () => {
      const { graph } = scene.lab;
      const person = await scene.hire("Durand");
      await scene.join(person, "SOC Readers");
      await scene.pass();
      graph.faults.add({ kind: "duplicateNotification", n: copies[weather] });
      graph.faults.add({ kind: "reorderNotifications" });
      const mark = scene.mark();
      await scene.patch(person, { officeLocation: "Room 1" });
      await scene.disable(person);
      await scene.pass();
      graph.faults.clear();
      expect(Object.values(await scene.access(person))).toEqual(scene.targets.map(() => "deleted"));
      expectDone(mark, "DELETE /users", scene.targets.length);
      expectDone(mark, "revokeSignInSessions", 1);
    });

    testManners(() => scene);
  },
);
