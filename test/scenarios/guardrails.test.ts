import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { parse, stringify } from "yaml";
import type { LabOptions } from "../../lab/start-lab.ts";
import { buildWorld } from "../../lab/world.ts";
import { explain } from "../../shared/planner/explain.ts";
import type { ParkedMessage } from "../../shared/queue/keys.ts";
import { openScene, testManners, type Person, type Scene } from "../support/lab.ts";

/** What the policy's own brakes do: modes, the removal budget, and how leavers' accounts are treated. */

type PolicyFile = {
  targets: Record<string, { mode: string }>;
  leavers: Record<string, unknown>;
};

/** A lab whose world is the usual one and whose policy differs from the usual one. */
async function sceneWith(change: (policy: PolicyFile) => void, options: LabOptions = {}): Promise<Scene> {
  const size = { seed: 1, analysts: 0, targets: 3, weather: "calm", ...options } as const;
  const policy = parse(buildWorld(size).policy) as PolicyFile; // the lab wrote it
  change(policy);
  const folder = await mkdtemp(join(tmpdir(), "muster-policy-"));
  const policyFile = join(folder, "policy.yaml");
  await writeFile(policyFile, stringify(policy));
  const scene = await openScene({ ...size, policyFile });
  await rm(folder, { recursive: true });
  return scene;
}

const everywhere = (scene: Scene, state: string) =>
  Object.fromEntries(scene.targets.map((target) => [target, state]));

async function reader(scene: Scene, name: string): Promise<Person> {
  const person = await scene.hire(name);
  await scene.join(person, "SOC Readers");
  await scene.pass();
  return person;
}

/** Looks every moment, in real time: what is waited for happens while the lab is not at rest. */
async function waitUntil(isSo: () => boolean, withinMs: number): Promise<"in time" | "too late"> {
  const until = performance.now() + withinMs;
  while (!isSo()) {
    if (performance.now() > until) return "too late";
    await sleep(50);
  }
  return "in time";
}

/** What people were told about anybody, reasons only. */
const told = ({ lab }: Scene): readonly string[] =>
  lab.bus.peek("parked").map(({ body }) => (body as ParkedMessage).reason); // Muster alone writes there

async function inScope({ lab, admin }: Scene, person: Person, target: string): Promise<boolean> {
  const { tenantId, groups } = lab.world.source;
  const members = await admin.list(tenantId, `/groups/${groups[`Sync to ${target}`]}/members?$select=id`);
  return members.some(({ id }) => id === person.id);
}

describe("modes", () => {
  let scene: Scene;
  let mona: Person;
  afterAll(() => scene.lab.stop());
  beforeAll(async () => {
    scene = await sceneWith(({ targets }) => {
      Object.assign(targets["contoso"] ?? {}, { mode: "observe" });
      Object.assign(targets["fabrikam"] ?? {}, { mode: "add-only" });
    });
  });

  const journalOf = async (target: string) =>
    (await scene.entries(mona)).filter((entry) => entry.target === target);

  test("observe: a joiner gets nothing there, and the journal holds the plan", async () => {
    mona = await reader(scene, "Mona");
    expect(await scene.access(mona)).toEqual({
      contoso: "none",
      fabrikam: "enabled: SOC Readers",
      northwind: "enabled: SOC Readers",
    });
    expect(await inScope(scene, mona, "contoso")).toBe(false);
    const plans = (await journalOf("contoso")).flatMap(({ plan }) => explain(plan)).join("\n");
    expect(plans).toMatch(/will not put into scope through Sync to contoso \(mode\): .* observe/);
    expect(plans).toMatch(/will not ask cross-tenant sync .* \(mode\)/);
    const { tenantId } = scene.lab.world.targets["contoso"] ?? {};
    const changes = scene.lab.graph
      .traffic()
      .filter((record) => record.caller === "app" && record.tenantId === tenantId)
      .filter(({ method, template }) => method !== "GET" && !template.endsWith("$batch"));
    expect(changes).toEqual([]);
  });

  test("add-only: a mover gains the new groups and keeps the old ones", async () => {
    await scene.join(mona, "SOC Responders");
    await scene.drop(mona, "SOC Readers");
    await scene.pass();
    expect(await scene.access(mona)).toEqual({
      contoso: "none",
      fabrikam: "enabled: SOC Readers, SOC Responders",
      northwind: "enabled: SOC Responders",
    });
  });

  test("add-only: a leaver keeps everything there, the journal says so and claims no proof", async () => {
    await scene.disable(mona);
    await scene.pass();
    const { account, groups } = await scene.accessIn(mona, "fabrikam");
    expect(groups).toEqual(["SOC Readers", "SOC Responders"]);
    expect(account).toBe("enabled");
    expect(await inScope(scene, mona, "fabrikam")).toBe(true);
    expect((await scene.accessIn(mona, "northwind")).account).toBe("deleted");
    const leaving = (await journalOf("fabrikam")).filter(({ plan }) => plan.purpose === "leave");
    expect(leaving.flatMap(({ plan }) => explain(plan)).join("\n")).toMatch(
      /will not remove from SOC Readers \(mode\): .* add-only/,
    );
    expect(leaving.filter(({ kind }) => kind === "proof")).toEqual([]);
  });

  testManners(() => scene);
});

