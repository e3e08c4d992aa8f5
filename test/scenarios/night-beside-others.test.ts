import { TableClient } from "@azure/data-tables";
import { beforeAll, describe, expect, test } from "vitest";
import type { Difference } from "../../shared/model/sweep.ts";
import { runs, type Runs } from "../../shared/state/runs.ts";
import { openScene, testManners, type Person, type Scene } from "../support/lab.ts";
import { operatorIn } from "../support/operator.ts";

/** A night on the queues of four hosts, and beside what an operator asks for: whatever differs is repaired once, and told as it was. */
let scene: Scene;
let people: readonly Person[];
/** Hosts that had a key of the night. */
const atWork = new Set<string>();
const minuteMs = 60_000;

beforeAll(async () => {
  scene = await openScene({
    targets: 2,
    hosts: 4,
    weather: "calm",
    onLog: ({ host, functionName }) => {
      if (functionName === "access") atWork.add(host);
    },
  });
  people = await Promise.all(
    ["Ada", "Bob", "Cleo", "Dan", "Eve", "Fay"].map((name) => scene.hire(`Sleeping ${name}`)),
  );
  for (const person of people) await scene.join(person, "SOC Readers");
  await scene.pass();
});

const table = (): Runs =>
  runs(
    TableClient.fromConnectionString(scene.lab.tables.connectionString, "Runs", {
      allowInsecureConnection: true,
    }),
  );
const targetOf = (name: string) => scene.lab.world.targets[name] ?? { tenantId: "", groups: {} };
const groupIn = (name: string) => (targetOf(name).groups as Readonly<Record<string, string>>)["SOC Readers"];

/** An administrator of each target takes everybody out of a group there; replicas, and what was just written, have had their time. */
async function takeEverybodyOut(): Promise<number> {
  for (const target of scene.targets)
    for (const { userPrincipalName } of people) {
      const filter = `$filter=mail eq '${userPrincipalName}'&$select=id,mail`;
      const [account] = await scene.admin.list(targetOf(target).tenantId, `/users?${filter}`);
      const path = `/groups/${groupIn(target)}/members/${String(account?.["id"])}/$ref`;
      await scene.admin.call(targetOf(target).tenantId, "DELETE", path);
    }
  await scene.lab.advance(200_000);
  return scene.mark();
}

const memberships = (since: number) =>
  scene.lab.graph
    .traffic(since)
    .filter(
      ({ caller, method, template }) =>
        caller === "app" && method !== "GET" && template.startsWith("/groups/{id}/members"),
    )
    .map(
      ({ tenantId, method, path, requestBody }) =>
        `${tenantId} ${method} ${path} ${JSON.stringify(requestBody)}`,
    );

async function report(id: string) {
  const sweep = await table().read(id);
  const parts = await table().parts(id);
  const differences = await Promise.all(parts.map(({ tenant }) => table().differences(id, tenant)));
  return { sweep, parts, differences: differences.flat() };
}

const ends = (all: readonly Difference[]) =>
  Object.fromEntries(
    [...Map.groupBy(all, ({ end }) => end?.kind ?? "none")].map(([kind, some]) => [kind, some.length]),
  );

async function expectEverybodyIn(): Promise<void> {
  for (const person of people)
    expect(await scene.access(person)).toEqual({
      contoso: "enabled: SOC Readers",
      fabrikam: "enabled: SOC Readers",
    });
}

describe("a night on four hosts", () => {
  test("repairs each difference once, whoever's timer went off, and ends once with what was done", async () => {
    const mark = await takeEverybodyOut();
    atWork.clear();
    // Azure lets one host keep a timer; one that was started meanwhile may take it for its own.
    await Promise.all(scene.lab.hosts.map((host) => host.fireTimer("nightly")));
    await scene.pass(45 * minuteMs);
    const nights = (await table().newest(5)).filter(({ occasion }) => occasion === "night");
    expect(nights).toHaveLength(1);
    const { sweep, parts, differences } = await report(nights[0]?.id ?? "");
    expect(sweep).toMatchObject({ mode: "apply", endedAt: expect.any(Number) });
    expect(parts.map(({ name, state, counts }) => [name, state, counts.differ, counts.repaired])).toEqual([
      ["contoso", "done", 6, 6],
      ["fabrikam", "done", 6, 6],
      ["source", "done", 0, 0],
    ]);
    expect(ends(differences)).toEqual({ repaired: 12 });
    expect(memberships(mark)).toHaveLength(12);
    expect(new Set(memberships(mark)).size).toBe(12);
    await expectEverybodyIn();
  });

  test("was the work of more than one of them, and left nothing on the queues", () => {
    expect(atWork.size).toBeGreaterThan(1);
    for (const queue of ["sweeps", "access", "analysts"])
      expect(scene.lab.bus.stats()[queue]).toMatchObject({ active: 0, deadLettered: 0 });
  });
});

describe("a resync in the middle of a night", () => {
  test("ends as the night does; nothing is written twice, and both reports are true", async () => {
    const operator = await operatorIn(scene, "Muster.Operate");
    const mark = await takeEverybodyOut();
    await scene.lab.hosts[0]?.fireTimer("nightly");
    const asked = await operator.ask({ scope: "all", mode: "apply" });
    expect(asked.status).toBe(202);
    await scene.pass(45 * minuteMs);
    const both = (await table().newest(2)).toSorted((a, b) => (a.occasion < b.occasion ? -1 : 1));
    expect(both.map(({ occasion }) => occasion)).toEqual(["night", "resync"]);
    expect(memberships(mark)).toHaveLength(12);
    expect(new Set(memberships(mark)).size).toBe(12);
    for (const { id } of both) {
      const { sweep, parts, differences } = await report(id);
      expect(sweep?.endedAt).toEqual(expect.any(Number));
      expect(parts.map(({ state }) => state)).toEqual(["done", "done", "done"]);
      // Whoever was seen by both was repaired by one look, and neither says that somebody else has to act.
      const { repaired = 0, "as-it-should-be": asItShouldBe = 0, ...others } = ends(differences);
      expect(others).toEqual({});
      expect(repaired + asItShouldBe).toBe(differences.length);
    }
    await expectEverybodyIn();
  });

  test("and the next night finds nothing", async () => {
    const mark = scene.mark();
    await scene.lab.hosts[0]?.fireTimer("nightly");
    await scene.pass(45 * minuteMs);
    const [night] = await table().newest(1);
    const { differences } = await report(night?.id ?? "");
    expect(differences.map(({ person, why }) => [person, ...why])).toEqual([]);
    expect(scene.writes(mark)).toEqual([]);
  });
});

testManners(() => scene);
