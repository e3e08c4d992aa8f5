import { beforeAll, describe, expect, test } from "vitest";
import { weatherNames } from "../../lab/weather.ts";
import { openScene, testManners, type Person, type Scene } from "../support/lab.ts";

describe.each(weatherNames)("an analyst's life in %s weather", { timeout: 90_000 }, (weather) => {
  let scene: Scene;
  let ana: Person;
  beforeAll(async () => {
    scene = await openScene({ weather, targets: weather === "storm" ? 2 : 3 });
  });
  const everywhere = (state: string) => Object.fromEntries(scene.targets.map((target) => [target, state]));

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
    // Responders are in a group of the source as well.
    expect(new Set(proofs.map(({ target }) => target))).toEqual(new Set([...scene.targets, "source"]));
  });

  test("a leaver's sessions were revoked", () => {
    const revoked = scene.writes().filter((write) => write.includes("revokeSignInSessions"));
    if (weather === "calm") expect(revoked).toHaveLength(1);
    expect(revoked).toContain("POST /users/{id}/revokeSignInSessions 200");
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

  testManners(() => scene);
});