describe("a policy that only observes", () => {
  let scene: Scene;
  afterAll(() => scene.lab.stop());
  beforeAll(async () => {
    scene = await sceneWith(
      ({ targets }) => {
        for (const target of Object.values(targets)) target.mode = "observe";
      },
      { targets: 1 },
    );
  });

  test("writes nothing at all, in the source neither, for a joiner and a leaver", async () => {
    const mark = scene.mark();
    const nils = await reader(scene, "Nils");
    await scene.disable(nils);
    await scene.pass();
    const plans = (await scene.entries(nils)).flatMap(({ plan }) => explain(plan)).join("\n");
    expect(plans).toMatch(/will not put into scope/);
    expect(scene.writes(mark)).toEqual([]);
  });

  testManners(() => scene);
});

describe("many at once", () => {
  let scene: Scene;
  afterAll(() => scene.lab.stop());
  beforeAll(async () => {
    scene = await sceneWith(() => undefined, { analysts: 18, targets: 2 });
  }, 90_000);
  afterEach(() => scene.lab.graph.faults.clear());

  const holders = (role: string): readonly Person[] =>
    scene.lab.world.analysts
      .filter((analyst) => analyst.role === role)
      .map(({ id, userPrincipalName }) => ({ id, userPrincipalName, displayName: "" }));

  async function expectAll(people: readonly Person[], state: string): Promise<void> {
    for (const person of people) expect(await scene.access(person)).toEqual(everywhere(scene, state));
  }

  test("an emptied role group: nobody loses anything, people are told the counts, and all is well afterwards", async () => {
    const readers = holders("reader");
    const mark = scene.mark();
    for (const person of readers) await scene.drop(person, "SOC Readers");
    await scene.pass(6 * 60_000);
    await expectAll(readers, "enabled: SOC Readers");
    expect(told(scene).join("\n")).toMatch(/6 of 6 holders of reader /);
    const count = told(scene).length;
    await scene.pass(20 * 60_000);
    expect(told(scene)).toHaveLength(count);
    for (const person of readers) await scene.join(person, "SOC Readers");
    await scene.pass(6 * 60_000);
    await expectAll(readers, "enabled: SOC Readers");
    expect(scene.writes(mark)).toEqual([]);
  });

  test("one who leaves while the others stay: that one is out", async () => {
    const [one, ...others] = holders("reader");
    if (one === undefined) throw new Error("the lab has no readers");
    await scene.drop(one, "SOC Readers");
    await scene.pass();
    await expectAll([one], "deleted");
    await expectAll(others, "enabled: SOC Readers");
    await scene.join(one, "SOC Readers");
    await scene.pass();
    await expectAll([one], "enabled: SOC Readers");
  });

  test("an attribute that everybody loses at once: nobody loses anything", async () => {
    const hunters = holders("hunter");
    for (const person of hunters) await scene.patch(person, { department: null });
    await scene.pass(6 * 60_000);
    const states = await Promise.all(hunters.map((person) => scene.accessIn(person, "contoso")));
    for (const person of hunters) await scene.patch(person, { department: "SOC" });
    await scene.pass(6 * 60_000);
    await expectAll(hunters, "enabled: SOC Hunters");
    expect(states.map(({ account }) => account)).toEqual(hunters.map(() => "enabled"));
  });

  test("another group takes the role group's name: nobody loses anything", async () => {
    const responders = holders("responder");
    const { tenantId, groups } = scene.lab.world.source;
    const renamed = (displayName: string, id = groups["SOC Responders"]) =>
      scene.admin.call(tenantId, "PATCH", `/groups/${id}`, { displayName });
    await renamed("SOC Responders of old");
    const usurper = (await scene.admin.call(tenantId, "POST", "/groups", {
      displayName: "SOC Responders",
      mailEnabled: false,
      mailNickname: "usurper",
      securityEnabled: true,
    })) as { id: string }; // Graph answers with the group
    await scene.pass(16 * 60_000);
    for (const person of responders) await scene.patch(person, { officeLocation: "here" });
    await scene.pass(6 * 60_000);
    await expectAll(responders, "enabled: SOC Responders");
    expect(told(scene).join("\n")).toMatch(/6 of 6 holders of responder /);
    await renamed("Usurper", usurper.id);
    await renamed("SOC Responders");
    await scene.pass(16 * 60_000);
    await expectAll(responders, "enabled: SOC Responders");
  });

  test("a target that is silent, and has more to do than there are workers: the other one is served", async () => {
    const people = [...holders("reader"), ...holders("hunter"), ...holders("responder")];
    const mark = scene.mark();
    const contoso = scene.lab.world.targets["contoso"]?.tenantId;
    const silence = Promise.withResolvers<void>();
    const end = scene.lab.graph.onRequest(async ({ caller, tenantId }) => {
      if (caller === "app" && tenantId === contoso) await silence.promise;
    });
    for (const person of people.slice(0, 12)) await scene.join(person, "SOC Responders");
    for (const person of people.slice(12)) await scene.join(person, "SOC Readers");
    const served = await waitUntil(() => grantsIn("fabrikam", mark) === people.length, 20_000);
    end();
    silence.resolve();
    await scene.pass(6 * 60_000);
    expect(grantsIn("contoso", mark)).toBeGreaterThanOrEqual(people.length);
    expect(served).toBe("in time");
  }, 60_000);

  const grantsIn = (target: string, mark: number): number =>
    scene.lab.graph
      .traffic(mark)
      .filter(
        ({ caller, tenantId }) => caller === "app" && tenantId === scene.lab.world.targets[target]?.tenantId,
      )
      .filter(({ method, path, status }) => method === "POST" && path.includes("/members/") && status === 204)
      .length;

  test("a role group that is deleted: nobody loses anything, and people are told", async () => {
    const readers = holders("reader");
    const { tenantId, groups } = scene.lab.world.source;
    await scene.admin.call(tenantId, "DELETE", `/groups/${groups["SOC Readers"]}`);
    await scene.pass(16 * 60_000);
    for (const person of readers) await scene.patch(person, { officeLocation: "there" });
    await scene.pass(6 * 60_000);
    for (const person of readers)
      expect((await scene.accessIn(person, "contoso")).groups).toContain("SOC Readers");
    expect(told(scene).join("\n")).toMatch(/role reader: there is no group/);
  });

  testManners(() => scene);
});

