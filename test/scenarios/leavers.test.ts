import { beforeAll, describe, expect, test } from "vitest";
import { weatherNames } from "../../lab/weather.ts";
import { openScene, testManners, type Person, type Scene } from "../support/lab.ts";

describe.each(weatherNames)("in %s weather", { timeout: 90_000 }, (weather) => {
  let scene: Scene;
  beforeAll(async () => {
    // Two targets, because a veteran differs between them; more of them go the same way.
    scene = await openScene({ weather, targets: 2 });
  });
  const everywhere = (state: string) => Object.fromEntries(scene.targets.map((target) => [target, state]));

  const people: Record<string, Person> = {};
  const person = (name: string): Person => {
    const found = people[name];
    if (found === undefined) throw new Error(`nobody hired ${name}`);
    return found;
  };
  // All of them come in one passage.
  beforeAll(async () => {
    people["Vera"] = { ...scene.lab.world.cast.veteran, displayName: "Vera" };
    for (const name of ["Rolf", "Dora", "Egon", "Hugo", "Tilda"]) people[name] = await scene.hire(name);
    for (const name of ["Rolf", "Dora", "Egon", "Tilda", "Vera"])
      await scene.join(person(name), "SOC Readers");
    await scene.patch(person("Hugo"), { department: "SOC", jobTitle: "Threat Hunter" });
    await scene.pass();
    for (const name of ["Rolf", "Dora", "Egon", "Tilda"])
      expect({ name, ...(await scene.access(person(name))) }).toEqual({
        name,
        ...everywhere("enabled: SOC Readers"),
      });
    expect(await scene.access(person("Hugo"))).toEqual(everywhere("enabled: SOC Hunters"));
    expect(await scene.access(person("Vera"))).toMatchObject({
      fabrikam: "enabled: Engineers, SOC Readers",
      contoso: "enabled: SOC Readers",
    });
    await scene.drop(person("Rolf"), "SOC Readers");
    await scene.remove(person("Dora"));
    await scene.remove(person("Egon"));
    const bin = `/directory/deletedItems/${person("Egon").id}`;
    await scene.admin.call(scene.lab.world.source.tenantId, "DELETE", bin);
    await scene.patch(person("Hugo"), { jobTitle: "Gardener" });
    await scene.pass();
  }, 120_000);

  describe("a leaver is out everywhere who was", () => {
    test.each([
      ["removed from the role group", "Rolf"],
      ["deleted in the source", "Dora"],
      ["deleted in the source for good", "Egon"],
      ["stripped of the attributes that made a hunter", "Hugo"],
    ])("%s", async (_, name) => {
      expect(await scene.access(person(name))).toEqual(everywhere("deleted"));
      expect(await provenOut(name)).toEqual(scene.targets.toSorted());
    });

    test("disabled, synced, and only then taken out of the group", async () => {
      const { lab } = scene;
      await lab.hosts[0]?.kill();
      await scene.disable(person("Tilda"));
      await scene.pass(41 * 60_000);
      await scene.drop(person("Tilda"), "SOC Readers");
      await lab.hosts[0]?.start();
      await scene.pass();
      expect(await scene.access(person("Tilda"))).toEqual(everywhere("deleted"));
      expect(await provenOut("Tilda")).toEqual(scene.targets.toSorted());
    });

    /** The targets in which it is proven that somebody has left. */
    async function provenOut(name: string): Promise<readonly string[]> {
      const proofs = (await scene.entries(person(name))).filter(
        ({ kind, plan }) => kind === "proof" && plan.purpose === "leave",
      );
      return [...new Set(proofs.map(({ target }) => target ?? ""))].toSorted();
    }
  });

  describe("what was there before Muster", () => {
    test("a stranger in a managed group is still there after everything", async () => {
      const contoso = scene.lab.world.targets["contoso"];
      const path = `/groups/${contoso?.groups["SOC Readers"]}/members?$select=id`;
      const members = await scene.admin.list(contoso?.tenantId ?? "", path);
      expect(members.map(({ id }) => id)).toContain(scene.lab.world.cast.stranger.id);
    });

    test("a veteran loses what Muster gave and keeps the account", async () => {
      // Later than the others: a role that loses so many at once keeps them.
      const vera = person("Vera");
      await scene.drop(vera, "SOC Readers");
      await scene.pass();
      expect(await scene.access(vera)).toEqual({
        ...everywhere("deleted"),
        fabrikam: "enabled: Engineers",
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
});
