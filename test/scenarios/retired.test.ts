import { writeFile } from "node:fs/promises";
import { beforeAll, describe, expect, test } from "vitest";
import { parse, stringify } from "yaml";
import type { ParkedMessage } from "../../shared/queue/keys.ts";
import { openScene, policyText, testManners, type Person, type Scene } from "../support/lab.ts";

/** A target comes and goes with its block in the policy: what Muster gave there is taken back first, and by name. */
type Target = Record<string, unknown>;
type PolicyFile = { targets: Record<string, Target> };

let scene: Scene;
let policy: PolicyFile;
let contoso: Target;
let ada: Person;
let bo: Person;
beforeAll(async () => {
  scene = await openScene({ targets: 2, weather: "calm" });
  policy = parse(await policyText(scene)) as PolicyFile; // the lab wrote it
  contoso = policy.targets["contoso"] ?? {};
  [ada, bo] = [await scene.hire("Ada"), await scene.hire("Bo")];
  await joinScopeThroughTeam(bo);
  for (const person of [ada, bo]) await scene.join(person, "SOC Readers");
  await scene.pass();
});

/** Every catch-up that a new policy brings about, and the looks after it. */
const caughtUpMs = 25 * 60_000;

async function deploy(targets: PolicyFile["targets"]): Promise<void> {
  await writeFile(scene.lab.policyFile, stringify({ ...policy, targets }));
  for (const host of scene.lab.hosts) {
    await host.kill();
    await host.start();
  }
  await scene.pass(caughtUpMs);
}

const source = () => scene.lab.world.source;
const others = () =>
  Object.fromEntries(Object.entries(policy.targets).filter(([name]) => name !== "contoso"));

/** An administrator nests a team in the scope group, which sync does not look into. */
async function joinScopeThroughTeam({ id }: Person): Promise<void> {
  const { tenantId, groups } = source();
  const reference = (member: string) => ({
    "@odata.id": `${scene.lab.graph.url}/v1.0/directoryObjects/${member}`,
  });
  const team = (await scene.admin.call(tenantId, "POST", "/groups", {
    displayName: "Night shift",
    mailEnabled: false,
    mailNickname: "night-shift",
    securityEnabled: true,
  })) as { id: string }; // Graph answers with the group
  await scene.admin.call(tenantId, "POST", `/groups/${team.id}/members/$ref`, reference(id));
  const scope = groups["Sync to contoso"];
  await scene.admin.call(tenantId, "POST", `/groups/${scope}/members/$ref`, reference(team.id));
}

/** Who is in scope of Contoso themselves. */
async function inScope(): Promise<readonly string[]> {
  const { tenantId, groups } = source();
  const members = await scene.admin.list(tenantId, `/groups/${groups["Sync to contoso"]}/members`);
  const ids = members.map(({ id }) => String(id));
  return [ada, bo].filter(({ id }) => ids.includes(id)).map(({ displayName }) => displayName);
}

const told = () => scene.lab.bus.peek("parked").map(({ body }) => body as ParkedMessage); // Muster alone writes there

const isReader = "enabled: SOC Readers";

test("who is in the scope group through another group only is put into it, and the plan says why", async () => {
  expect(await inScope()).toEqual(["Ada", "Bo"]);
  expect(await scene.access(bo)).toEqual({ contoso: isReader, fabrikam: isReader });
  const nested = async (person: Person) =>
    (await scene.entries(person))
      .flatMap(({ plan }) => plan.notes)
      .filter(({ kind }) => kind === "scope-nested");
  expect(await nested(ada)).toEqual([]);
  expect(await nested(bo)).toContainEqual({ kind: "scope-nested", name: "Sync to contoso" });
});

describe("a target", () => {
  test("that is taken out of the policy too early is refused by name with what to do, and nobody loses anything", async () => {
    const mark = scene.mark();
    await deploy(others());
    expect(scene.writes(mark)).toEqual([]);
    for (const person of [ada, bo])
      expect(await scene.access(person)).toEqual({ contoso: isReader, fabrikam: isReader });
    const words = told().map(({ reason, advice }) => `${reason}; ${advice}`);
    expect(words.length).toBeGreaterThan(0);
    for (const one of words) expect(one).toMatch(/contoso.*retire: true/);
  });

  test("that is retired first is left by everybody, with proof, and they stay in the others", async () => {
    await deploy({ ...others(), contoso: { ...contoso, retire: true } });
    await scene.pass(60 * 60_000);
    expect(await inScope()).toEqual([]);
    for (const person of [ada, bo]) {
      expect(await scene.access(person)).toEqual({ contoso: "deleted", fabrikam: isReader });
      const proofs = (await scene.entries(person)).filter(
        ({ kind, plan }) => kind === "proof" && plan.purpose === "leave",
      );
      expect(proofs.map(({ target }) => target)).toContain("contoso");
    }
  });

  test("may then be taken out without a word and without a write", async () => {
    const [mark, before] = [scene.mark(), told().length];
    await deploy(others());
    expect(scene.writes(mark)).toEqual([]);
    expect(told().length).toBe(before);
  });
});

testManners(() => scene);