describe("leavers whose accounts are kept for a while", () => {
  let scene: Scene;
  afterAll(() => scene.lab.stop());
  beforeAll(async () => {
    scene = await sceneWith(({ leavers }) =>
      Object.assign(leavers, { deleteAfter: "PT3H", revokeSessions: false }),
    );
    // What cross-tenant sync does of its own accord is not what these tests are about, except where one says so.
    await sync("pause");
  });
  afterEach(() => scene.lab.graph.faults.clear());

  const sync = (act: "pause" | "start") =>
    Promise.all(
      Object.values(scene.lab.world.targets).map(({ sync: { servicePrincipal, job } }) =>
        scene.admin.call(
          scene.lab.world.source.tenantId,
          "POST",
          `/servicePrincipals/${servicePrincipal}/synchronization/jobs/${job}/${act}`,
        ),
      ),
    );

  test("are blocked and without grants at once, and deleted when the time has come", async () => {
    const rita = await reader(scene, "Rita");
    await scene.disable(rita);
    await scene.pass();
    expect(await scene.access(rita)).toEqual(everywhere(scene, "blocked"));
    expect(await inScope(scene, rita, "contoso")).toBe(false);
    await scene.pass(2.9 * 60 * 60_000);
    expect(await scene.access(rita)).toEqual(everywhere(scene, "blocked"));
    await scene.pass(0.2 * 60 * 60_000);
    expect(await scene.access(rita)).toEqual(everywhere(scene, "deleted"));
  });

  // Leaving the scope is what ends access at once, and cross-tenant sync deletes whoever is out of scope.
  test("go with the next cycle where cross-tenant sync runs, and the journal says that they may", async () => {
    await sync("start");
    const rosa = await reader(scene, "Rosa");
    await scene.disable(rosa);
    await scene.pass();
    expect(await scene.access(rosa)).toEqual(everywhere(scene, "blocked"));
    const words = (await scene.entries(rosa)).flatMap(({ plan }) => explain(plan)).join("\n");
    await scene.pass(45 * 60_000);
    await sync("pause");
    expect(await scene.access(rosa)).toEqual(everywhere(scene, "deleted"));
    expect(words).toMatch(/cross-tenant sync may do so earlier/);
    await scene.patch(rosa, { accountEnabled: true });
    await scene.pass();
    expect(await scene.access(rosa)).toEqual(everywhere(scene, "enabled: SOC Readers"));
  });

  test("are unblocked for somebody who comes back, also when a replica still shows the account as it was", async () => {
    const ruth = await reader(scene, "Ruth");
    await scene.disable(ruth);
    await scene.lab.settled();
    expect(await scene.access(ruth)).toEqual(everywhere(scene, "blocked"));
    scene.lab.graph.faults.add({
      kind: "lag",
      ms: 20_000,
      match: { path: "^/users/[^/]+$", tenant: "contoso" },
    });
    await scene.patch(ruth, { accountEnabled: true });
    await scene.pass(5 * 60_000);
    expect(await scene.access(ruth)).toEqual(everywhere(scene, "enabled: SOC Readers"));
  });

  test("are blocked again for somebody who came back for a moment, whatever the replica shows", async () => {
    const rhea = await reader(scene, "Rhea");
    await scene.disable(rhea);
    await scene.pass(5 * 60_000);
    await scene.patch(rhea, { accountEnabled: true });
    await scene.lab.settled();
    expect(await scene.access(rhea)).toEqual(everywhere(scene, "enabled: SOC Readers"));
    scene.lab.graph.faults.add({
      kind: "lag",
      ms: 20_000,
      match: { path: "^/users/[^/]+$", tenant: "contoso" },
    });
    await scene.disable(rhea);
    await scene.pass(5 * 60_000);
    expect(await scene.access(rhea)).toEqual(everywhere(scene, "blocked"));
  });

  test("keep their sessions when the policy says so", () => {
    expect(scene.writes().filter((write) => write.includes("revokeSignInSessions"))).toEqual([]);
  });

  testManners(() => scene);
});

