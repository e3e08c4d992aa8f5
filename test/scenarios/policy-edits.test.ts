import { writeFile } from "node:fs/promises";
import { beforeAll, describe, expect, test } from "vitest";
import { parse, stringify } from "yaml";
import type { ParkedMessage } from "../../shared/queue/keys.ts";
import { openScene, policyText, testManners, type Person, type Scene } from "../support/lab.ts";

/** Whoever edits the policy makes mistakes, and changes names: nobody gains or loses anything by that alone. */

type PolicyFile = {
  roles: Record<string, unknown>;
  profiles: { standard: Record<string, { groups: string[] }> };
  targets: Record<string, unknown>;
};

let scene: Scene;
let policy: PolicyFile;
let people: readonly Person[];
beforeAll(async () => {
  scene = await openScene({ targets: 2, hosts: 2, weather: "calm" });
  policy = parse(await policyText(scene)) as PolicyFile; // the lab wrote it
  people = await Promise.all(["Ada", "Bo", "Cy", "Di", "Ed", "Flo", "Gus", "Hal"].map(scene.hire));
  for (const person of people) await scene.join(person, "SOC Readers");
  await scene.pass();
  await expectAll(people, "enabled: SOC Readers");
});

/** Every catch-up that a new policy brings about, and the looks after it. */
const caughtUpMs = 25 * 60_000;

const everywhere = (state: string) => Object.fromEntries(scene.targets.map((target) => [target, state]));

async function expectAll(those: readonly Person[], state: string): Promise<void> {
  for (const person of those)
    expect({ who: person.displayName, ...(await scene.access(person)) }).toEqual({
      who: person.displayName,
      ...everywhere(state),
    });
}

/** Deploys another policy, as a new version of the app: to both hosts, or to the second one only. */
async function deploy(
  change: (policy: PolicyFile) => void,
  to: "both" | "the second" = "both",
): Promise<void> {
  change(policy);
  await writeFile(scene.lab.policyFile, stringify(policy));
  for (const host of to === "both" ? scene.lab.hosts : scene.lab.hosts.slice(1)) {
    await host.kill();
    await host.start();
  }
}

const renamed = <T>(record: Record<string, T>, from: string, to: string): Record<string, T> =>
  Object.fromEntries(Object.entries(record).map(([name, value]) => [name === from ? to : name, value]));

/** What people were told, reasons only. */
const told = () => scene.lab.bus.peek("parked").map(({ body }) => (body as ParkedMessage).reason); // Muster alone writes there

describe("a new grant", () => {
  test("reaches everybody who holds the role, without an event about any of them", async () => {
    await deploy(({ profiles }) => profiles.standard["reader"]?.groups.push("SOC Hunters"));
    await scene.pass(caughtUpMs);
    await expectAll(people, "enabled: SOC Hunters, SOC Readers");
  });

  test("is decided by the newer policy, also while a host still runs with the older one", async () => {
    await deploy(({ profiles }) => profiles.standard["reader"]?.groups.pop(), "the second");
    await scene.pass(caughtUpMs);
    await expectAll(people, "enabled: SOC Readers");
    for (const person of people) await scene.patch(person, { officeLocation: "between two versions" });
    await scene.pass();
    await expectAll(people, "enabled: SOC Readers");
  });
});

describe("a role that is renamed", () => {
  const leavers: Person[] = [];

  test("is the same role: nobody loses anything", async () => {
    await deploy((file) => {
      file.roles = renamed(file.roles, "reader", "observer");
      file.profiles.standard = renamed(file.profiles.standard, "reader", "observer");
    });
    await scene.pass(caughtUpMs);
    await expectAll(people, "enabled: SOC Readers");
  });

  test("lets out everybody who is dropped afterwards, the second one as well as the first", async () => {
    leavers.push(...people.slice(0, 2));
    for (const person of leavers) {
      await scene.drop(person, "SOC Readers");
      await scene.pass();
      await expectAll([person], "deleted");
    }
    people = people.slice(2);
    await expectAll(people, "enabled: SOC Readers");
    expect(told()).toEqual([]);
  });
});

