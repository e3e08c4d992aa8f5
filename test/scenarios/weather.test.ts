import { beforeAll, describe, expect, test } from "vitest";
import { openScene, testManners, type Person, type Scene } from "../support/lab.ts";

/** The whole lab in the weather that people meet in Azure. */
let scene: Scene;
beforeAll(async () => {
  scene = await openScene({ weather: "azure", targets: 1 });
});

const second = 1_000;
const asked = () =>
  scene.lab.graph.traffic().filter(({ template }) => template.endsWith("/provisionOnDemand"));
const tookMs = ({ at, answeredAt }: { readonly at: string; readonly answeredAt: string }) =>
  Date.parse(answeredAt) - Date.parse(at);

describe("in azure weather", () => {
  let ana: Person;
  let joinedAt: number;

  test("a joiner has their access in the end, and the lab waits for it in virtual time", async () => {
    const startedAt = performance.now();
    ana = await scene.hire("Ana");
    joinedAt = scene.lab.clock.now();
    await scene.join(ana, "SOC Readers");
    await scene.pass(45 * 60 * second);
    expect(await scene.access(ana)).toEqual({ contoso: "enabled: SOC Readers" });
    expect(performance.now() - startedAt).toBeLessThan(30 * second);
  });

  test("it took what it takes in Azure: the answers, and the minutes until the assignment showed", () => {
    expect(asked().length).toBeGreaterThan(0);
    for (const request of asked()) {
      expect(tookMs(request)).toBeGreaterThanOrEqual(5 * second);
      expect(tookMs(request)).toBeLessThan(60 * second);
    }
    const made = asked().find(({ responseBody }) => JSON.stringify(responseBody).includes('"Create'));
    expect(Date.parse(made?.answeredAt ?? "") - joinedAt).toBeGreaterThan(60 * second);
  });

  test("a leaver is out in the end", async () => {
    await scene.drop(ana, "SOC Readers");
    await scene.pass(45 * 60 * second);
    expect(await scene.access(ana)).toEqual({ contoso: "deleted" });
  });

  test("at rest nothing waits any more, and time passes as it does for people", async () => {
    expect(await scene.lab.settled()).toEqual([]);
    const before = scene.lab.clock.offsetMs();
    expect(scene.lab.clock.expected()).toEqual([]);
    expect(scene.lab.clock.offsetMs()).toBe(before);
  });
});

testManners(() => scene);
