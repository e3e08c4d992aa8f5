import { beforeAll, describe, expect, test } from "vitest";
import { openScene, testManners, type Scene } from "../support/lab.ts";

/** Each group of functions in a process of its own, as Flex Consumption scales them: they share tables and queues only. */
let scene: Scene;
beforeAll(async () => {
  scene = await openScene({ targets: 2, processes: "split" });
}, 120_000);

const host = (name: string) => {
  const found = scene.lab.hosts.find((each) => each.name === name);
  if (found === undefined) throw new Error(`There is no process ${name}.`);
  return found;
};

describe("functions in processes of their own", () => {
  test("each process runs its own, and Graph reaches the one for HTTP", () => {
    const running = scene.lab.hosts.map(({ name, functions }) => [
      name,
      functions().map((each) => each.name),
    ]);
    expect(Object.fromEntries(running)).toMatchObject({
      "host-1/http": expect.arrayContaining(["notifications"]),
      "host-1/timers": expect.arrayContaining(["subscriptions"]),
      "host-1/queue:analysts": ["analysts"],
      "host-1/queue:access": ["access"],
    });
    expect(scene.lab.description).toMatchObject({
      functions: [host("host-1/http").url],
      hosts: scene.lab.hosts.map(({ name }) => name),
    });
  });

  test("give a joiner access and take it from a leaver", async () => {
    const person = await scene.hire("Split Joiner");
    await scene.join(person, "SOC Readers");
    await scene.pass();
    expect(await scene.access(person)).toEqual({
      contoso: "enabled: SOC Readers",
      fabrikam: "enabled: SOC Readers",
    });
    await scene.disable(person);
    await scene.pass();
    expect(Object.values(await scene.access(person))).toEqual(["deleted", "deleted"]);
  });

  test("go on where one of them left off when its process was killed and started again", async () => {
    const access = host("host-1/queue:access");
    const person = await scene.hire("Split Survivor");
    await access.kill();
    await scene.join(person, "SOC Readers");
    await expect.poll(() => scene.lab.bus.stats()["access"]?.active, { timeout: 10_000 }).toBe(2);
    await access.start();
    await scene.pass();
    expect(Object.values(await scene.access(person))).toEqual([
      "enabled: SOC Readers",
      "enabled: SOC Readers",
    ]);
  });
});

testManners(() => scene);
