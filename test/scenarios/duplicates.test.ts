import { beforeAll, describe, expect, test } from "vitest";
import { weatherNames } from "../../lab/weather.ts";
import { openScene, testManners, type Scene } from "../support/lab.ts";

/**
 * Full runs that a burst costs: at once, after four seconds, and after a minute. Where notifications take their time they
 * come in several bursts, and a look that may have shown the past is taken again.
 */
const mostRuns = { calm: 3, azure: 6, storm: 12 } as const;
/** Of every notification. Where each comes at a time of its own, fewer are as much trouble. */
const copies = { calm: 200, azure: 10, storm: 5 } as const;

describe.each(weatherNames)(
  "notifications that come many times and in any order, in %s weather,",
  { timeout: 90_000 },
  (weather) => {
    let scene: Scene;
    beforeAll(async () => {
      scene = await openScene({ weather, targets: weather === "calm" ? 3 : 1 });
    });

    /** A full run begins with reading the analyst in the source, once. */
    function runsOver(id: string, since: number): number {
      const { tenantId } = scene.lab.world.source;
      return scene.lab.graph
        .traffic(since)
        .filter(
          (record) => record.caller === "app" && record.tenantId === tenantId && record.method === "GET",
        )
        .filter(({ path }) => path.endsWith(`/users/${id}`)).length;
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
      const mark = scene.mark();
      const before = graph.counters().webhooks.acknowledged;
      await scene.join(person, "SOC Readers");
      await scene.pass(90_000);
      expect(runsOver(person.id, mark)).toBeLessThanOrEqual(mostRuns[weather]);
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
