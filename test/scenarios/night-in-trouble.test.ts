import { writeFile } from "node:fs/promises";
import { TableClient } from "@azure/data-tables";
import { parse, stringify } from "yaml";
import { beforeAll, describe, expect, test } from "vitest";
import { runs, type Runs } from "../../shared/state/runs.ts";
import { killAt } from "../support/host-deaths.ts";
import { openScene, policyText, testManners, type Person, type Scene } from "../support/lab.ts";

/** A night with a host that dies, a tenant that throttles for an hour, every notification lost for a day, an edit without an event. */
let scene: Scene;
let people: readonly Person[];
const hourMs = 60 * 60_000;

beforeAll(async () => {
  scene = await openScene({ targets: 2, weather: "calm" });
  people = await Promise.all(["Ada", "Bob", "Cleo", "Dan"].map((name) => scene.hire(`Sleepless ${name}`)));
  for (const person of people) await scene.join(person, "SOC Readers");
  await scene.pass();
});

const table = (): Runs =>
  runs(
    TableClient.fromConnectionString(scene.lab.tables.connectionString, "Runs", {
      allowInsecureConnection: true,
    }),
  );
const tenantOf = (target: string) => scene.lab.world.targets[target]?.tenantId ?? "";
const fire = () => scene.lab.hosts[0]?.fireTimer("nightly");

/** An administrator of the target takes somebody out of a group there. */
async function takeOut({ userPrincipalName }: Person, target: string): Promise<void> {
  const filter = `$filter=mail eq '${userPrincipalName}'&$select=id,mail`;
  const [account] = await scene.admin.list(tenantOf(target), `/users?${filter}`);
  const group = scene.lab.world.targets[target]?.groups["SOC Readers"] ?? "";
  const path = `/groups/${group}/members/${String(account?.["id"])}/$ref`;
  await scene.admin.call(tenantOf(target), "DELETE", path);
}

const membersOf = async (target: string) =>
  (await Promise.all(people.map((person) => scene.accessIn(person, target)))).filter(({ groups }) =>
    groups.includes("SOC Readers"),
  ).length;

async function newest() {
  const [sweep] = await table().newest(1);
  const parts = sweep === undefined ? [] : await table().parts(sweep.id);
  return { sweep, states: Object.fromEntries(parts.map(({ name, state }) => [name, state])), parts };
}

test("a host that is killed at every third request of a sweep is followed by another, and everybody is repaired", async () => {
  const [ada] = people;
  if (ada === undefined) throw new Error("nobody was hired");
  let fate = "killed";
  for (let nth = 1; fate === "killed"; nth += 3) {
    await takeOut(ada, "contoso");
    fate = await killAt(scene, { nth, moment: "an answer is lost" }, async () => {
      await fire();
      await scene.lab.advance(1_000);
    });
    const { sweep } = await newest();
    await scene.pass(20 * 60_000);
    expect({ nth, members: await membersOf("contoso") }).toEqual({ nth, members: people.length });
    const after = await table().read(sweep?.id ?? "");
    expect({ nth, ended: after?.endedAt !== null }).toEqual({ nth, ended: true });
    expect(nth).toBeLessThan(80);
  }
}, 300_000);

test("a tenant that throttles for an hour is compared when it has ended, and keeps no leaver of another waiting", async () => {
  const [, bob, cleo] = people;
  if (bob === undefined || cleo === undefined) throw new Error("nobody was hired");
  await takeOut(bob, "contoso");
  const id = scene.lab.graph.faults.add({
    kind: "throttle",
    retryAfterSeconds: 120,
    match: { tenant: tenantOf("contoso") },
  });
  await fire();
  await scene.lab.advance(60_000);
  expect((await newest()).states).toMatchObject({ fabrikam: "done", source: "done" });
  const at = scene.lab.clock.now();
  await scene.disable(cleo);
  await scene.lab.settled();
  expect((await scene.accessIn(cleo, "fabrikam")).account).toBe("deleted");
  expect(scene.lab.clock.now() - at).toBeLessThan(30_000);
  await scene.pass(hourMs);
  expect((await newest()).states["contoso"]).toBe("waiting");
  scene.lab.graph.faults.remove(id);
  await scene.pass(hourMs);
  expect((await newest()).states["contoso"]).toBe("done");
  expect((await scene.accessIn(bob, "contoso")).groups).toEqual(["SOC Readers"]);
  expect((await scene.accessIn(cleo, "contoso")).account).toBe("deleted");
});

type PolicyFile = { readonly profiles: { readonly standard: Record<string, { readonly groups: string[] }> } };

describe("an edit of the policy that no event announces", () => {
  test("is applied to everybody, compared with what the tenants show, and reported", async () => {
    const file = parse(await policyText(scene)) as PolicyFile; // the lab wrote it
    file.profiles.standard["reader"]?.groups.push("SOC Hunters");
    await writeFile(scene.lab.policyFile, stringify(file));
    await scene.lab.hosts[0]?.kill();
    await scene.lab.hosts[0]?.start();
    await scene.pass(hourMs);
    const { sweep, parts } = await newest();
    expect(sweep).toMatchObject({ occasion: "policy", endedAt: expect.any(Number) });
    expect(parts.map(({ name, state, counts }) => [name, state, counts.differ])).toEqual(
      ["contoso", "fabrikam", "source"].map((name) => [name, "done", 0]),
    );
    const [ada] = people;
    if (ada === undefined) throw new Error("nobody was hired");
    expect((await scene.accessIn(ada, "contoso")).groups).toEqual(["SOC Hunters", "SOC Readers"]);
  });
});

testManners(() => scene);
