import { beforeAll, describe, expect, test } from "vitest";
import { openScene, testManners, type Person, type Scene } from "../support/lab.ts";

/**
 * Contoso delegates to a group of the source tenant, as Azure Lighthouse does. Responders are in it, whatever becomes of their
 * accounts, and whoever is none any more is not.
 */
let scene: Scene;
let veteran: Person;
const delegated = "Lighthouse Responders";
beforeAll(async () => {
  scene = await openScene();
  // Enough others that one who leaves is within the removal budget.
  for (const name of ["Steady Sam", "Steady Sue"]) await scene.join(await scene.hire(name), "SOC Responders");
  veteran = await scene.hire("Delegated Del");
  await direct(veteran, "POST");
  await scene.pass();
});

const group = () => String(scene.lab.world.source.sourceGroups[delegated]);

/** An administrator puts somebody into the group, or takes them out. */
async function direct({ id }: Person, method: "POST" | "DELETE"): Promise<void> {
  const { admin, lab } = scene;
  const path = `/groups/${group()}/members`;
  const body = { "@odata.id": `${lab.graph.url}/v1.0/directoryObjects/${id}` };
  const { tenantId } = lab.world.source;
  if (method === "POST") await admin.call(tenantId, "POST", `${path}/$ref`, body);
  else await admin.call(tenantId, "DELETE", `${path}/${id}/$ref`);
}

async function isIn({ id }: Person): Promise<boolean> {
  const members = await scene.admin.list(
    scene.lab.world.source.tenantId,
    `/groups/${group()}/members?$select=id`,
  );
  return members.some((member) => member["id"] === id);
}

async function responder(name: string): Promise<Person> {
  const person = await scene.hire(name);
  await scene.join(person, "SOC Responders");
  await scene.pass();
  expect(await isIn(person)).toBe(true);
  return person;
}

/** The last proof of somebody at home. */
const proof = async (person: Person) =>
  (await scene.entries(person)).findLast(({ kind, target }) => kind === "proof" && target === "source");

test("a joiner is in it long before sync has made an account in the target", async () => {
  const joiner = await scene.hire("Quick Quinn");
  await scene.join(joiner, "SOC Responders");
  await scene.pass();
  const entries = await scene.entries(joiner);
  const given = entries.find(
    ({ target, steps }) => target === "source" && steps.some(({ step }) => step.kind === "grant"),
  );
  const made = entries.find(
    ({ target, steps }) => target === "contoso" && steps.some(({ step }) => step.kind === "grant"),
  );
  expect(given?.sinceEventMs).toBeLessThan(30_000);
  expect(made?.sinceEventMs).toBeGreaterThan(60_000);
});

test("a mover who is a reader now is in it no more", async () => {
  const mover = await responder("Moving Mo");
  await scene.join(mover, "SOC Readers");
  await scene.drop(mover, "SOC Responders");
  await scene.pass();
  expect(await isIn(mover)).toBe(false);
});

describe("a leaver", () => {
  test.each([
    ["dropped from the role group", (person: Person) => scene.drop(person, "SOC Responders")],
    ["disabled", (person: Person) => scene.disable(person)],
  ])(
    "who is %s is out of it within a minute, keeps their own user, and that is proven",
    async (how, leave) => {
      const leaver = await responder(`Leaver ${how}`);
      await leave(leaver);
      await scene.pass(60_000);
      expect(await isIn(leaver)).toBe(false);
      await scene.pass();
      expect(await proof(leaver)).toMatchObject({ plan: { purpose: "leave", steps: [] } });
      const writes = scene.writes().filter((write) => write.includes(leaver.id));
      expect(
        writes.filter((write) => write.includes("accountEnabled") || /DELETE \/users\/[^/]+$/.test(write)),
      ).toEqual([]);
    },
  );

  test("who is deleted first and restored without a role has nothing of it", async () => {
    const leaver = await responder("Restored Rae");
    await scene.remove(leaver);
    await scene.pass();
    expect(await proof(leaver)).toMatchObject({ plan: { purpose: "leave", steps: [] } });
    await scene.restore(leaver);
    await scene.drop(leaver, "SOC Responders");
    await scene.pass();
    expect(await isIn(leaver)).toBe(false);
  });

  test("whose target does not answer is out of it all the same", async () => {
    const leaver = await responder("Faraway Fay");
    const fault = scene.lab.graph.faults.add({ kind: "error", status: 503, match: { tenant: "contoso" } });
    await scene.drop(leaver, "SOC Responders");
    await scene.pass(60_000);
    expect(await isIn(leaver)).toBe(false);
    scene.lab.graph.faults.remove(fault);
    await scene.pass();
  });

  test("who was in it before Muster stays in it", async () => {
    await scene.join(veteran, "SOC Responders");
    await scene.pass();
    await scene.drop(veteran, "SOC Responders");
    await scene.pass();
    expect(await isIn(veteran)).toBe(true);
  });
});

testManners(() => scene);
