import { beforeAll, describe, expect, test } from "vitest";
import { openScene, testManners, type Person, type Scene } from "../support/lab.ts";

/**
 * Every way in is closed for a while, one after the other. Nobody is lost: whoever left is out, whoever joined is in, when it is open
 * again or another way has brought it. What is closed for minutes stands in faults.test.ts and webhook.test.ts as well.
 */
let scene: Scene;
const minuteMs = 60_000;
const hourMs = 60 * minuteMs;
const dayMs = 24 * hourMs;
beforeAll(async () => {
  scene = await openScene({ targets: 1, hosts: 2 });
});

const everywhere = (state: string) => Object.fromEntries(scene.targets.map((target) => [target, state]));
const isIn = () => everywhere("enabled: SOC Readers");

async function readers(...names: readonly string[]): Promise<readonly Person[]> {
  const people = await Promise.all(names.map((name) => scene.hire(name)));
  for (const person of people) await scene.join(person, "SOC Readers");
  await scene.pass();
  for (const person of people) expect(await scene.access(person)).toEqual(isIn());
  return people;
}

describe("when every notification is lost for a day", () => {
  test("a leaver of each hour is out within half an hour, and a joiner in", async () => {
    const leavers = await readers("Lost One", "Lost Two", "Lost Three");
    const fault = scene.lab.graph.faults.add({ kind: "lostNotification", match: { caller: "any" } });
    for (const [index, leaver] of leavers.entries()) {
      await scene.lab.advance(7 * hourMs);
      const joiner = await scene.hire(`Found ${index}`);
      await scene.join(joiner, "SOC Readers");
      if (index === 0) await scene.disable(leaver);
      else if (index === 1) await scene.drop(leaver, "SOC Readers");
      else await scene.remove(leaver);
      await scene.pass(30 * minuteMs);
      expect({ index, ...(await scene.access(leaver)) }).toEqual({ index, ...everywhere("deleted") });
      await scene.pass(15 * minuteMs);
      expect({ index, ...(await scene.access(joiner)) }).toEqual({ index, ...isIn() });
    }
    scene.lab.graph.faults.remove(fault);
  });
});

describe("when all hosts were down for longer than a delta token lives", () => {
  test("whoever left meanwhile is out within minutes of their start, also who is deleted and purged by then", async () => {
    const [disabled, dropped, deleted] = await readers("Gone Disabled", "Gone Dropped", "Gone Deleted");
    if (disabled === undefined || dropped === undefined || deleted === undefined) throw new Error("nobody");
    for (const host of scene.lab.hosts) await host.kill();
    await scene.disable(disabled);
    await scene.drop(dropped, "SOC Readers");
    await scene.remove(deleted);
    await scene.lab.clock.advance(8 * dayMs, async () => undefined);
    for (const host of scene.lab.hosts) await host.start();
    await scene.pass(40 * minuteMs);
    for (const person of [disabled, dropped, deleted])
      expect({ who: person.displayName, ...(await scene.access(person)) }).toEqual({
        who: person.displayName,
        ...everywhere("deleted"),
      });
  });
});

describe("when Service Bus is down for five minutes while Graph notifies", () => {
  test("what happened then is done when it is back", async () => {
    const [leaver] = await readers("Bus Leaver");
    const joiner = await scene.hire("Bus Joiner");
    if (leaver === undefined) throw new Error("nobody");
    // The broker is down in real time, as its clients try again in real time; meanwhile Graph's clock goes on.
    const back = scene.lab.bus.faults.down(3_000);
    await scene.disable(leaver);
    await scene.join(joiner, "SOC Readers");
    await scene.lab.clock.advance(5 * minuteMs, async () => undefined);
    await back;
    await scene.pass();
    expect(await scene.access(leaver)).toEqual(everywhere("deleted"));
    expect(await scene.access(joiner)).toEqual(isIn());
  });
});

describe("when the tables are down for five minutes", () => {
  test("what happened then is done when they are back", async () => {
    const [leaver] = await readers("Table Leaver");
    const joiner = await scene.hire("Table Joiner");
    if (leaver === undefined) throw new Error("nobody");
    scene.lab.tables.door.shut(scene.lab.clock.now() + 5 * minuteMs);
    await scene.disable(leaver);
    await scene.join(joiner, "SOC Readers");
    await scene.pass();
    expect(await scene.access(leaver)).toEqual(everywhere("deleted"));
    expect(await scene.access(joiner)).toEqual(isIn());
  });
});

testManners(() => scene);
