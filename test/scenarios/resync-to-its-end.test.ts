import { beforeAll, describe, expect, test } from "vitest";
import { z } from "zod";
import { runSchema } from "../../shared/runtime/api/run-answer.ts";
import { openScene, testManners, type Person, type Scene } from "../support/lab.ts";
import { operatorIn, type Operator } from "../support/operator.ts";

/** An operator does not wait for the night: somebody has taken what Muster gave, and that is found, planned and repaired. */
let scene: Scene;
let operator: Operator;
let ada: Person;
let ben: Person;
beforeAll(async () => {
  scene = await openScene({ targets: 2, weather: "calm" });
  operator = await operatorIn(scene, "Muster.Operate");
  [ada, ben] = [await scene.hire("Ada"), await scene.hire("Ben")];
  for (const person of [ada, ben]) await scene.join(person, "SOC Responders");
  await scene.pass();
  for (const person of [ada, ben]) await takeAway(person, "contoso");
  await scene.lab.advance(200_000);
});

type Target = { readonly tenantId: string; readonly groups: Readonly<Record<string, string>> };
const nowhere: Target = { tenantId: "", groups: {} };
const targetOf = (name: string): Target => scene.lab.world.targets[name] ?? nowhere;

async function accountOf({ userPrincipalName }: Person, target: string): Promise<string> {
  const filter = `$filter=mail eq '${userPrincipalName}'&$select=id,mail`;
  const [account] = await scene.admin.list(targetOf(target).tenantId, `/users?${filter}`);
  return String(account?.["id"]);
}

async function takeAway(person: Person, target: string): Promise<void> {
  const { tenantId, groups } = targetOf(target);
  const members = `/groups/${groups["SOC Responders"]}/members`;
  await scene.admin.call(tenantId, "DELETE", `${members}/${await accountOf(person, target)}/$ref`);
}

/** Asks, waits for the end, and reads what came of it. */
async function resync(scope: unknown, mode: "plan" | "apply") {
  const { status, headers } = await operator.ask({ scope, mode });
  expect(status).toBe(202);
  await scene.pass(45 * 60_000);
  const { body } = await operator.call("GET", headers.get("location") ?? "");
  const run = z.strictObject(runSchema.shape).parse(body);
  expect(run).toMatchObject({ state: "over", ended: expect.any(String), occasion: "resync", mode });
  expect(run.progress.over).toBe(run.progress.places);
  return run;
}

const foundIn = (run: z.output<typeof runSchema>) =>
  run.places.flatMap(({ name, differences }) =>
    differences.map(({ person, why, end }) => `${name}: ${person}: ${why.join(", ")}: ${end?.kind}`),
  );

describe("a resync", () => {
  test("that is to plan says who differs and what would be done, and writes nothing", async () => {
    const mark = scene.mark();
    const run = await resync({ target: "contoso" }, "plan");
    expect(foundIn(run).toSorted()).toEqual([
      `contoso: ${ada.userPrincipalName}: SOC Responders is missing: planned`,
      `contoso: ${ben.userPrincipalName}: SOC Responders is missing: planned`,
    ]);
    const [place] = run.places;
    expect(place).toMatchObject({ state: "done", compared: 2, counts: { differ: 2, planned: 2 } });
    expect(place?.differences[0]?.plan).toMatchObject({
      target: "contoso",
      words: ["will add to SOC Responders"],
      steps: [{ kind: "grant", name: "SOC Responders" }],
    });
    expect(scene.writes(mark)).toEqual([]);
  });

  test("of one analyst repairs what is theirs, and nobody else's", async () => {
    const run = await resync({ analyst: ada.id }, "apply");
    // Who is asked for is looked at wherever they are, also where nothing differs.
    expect(foundIn(run)).toEqual([
      `contoso: ${ada.userPrincipalName}: SOC Responders is missing: repaired`,
      "fabrikam: null: it was asked for: as-it-should-be",
      "source: null: it was asked for: as-it-should-be",
    ]);
    expect((await scene.accessIn(ada, "contoso")).groups).toEqual(["SOC Responders"]);
    expect((await scene.accessIn(ben, "contoso")).groups).toEqual([]);
  });

  test("of everything repairs the rest, and the next one finds nothing", async () => {
    expect(foundIn(await resync("all", "apply"))).toEqual([
      `contoso: ${ben.userPrincipalName}: SOC Responders is missing: repaired`,
    ]);
    const mark = scene.mark();
    expect(foundIn(await resync("all", "apply"))).toEqual([]);
    expect(scene.writes(mark)).toEqual([]);
  });

  test("of the source repairs what is there, and looks nowhere else", async () => {
    await takeAway(ben, "fabrikam");
    const { tenantId, sourceGroups } = scene.lab.world.source;
    const members = `/groups/${sourceGroups["Lighthouse Responders"]}/members`;
    await scene.admin.call(tenantId, "DELETE", `${members}/${ada.id}/$ref`);
    await scene.lab.advance(200_000);
    expect(foundIn(await resync({ target: "source" }, "apply"))).toEqual([
      `source: ${ada.userPrincipalName}: Lighthouse Responders is missing: repaired`,
    ]);
    expect((await scene.admin.list(tenantId, members)).map(({ id }) => id)).toContain(ada.id);
    expect((await scene.accessIn(ben, "fabrikam")).groups).toEqual([]);
    await resync({ target: "fabrikam" }, "apply");
    expect((await scene.accessIn(ben, "fabrikam")).groups).toEqual(["SOC Responders"]);
  });

  test("shows in each place what a person has to see to", async () => {
    const account = await accountOf(ben, "fabrikam");
    await scene.admin.call(targetOf("fabrikam").tenantId, "PATCH", `/users/${account}`, {
      accountEnabled: false,
    });
    await scene.pass(60 * 60_000);
    await resync({ target: "fabrikam" }, "apply");
    await scene.pass(60 * 60_000);
    const run = await resync({ analyst: ben.id }, "plan");
    const found = run.places.map(({ name, findings }) => [name, findings.map(({ kind }) => kind)]);
    expect(Object.fromEntries(found)).toEqual({ contoso: [], fabrikam: ["blocked-account"], source: [] });
  });

  test("is listed, with who has asked for it, the newest first", async () => {
    const { body } = await operator.call("GET", "/api/runs");
    const { runs } = z
      .object({ runs: z.array(z.object({ scope: z.unknown(), by: z.string().nullable() })) })
      .parse(body);
    const { clientId } = scene.lab.world.apps.operators["Muster.Operate"];
    const asked = runs.filter(({ by }) => by !== null);
    expect(asked.every(({ by }) => by?.includes(clientId))).toBe(true);
    expect(asked.map(({ scope }) => scope)).toEqual([
      { analyst: ben.id },
      { target: "fabrikam" },
      { target: "fabrikam" },
      { target: "source" },
      "all",
      "all",
      { analyst: ada.id },
      { target: "contoso" },
    ]);
  });
});

testManners(() => scene);
