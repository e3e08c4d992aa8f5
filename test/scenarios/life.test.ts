import { beforeAll, describe, expect, test } from "vitest";
import { openScene, testManners, type Person, type Scene } from "../support/lab.ts";

let scene: Scene;
beforeAll(async () => {
  scene = await openScene();
});

const everywhere = (state: string) => Object.fromEntries(scene.targets.map((target) => [target, state]));

describe("an analyst's life", () => {
  let ana: Person;

  test("a joiner has an account and exactly the policy's groups in every target", async () => {
    ana = await scene.hire("Ana");
    await scene.join(ana, "SOC Readers");
    await scene.pass();
    expect(await scene.access(ana)).toEqual(everywhere("enabled: SOC Readers"));
  });

  test("running everything again writes nothing", async () => {
    const mark = scene.mark();
    await scene.patch(ana, { displayName: "Ana" });
    await scene.pass();
    expect(scene.lab.graph.traffic(mark).filter(({ caller }) => caller === "app").length).toBeGreaterThan(0);
    expect(scene.writes(mark)).toEqual([]);
  });

  test("a mover gains the new role's groups and loses the old ones", async () => {
    await scene.join(ana, "SOC Responders");
    await scene.drop(ana, "SOC Readers");
    await scene.pass();
    expect(await scene.access(ana)).toEqual(everywhere("enabled: SOC Responders"));
  });

  test("two roles add up", async () => {
    await scene.patch(ana, { department: "SOC", jobTitle: "Threat Hunter" });
    await scene.pass();
    expect(await scene.access(ana)).toEqual(everywhere("enabled: SOC Hunters, SOC Responders"));
  });

  test("a leaver who is disabled has no access anywhere, with a proof for every target", async () => {
    await scene.disable(ana);
    await scene.pass();
    expect(await scene.access(ana)).toEqual(everywhere("deleted"));
    const proofs = (await scene.entries(ana)).filter(
      ({ kind, plan }) => kind === "proof" && plan.purpose === "leave",
    );
    expect(new Set(proofs.map(({ target }) => target))).toEqual(new Set(scene.targets));
  });

  test("a leaver's sessions are revoked once", () => {
    expect(scene.writes().filter((write) => write.includes("revokeSignInSessions"))).toHaveLength(1);
  });

  test("a rejoiner gets the same account back, and it is not doubled", async () => {
    await scene.patch(ana, { accountEnabled: true });
    await scene.pass();
    expect(await scene.access(ana)).toEqual(everywhere("enabled: SOC Hunters, SOC Responders"));
  });

  test("a sync cycle changes nothing of it", async () => {
    const mark = scene.mark();
    await scene.pass(45 * 60_000);
    expect(await scene.access(ana)).toEqual(everywhere("enabled: SOC Hunters, SOC Responders"));
    expect(scene.writes(mark)).toEqual([]);
  });
});

describe("ways to leave", () => {
  async function analyst(name: string): Promise<Person> {
    const person = await scene.hire(name);
    await scene.join(person, "SOC Readers");
    await scene.pass();
    expect(await scene.access(person)).toEqual(everywhere("enabled: SOC Readers"));
    return person;
  }

  test("removed from the role group", async () => {
    const person = await analyst("Rolf");
    await scene.drop(person, "SOC Readers");
    await scene.pass();
    expect(await scene.access(person)).toEqual(everywhere("deleted"));
  });

  test("deleted in the source", async () => {
    const person = await analyst("Dora");
    await scene.remove(person);
    await scene.pass();
    expect(await scene.access(person)).toEqual(everywhere("deleted"));
  });

  test("deleted in the source for good", async () => {
    const person = await analyst("Egon");
    await scene.remove(person);
    await scene.admin.call(scene.lab.world.source.tenantId, "DELETE", `/directory/deletedItems/${person.id}`);
    await scene.pass();
    expect(await scene.access(person)).toEqual(everywhere("deleted"));
  });

  test("the attributes that made a hunter are gone", async () => {
    const person = await scene.hire("Hugo");
    await scene.patch(person, { department: "SOC", jobTitle: "Threat Hunter" });
    await scene.pass();
    expect(await scene.access(person)).toEqual(everywhere("enabled: SOC Hunters"));
    await scene.patch(person, { jobTitle: "Gardener" });
    await scene.pass();
    expect(await scene.access(person)).toEqual(everywhere("deleted"));
  });

  test("disabled, synced, and only then taken out of the group: the account goes all the same", async () => {
    const person = await analyst("Tilda");
    const { lab } = scene;
    await lab.hosts[0]?.kill();
    await scene.disable(person);
    await scene.pass(41 * 60_000);
    await scene.drop(person, "SOC Readers");
    await lab.hosts[0]?.start();
    await scene.pass(5 * 60_000);
    expect(await scene.access(person)).toEqual(everywhere("deleted"));
  });
});

describe("what was there before Muster", () => {
  test("a stranger in a managed group is still there after everything", async () => {
    const contoso = scene.lab.world.targets["contoso"];
    const path = `/groups/${contoso?.groups["SOC Readers"]}/members?$select=id`;
    const members = await scene.admin.list(contoso?.tenantId ?? "", path);
    expect(members.map(({ id }) => id)).toContain(scene.lab.world.cast.stranger.id);
  });

  test("a veteran loses what Muster gave and keeps the account", async () => {
    const { veteran } = scene.lab.world.cast;
    const vera = { ...veteran, displayName: "Vera" };
    await scene.join(vera, "SOC Readers");
    await scene.pass();
    expect(await scene.access(vera)).toMatchObject({
      fabrikam: "enabled: Engineers, SOC Readers",
      contoso: "enabled: SOC Readers",
    });
    await scene.drop(vera, "SOC Readers");
    await scene.pass();
    expect(await scene.access(vera)).toEqual({
      contoso: "deleted",
      fabrikam: "enabled: Engineers",
      northwind: "deleted",
    });
    const notes = (await scene.entries(vera)).flatMap(({ plan }) => plan.notes.map(({ kind }) => kind));
    expect(notes).toContain("account-stays");
    expect(notes).toContain("scope-stays");
  });

  test("a protected account is never planned and never written", async () => {
    const { breakGlass } = scene.lab.world.cast;
    const mark = scene.mark();
    await scene.drop({ ...breakGlass, displayName: "" }, "SOC Readers");
    await scene.pass();
    expect(scene.writes(mark)).toEqual([]);
    expect((await scene.accessIn({ ...breakGlass, displayName: "" }, breakGlass.target)).groups).toEqual([
      "SOC Readers",
    ]);
  });
});

testManners(() => scene);
