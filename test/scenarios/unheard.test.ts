import { TableClient } from "@azure/data-tables";
import { afterEach, beforeAll, describe, expect, test } from "vitest";
import { openScene, testManners, type Person, type Scene } from "../support/lab.ts";

/** What Graph does not say, says late, or says too much of. */
let scene: Scene;
beforeAll(async () => {
  scene = await openScene({ targets: 2, weather: "calm" });
});
afterEach(() => scene.lab.graph.faults.clear());

/** A quarter of an hour until everybody is looked at, and what comes of it. */
const caughtUpMs = 25 * 60_000;

const everywhere = (state: string) => Object.fromEntries(scene.targets.map((target) => [target, state]));
const loseNotifications = () =>
  scene.lab.graph.faults.add({ kind: "lostNotification", match: { caller: "any" } });

async function reader(name: string): Promise<Person> {
  const person = await scene.hire(name);
  await scene.join(person, "SOC Readers");
  await scene.pass();
  expect(await scene.access(person)).toEqual(everywhere("enabled: SOC Readers"));
  return person;
}

describe("a change that nobody announced", () => {
  test("lets a joiner in and a leaver out within half an hour", async () => {
    const leaver = await reader("Lea");
    const joiner = await scene.hire("Joe");
    await scene.pass();
    loseNotifications();
    await scene.join(joiner, "SOC Readers");
    await scene.drop(leaver, "SOC Readers");
    await scene.pass(caughtUpMs);
    expect(await scene.access(joiner)).toEqual(everywhere("enabled: SOC Readers"));
    expect(await scene.access(leaver)).toEqual(everywhere("deleted"));
  });

  test("costs nobody anything: looking at everybody writes nothing", async () => {
    const mark = scene.mark();
    await scene.pass(2 * caughtUpMs);
    expect(scene.lab.graph.traffic(mark).filter(({ caller }) => caller === "app")).not.toEqual([]);
    expect(scene.writes(mark)).toEqual([]);
  });

  test("is made up for at once when a host starts after all were down", async () => {
    const leaver = await reader("Len");
    const [host] = scene.lab.hosts;
    await host?.kill();
    loseNotifications();
    await scene.disable(leaver);
    await scene.lab.clock.advance(12 * 60 * 60_000, async () => undefined);
    await host?.start();
    await scene.pass(7 * 60_000);
    expect(await scene.access(leaver)).toEqual(everywhere("deleted"));
  });
});

describe("somebody in a group that is in a role group", () => {
  let shift: string;
  let person: Person;
  const member = (group: string, id: string) => ({
    path: `/groups/${group}/members`,
    body: { "@odata.id": `${scene.lab.graph.url}/v1.0/directoryObjects/${id}` },
  });
  const source = () => scene.lab.world.source;

  test("gets the role's access", async () => {
    const group = (await scene.admin.call(source().tenantId, "POST", "/groups", {
      displayName: "Night shift",
      mailEnabled: false,
      mailNickname: "night",
      securityEnabled: true,
    })) as { id: string }; // Graph answers with the group
    shift = group.id;
    const nest = member(source().groups["SOC Readers"] ?? "", shift);
    await scene.admin.call(source().tenantId, "POST", `${nest.path}/$ref`, nest.body);
    // The timer sees that there is one more group to hear of.
    await scene.pass();
    person = await scene.hire("Nils");
    const join = member(shift, person.id);
    await scene.admin.call(source().tenantId, "POST", `${join.path}/$ref`, join.body);
    await scene.pass();
    expect(await scene.access(person)).toEqual(everywhere("enabled: SOC Readers"));
  });

  test("and loses it when they are dropped from that group, within seconds", async () => {
    const { path } = member(shift, person.id);
    await scene.admin.call(source().tenantId, "DELETE", `${path}/${person.id}/$ref`);
    await scene.pass(30_000);
    expect(await scene.access(person)).toEqual(everywhere("deleted"));
  });

  test("also when the whole group is taken out of the role group", async () => {
    const join = member(shift, person.id);
    await scene.admin.call(source().tenantId, "POST", `${join.path}/$ref`, join.body);
    await scene.pass();
    expect(await scene.access(person)).toEqual(everywhere("enabled: SOC Readers"));
    const { path } = member(source().groups["SOC Readers"] ?? "", shift);
    await scene.admin.call(source().tenantId, "DELETE", `${path}/${shift}/$ref`);
    await scene.pass();
    expect(await scene.access(person)).toEqual(everywhere("deleted"));
  });
});

describe("what a replica shows late", () => {
  test("does not hide a leaver: the group's listing shows the loss before the person does", async () => {
    const person = await reader("Rhea");
    const { faults } = scene.lab.graph;
    faults.add({ kind: "lag", ms: 75_000, match: { tenant: "source" } });
    await scene.drop(person, "SOC Readers");
    await scene.pass();
    expect(await scene.access(person)).toEqual(everywhere("deleted"));
  });

  test("does not bring a leaver back: neither an echo of Muster's own writes, nor a look at the past", async () => {
    const person = await reader("Echo");
    const { faults } = scene.lab.graph;
    faults.add({ kind: "delayNotification", ms: 12_000, match: { caller: "any" } });
    await scene.disable(person);
    await scene.pass(20_000);
    faults.add({ kind: "lag", ms: 40_000, match: { tenant: "source" } });
    await scene.pass();
    expect(await scene.access(person)).toEqual(everywhere("deleted"));
  });
});

describe("a nightly import that changes every user", () => {
  const strangers: string[] = [];

  test("does not queue ahead of a leaver, and costs one look for everybody who is no analyst", async () => {
    const leaver = await reader("Ivo");
    for (let nth = 1; nth <= 60; nth += 1) strangers.push((await scene.hire(`Stranger ${nth}`)).id);
    await scene.pass();
    const mark = scene.mark();
    const { tenantId } = scene.lab.world.source;
    for (const id of strangers)
      await scene.admin.call(tenantId, "PATCH", `/users/${id}`, { officeLocation: "Room 7" });
    await scene.disable(leaver);
    await scene.pass(30_000);
    expect(await scene.access(leaver)).toEqual(everywhere("deleted"));
    const asked = scene.lab.graph
      .traffic(mark)
      .filter(({ caller, path }) => caller === "app" && strangers.some((id) => path.includes(id)));
    for (const id of strangers) {
      const looks = asked.filter(({ path }) => path.includes(id));
      expect({ id, looks: looks.filter(({ path }) => path.endsWith(id)).length }).toEqual({ id, looks: 1 });
      expect(looks.length).toBeLessThanOrEqual(3);
    }
  });

  test("leaves no trace of them", async () => {
    const names = ["Analysts", "Pairs", "Journal"];
    for (const name of names) {
      const table = TableClient.fromConnectionString(scene.lab.tables.connectionString, name, {
        allowInsecureConnection: true,
      });
      for await (const row of table.listEntities())
        expect(strangers.filter((id) => JSON.stringify(row).includes(id))).toEqual([]);
    }
  });
});

testManners(() => scene);
