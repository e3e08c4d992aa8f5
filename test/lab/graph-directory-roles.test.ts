import { expect, test } from "vitest";
import { graphData, graphDataNotice } from "../contract/data.ts";
import { shapeProblems } from "./answer-shape.ts";
import { ids, testLab, type Client } from "./graph-world.ts";

const root = "/roleManagement/directory";

async function assign(admin: Client, role: string, principalId: string = ids.ana) {
  const found = await admin.get(`${root}/roleDefinitions?$filter=displayName eq '${role}'`);
  const roleDefinitionId = String(found.body.value?.[0]?.id);
  return admin.post(`${root}/roleAssignments`, { principalId, roleDefinitionId, directoryScopeId: "/" });
}

test("an administrator makes somebody a role holder, whom an app cannot block until the role is taken away", async () => {
  const lab = await testLab();
  const [admin, app] = [await lab.as("admin", ids.source), await lab.as("app", ids.source)];
  const { status, body } = await assign(admin, "Security Reader");
  expect(status).toBe(201);
  const block = () => app.patch(`/users/${ids.ana}`, { accountEnabled: false });
  expect((await block()).status).toBe(403);
  const mine = await admin.get(`${root}/roleAssignments?$filter=principalId eq '${ids.ana}'`);
  expect(mine.body.value).toMatchObject([{ id: body.id, principalId: ids.ana, directoryScopeId: "/" }]);
  expect((await admin.delete(`${root}/roleAssignments/${body.id}`)).status).toBe(204);
  expect((await block()).status).toBe(204);
});

test("a role goes with its holder into the recycle bin, and can be taken away there", async () => {
  const lab = await testLab();
  const [admin, app] = [await lab.as("admin", ids.source), await lab.as("app", ids.source)];
  const { body } = await assign(admin, "Security Operator");
  await admin.delete(`/users/${ids.ana}`);
  const purge = () => app.delete(`/directory/deletedItems/${ids.ana}`);
  expect((await purge()).status).toBe(403);
  expect((await admin.delete(`${root}/roleAssignments/${body.id}`)).status).toBe(204);
  expect((await purge()).status).toBe(204);
});

test("a role that somebody has already, one that does not exist and somebody unknown are refused", async () => {
  const admin = await (await testLab()).as("admin", ids.source);
  await assign(admin, "Security Reader");
  expect((await assign(admin, "Security Reader")).status).toBe(400);
  expect((await assign(admin, "Court Jester")).status).toBe(404);
  expect((await assign(admin, "Security Reader", ids.contoso)).status).toBe(404);
});

test("an app cannot assign roles", async () => {
  const app = await (await testLab()).as("app", ids.source);
  expect((await app.post(`${root}/roleAssignments`, { principalId: ids.ana })).status).toBe(403);
});

const data = graphData();
test.skipIf(data === undefined)(
  `the answers are those of Microsoft's metadata${data === undefined ? ` (${graphDataNotice})` : ""}`,
  async () => {
    const admin = await (await testLab()).as("admin", ids.source);
    const { body } = await assign(admin, "Security Reader");
    const found = (await admin.get(`${root}/roleDefinitions`)).body.value ?? [];
    const metadata = data?.metadata ?? expect.fail();
    expect(shapeProblems(metadata, "microsoft.graph.unifiedRoleAssignment", body)).toEqual([]);
    for (const one of found)
      expect(shapeProblems(metadata, "microsoft.graph.unifiedRoleDefinition", one)).toEqual([]);
  },
);
