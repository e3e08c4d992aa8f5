import { expect, test } from "vitest";
import { guidFrom } from "../../lab/graph/ids.ts";
import { ids, idsIn, testLab, type Changes } from "./graph-world.ts";
import { root } from "./entitlement-scene.ts";

const packageId = guidFrom(1, "package of the sync");
const policyId = guidFrom(1, "policy of the sync");
const second = 1_000;

/** A package in the source tenant that holds the sync application with its own role. */
async function scene(changes: Changes = {}) {
  const catalogId = guidFrom(1, "catalog of the source");
  const lab = await testLab({
    entitlement: {
      source: {
        catalogs: [{ id: catalogId, displayName: "SOC" }],
        packages: [
          { id: packageId, displayName: "Contoso", catalogId, roles: [{ servicePrincipal: ids.syncApp }] },
        ],
        policies: [{ id: policyId, packageId, displayName: "Direct" }],
      },
    },
    ...changes,
  });
  const app = await lab.as("app", ids.source);
  const request = (body: object) => app.post(`${root}/assignmentRequests`, body);
  return {
    lab,
    app,
    add: () =>
      request({
        requestType: "adminAdd",
        assignment: { targetId: ids.ana, assignmentPolicyId: policyId, accessPackageId: packageId },
      }),
    remove: (id: string) => request({ requestType: "adminRemove", assignment: { id } }),
    target: await lab.as("app", ids.contoso),
  };
}

const rolesOf = `/servicePrincipals/${ids.syncApp}/appRoleAssignedTo`;

test("a package with the sync application puts its people in scope, and their accounts are the app's", async () => {
  const { lab, app, add, remove, target } = await scene();
  await add();
  expect((await app.get(rolesOf)).body.value).toMatchObject([
    { principalId: ids.scope },
    { principalId: ids.ana },
  ]);
  await lab.lab.runSyncCycle();
  const accounts = idsIn(await target.get("/users?$select=id"));
  expect(accounts).toHaveLength(1);
  const [{ id = "" } = {}] = (await app.get(`${root}/assignments`)).body.value ?? [];
  await remove(id);
  expect((await app.get(rolesOf)).body.value).toMatchObject([{ principalId: ids.scope }]);
  await lab.lab.runSyncCycle();
  expect(idsIn(await target.get("/users?$select=id"))).toEqual([]);
  expect(lab.kinds()).toEqual([]);
});

test("deleting such an account is the app's right; ending the role assignment behind the package is not", async () => {
  const { lab, app, add, target } = await scene();
  await add();
  await lab.lab.runSyncCycle();
  const [account] = idsIn(await target.get("/users?$select=id"));
  expect((await target.delete(`/users/${account}`)).status).toBe(204);
  expect(lab.kinds()).toEqual([]);
  const { value = [] } = (await app.get(rolesOf)).body;
  const assignment = value.find((each) => each["principalId"] === ids.ana);
  await app.delete(`${rolesOf}/${assignment?.id}`);
  expect(lab.kinds()).toEqual(["unowned-write"]);
});

test("the lab waits for such an assignment to show, as for any other", async () => {
  const { lab, add } = await scene({ weather: { assignmentMs: [90 * second, 90 * second] } });
  await add();
  expect(lab.clock.expected().map(({ label }) => label)).toEqual([
    expect.stringContaining("ana@source.example"),
  ]);
});

test("role scopes name the application and its role", async () => {
  const { app } = await scene();
  const path = `${root}/accessPackages/${packageId}/resourceRoleScopes?$expand=role,scope`;
  expect((await app.get(path)).body.value).toMatchObject([
    {
      role: { displayName: "msiam_access", originSystem: "AadApplication" },
      scope: { originId: ids.syncApp, originSystem: "AadApplication" },
    },
  ]);
});