describe("a scope group that is replaced by another", () => {
  const replacement = "Sync to contoso, new";

  /** What the administrator does before the policy is edited: the new group is assigned to the synchronization as the old one is. */
  async function assignBoth(): Promise<string> {
    const { admin, lab } = scene;
    const { tenantId, groups } = lab.world.source;
    const made = (await admin.call(tenantId, "POST", "/groups", {
      displayName: replacement,
      mailEnabled: false,
      mailNickname: "sync-to-contoso-new",
      securityEnabled: true,
    })) as { id: string }; // Graph answers with the group
    const principal = lab.world.targets["contoso"]?.sync.servicePrincipal;
    const path = `/servicePrincipals/${principal}/appRoleAssignedTo`;
    const known = await admin.list(tenantId, path);
    const role = known.find(({ principalId }) => principalId === groups["Sync to contoso"])?.["appRoleId"];
    await admin.call(tenantId, "POST", path, {
      principalId: made.id,
      resourceId: principal,
      appRoleId: role,
    });
    return made.id;
  }

  const membersOf = async (group: string | undefined) =>
    (await scene.admin.list(scene.lab.world.source.tenantId, `/groups/${group}/members`)).length;

  test("is left when a sync cycle has seen everybody in the new one, and nobody's account goes", async () => {
    const { groups } = scene.lab.world.source;
    const group = await assignBoth();
    const mark = scene.mark();
    await deploy((file) => {
      const { contoso } = file.targets as Record<string, { sync: { scope: { group: string } } }>;
      if (contoso !== undefined) contoso.sync.scope.group = replacement;
    });
    await scene.pass(caughtUpMs);
    expect([await membersOf(groups["Sync to contoso"]), await membersOf(group)]).toEqual([
      people.length,
      people.length,
    ]);
    await scene.pass(2 * 60 * 60_000);
    expect([await membersOf(groups["Sync to contoso"]), await membersOf(group)]).toEqual([0, people.length]);
    await expectAll(people, "enabled: SOC Readers");
    expect(scene.writes(mark).filter((write) => !write.includes("/members/"))).toEqual([]);
  });
});

describe("a target that is renamed", () => {
  test("is the same tenant: what Muster owns there stays Muster's, and a leaver loses it", async () => {
    await deploy((file) => {
      file.targets = renamed(file.targets, "contoso", "contoso-emea");
    });
    await scene.pass(caughtUpMs);
    await expectAll(people, "enabled: SOC Readers");
    const [leaver, ...others] = people;
    if (leaver === undefined) throw new Error("there is nobody left");
    await scene.disable(leaver);
    await scene.pass();
    await expectAll([leaver], "deleted");
    people = others;
    await expectAll(people, "enabled: SOC Readers");
  });
});

describe("a role that is taken out of the policy under its holders", () => {
  test("is refused in the source, and nobody loses anything in the targets either", async () => {
    const { observer } = policy.profiles.standard;
    const role = policy.roles["observer"];
    const mark = scene.mark();
    await deploy((file) => {
      delete file.roles["observer"];
      delete file.profiles.standard["observer"];
    });
    await scene.pass(caughtUpMs);
    for (const person of people) await scene.patch(person, { officeLocation: "here" });
    await scene.pass(caughtUpMs);
    await expectAll(people, "enabled: SOC Readers");
    expect(scene.writes(mark)).toEqual([]);
    expect(told().join("\n")).toMatch(/5 of 5 holders of observer /);
    await deploy((file) => {
      if (observer !== undefined) file.profiles.standard["observer"] = observer;
      file.roles["observer"] = role;
    });
    await scene.pass(caughtUpMs);
    await expectAll(people, "enabled: SOC Readers");
    expect(scene.writes(mark)).toEqual([]);
  });

  test("and given back, it lets out who is dropped then", async () => {
    const [leaver, ...others] = people;
    if (leaver === undefined) throw new Error("there is nobody left");
    await scene.drop(leaver, "SOC Readers");
    await scene.pass();
    await expectAll([leaver], "deleted");
    await expectAll(others, "enabled: SOC Readers");
  });
});

testManners(() => scene);
