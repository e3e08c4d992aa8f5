import { writeFile } from "node:fs/promises";
import { beforeAll, expect, test } from "vitest";
import { parse, stringify } from "yaml";
import type { World } from "../../lab/world.ts";
import type { ParkedMessage } from "../../shared/queue/keys.ts";
import { openScene, policyText, testManners, type Person, type Scene } from "../support/lab.ts";

/**
 * Three targets, and three ways into scope: the application's own role, an access package that is assigned at once, and one that somebody
 * has to approve.
 */
type PolicyFile = { targets: Record<string, { sync: { scope: object } }> };

let scene: Scene;
let policy: PolicyFile;
beforeAll(async () => {
  scene = await openScene({ targets: 3, policyOf });
  policy = parse(await policyText(scene)) as PolicyFile; // made here
  for (const name of ["Steady Sam", "Steady Sue"]) await scene.join(await scene.hire(name), "SOC Readers");
});

function policyOf(world: World): string {
  const file = parse(world.policy) as PolicyFile; // the lab's own
  setScope(file, "contoso", { appRole: "msiam_access" });
  setScope(file, "fabrikam", { accessPackage: "Access to fabrikam", policy: "Direct" });
  setScope(file, "northwind", { accessPackage: "Access to northwind", policy: "With approval" });
  return stringify(file);
}

function setScope({ targets }: PolicyFile, name: string, scope: object): void {
  const target = targets[name];
  if (target === undefined) throw new Error(`the policy has no target ${name}`);
  target.sync.scope = scope;
}

const entitlement = "/identityGovernance/entitlementManagement";
const source = () => scene.lab.world.source.tenantId;

/** Roles that somebody is assigned themselves, by target. */
async function rolesOf({ id }: Person): Promise<readonly string[]> {
  const assigned = await scene.admin.list(source(), `/users/${id}/appRoleAssignments`);
  const own = assigned.filter(({ principalId }) => principalId === id);
  return Object.entries(scene.lab.world.targets)
    .filter(([, { sync }]) => own.some(({ resourceId }) => resourceId === sync.servicePrincipal))
    .map(([name]) => name);
}

/** States of all their assignments and open requests in the source. */
async function papersOf({ id }: Person): Promise<readonly string[]> {
  const of = (who: string) => encodeURIComponent(`${who}/objectId eq '${id}'`);
  const assignments = await scene.admin.list(
    source(),
    `${entitlement}/assignments?$filter=${of("target")}&$expand=accessPackage`,
  );
  const requests = await scene.admin.list(
    source(),
    `${entitlement}/assignmentRequests?$filter=${of("requestor")}&$expand=accessPackage`,
  );
  const words = [...assignments, ...requests].map(
    ({ state, accessPackage }) =>
      `${(accessPackage as { displayName: string }).displayName}: ${String(state)}`, // expanded
  );
  return words.filter((word) => !/expired$|delivered$/.test(word)).toSorted();
}

async function approve({ id }: Person): Promise<void> {
  const filter = encodeURIComponent(`requestor/objectId eq '${id}'`);
  const requests = await scene.admin.list(source(), `${entitlement}/assignmentRequests?$filter=${filter}`);
  const waiting = requests.find(({ state }) => state === "pendingApproval");
  const approval = `${entitlement}/accessPackageAssignmentApprovals/${String(waiting?.["id"])}`;
  const [stage] = await scene.admin.list(source(), `${approval}/stages`);
  const body = { reviewResult: "Approve", justification: "on the team" };
  await scene.admin.call(source(), "PATCH", `${approval}/stages/${String(stage?.["id"])}`, body);
}

const told = () => scene.lab.bus.peek("parked").map(({ body }) => (body as ParkedMessage).reason); // Muster alone writes there
const hoursMs = (hours: number) => hours * 3_600_000;

let joiner: Person;

test("a joiner comes into scope in each way, and waits only where somebody has to approve", async () => {
  joiner = await scene.hire("Quick Quinn");
  await scene.join(joiner, "SOC Readers");
  await scene.pass(hoursMs(0.5));
  expect(await scene.access(joiner)).toEqual({
    contoso: "enabled: SOC Readers",
    fabrikam: "enabled: SOC Readers",
    northwind: "none",
  });
  expect(await rolesOf(joiner)).toEqual(["contoso", "fabrikam"]);
  expect(await papersOf(joiner)).toEqual(["Access to northwind: pendingApproval"]);
  expect(told()).toEqual([]);
});

test("hours later it is approved, and the account is not waited for as if it had been due since then", async () => {
  await scene.pass(hoursMs(1.6));
  await approve(joiner);
  await scene.pass(hoursMs(1));
  expect(await scene.access(joiner)).toMatchObject({ northwind: "enabled: SOC Readers" });
  expect(await rolesOf(joiner)).toEqual(["contoso", "fabrikam", "northwind"]);
  expect(told()).toEqual([]);
});

test("a second look writes nothing", async () => {
  const since = scene.mark();
  await scene.patch(joiner, { officeLocation: "Lisbon" });
  await scene.pass();
  expect(scene.writes(since)).toEqual([]);
});

test("who leaves while the approval is open is told of with the request, and is out of what comes of it", async () => {
  const leaver = await scene.hire("Leaving Lou");
  await scene.join(leaver, "SOC Readers");
  await scene.pass(hoursMs(0.5));
  await scene.drop(leaver, "SOC Readers");
  await scene.pass(hoursMs(0.5));
  expect(await rolesOf(leaver)).toEqual([]);
  expect(told()).toContainEqual(
    expect.stringMatching(/^northwind: .*Access to northwind.* waits for approval$/),
  );
  expect(await scene.access(leaver)).toMatchObject({
    contoso: "deleted",
    fabrikam: "deleted",
    northwind: "none",
  });
  await approve(leaver);
  await scene.pass(hoursMs(1.2));
  expect(await rolesOf(leaver)).toEqual([]);
  expect(await papersOf(leaver)).toEqual([]);
  const proofs = (await scene.entries(leaver)).filter(
    ({ kind, plan }) => kind === "proof" && plan.purpose === "leave",
  );
  expect(new Set(proofs.map(({ target }) => target))).toEqual(new Set(["contoso", "fabrikam", "northwind"]));
});

test("a policy that names another kind of scope moves everybody over, and nobody loses an account", async () => {
  const before = scene.mark();
  setScope(policy, "contoso", { accessPackage: "Access to contoso", policy: "Direct" });
  setScope(policy, "fabrikam", { group: "Sync to fabrikam" });
  await writeFile(scene.lab.policyFile, stringify(policy));
  for (const host of scene.lab.hosts) {
    await host.kill();
    await host.start();
  }
  await scene.pass(hoursMs(1.2));
  expect(await scene.access(joiner)).toEqual({
    contoso: "enabled: SOC Readers",
    fabrikam: "enabled: SOC Readers",
    northwind: "enabled: SOC Readers",
  });
  // In fabrikam it comes through the group by now, in contoso through the package.
  expect(await rolesOf(joiner)).toEqual(["contoso", "northwind"]);
  expect(scene.writes(before).filter((write) => /^(DELETE|PATCH) \/users\/\{id\} /.test(write))).toEqual([]);
});

test("whoever leaves is out of all of them", async () => {
  await scene.drop(joiner, "SOC Readers");
  await scene.pass(hoursMs(1));
  expect(await rolesOf(joiner)).toEqual([]);
  expect(await scene.access(joiner)).toEqual({
    contoso: "deleted",
    fabrikam: "deleted",
    northwind: "deleted",
  });
});

testManners(() => scene);