describe("leavers whose accounts go whoever made them, without a block", () => {
  let scene: Scene;
  afterAll(() => scene.lab.stop());
  beforeAll(async () => {
    scene = await sceneWith(({ leavers }) => Object.assign(leavers, { accounts: "all", block: false }));
  });

  test("a veteran's account goes as well, and comes back with the veteran", async () => {
    const vera = { ...scene.lab.world.cast.veteran, displayName: "Vera" };
    await scene.join(vera, "SOC Readers");
    await scene.pass();
    expect((await scene.accessIn(vera, "fabrikam")).groups).toEqual(["Engineers", "SOC Readers"]);
    await scene.drop(vera, "SOC Readers");
    await scene.pass();
    expect(await scene.access(vera)).toEqual(everywhere(scene, "deleted"));
    expect(await inScope(scene, vera, "fabrikam")).toBe(false);
    await scene.join(vera, "SOC Readers");
    await scene.pass();
    expect((await scene.accessIn(vera, "fabrikam")).groups).toEqual(["Engineers", "SOC Readers"]);
  });

  test("nobody is blocked on the way out", async () => {
    await scene.disable(await reader(scene, "Wanda"));
    await scene.pass();
    const blocks = scene.lab.graph
      .traffic()
      .filter(
        ({ caller, method, tenantId }) =>
          caller === "app" && method === "PATCH" && tenantId !== scene.lab.world.source.tenantId,
      );
    expect(blocks.map(({ path, requestBody }) => [path, requestBody])).toEqual([]);
  });

  // The policy asks for what the lab calls bad manners: taking away an account that the app did not make.
  test("nothing unowned was touched except the veteran's account", () => {
    const { veteran } = scene.lab.world.cast;
    const others = scene.lab.graph
      .violations()
      .filter(
        ({ request }) =>
          !request.endsWith(`/users/${veteran.account}`) && !request.includes(`/members/${veteran.id}/`),
      );
    expect(others).toEqual([]);
  });
});
