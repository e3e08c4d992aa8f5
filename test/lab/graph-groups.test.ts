import { expect, test } from "vitest";
import { ids, idsIn, ref, testLab } from "./graph-world.ts";

const alreadyMember =
  "One or more added object references already exist for the following modified properties: 'members'.";
const bind = (...members: readonly string[]) => ({
  "members@odata.bind": members.map((id) => ref(id)["@odata.id"]),
});

const eventual = { ConsistencyLevel: "eventual" };

test("a member is added and removed by reference: 204 each", async () => {
  const admin = await (await testLab()).as("admin", ids.source);
  expect((await admin.post(`/groups/${ids.scope}/members/$ref`, ref(ids.ana))).status).toBe(204);
  expect(idsIn(await admin.get(`/groups/${ids.scope}/members?$select=id`))).toEqual([ids.ana]);
  expect((await admin.delete(`/groups/${ids.scope}/members/${ids.ana}/$ref`)).status).toBe(204);
  expect(idsIn(await admin.get(`/groups/${ids.scope}/members?$select=id`))).toEqual([]);
});

test("adding a member twice is a 400 that only its message explains", async () => {
  const admin = await (await testLab()).as("admin", ids.source);
  const { status, body } = await admin.post(`/groups/${ids.readers}/members/$ref`, ref(ids.ana));
  expect(status).toBe(400);
  expect(body.error).toMatchObject({ code: "Request_BadRequest", message: alreadyMember });
});

test("adding someone who does not exist, or removing someone who is no member, is a 404", async () => {
  const admin = await (await testLab()).as("admin", ids.source);
  const added = await admin.post(`/groups/${ids.scope}/members/$ref`, ref(ids.contoso));
  expect([added.status, added.body.error?.code]).toEqual([404, "Request_ResourceNotFound"]);
  const removed = await admin.delete(`/groups/${ids.scope}/members/${ids.ana}/$ref`);
  expect([removed.status, removed.body.error?.code]).toEqual([404, "Request_ResourceNotFound"]);
});

test("a malformed @odata.id is a 400", async () => {
  const admin = await (await testLab()).as("admin", ids.source);
  const { status } = await admin.post(`/groups/${ids.scope}/members/$ref`, { "@odata.id": "ana" });
  expect(status).toBe(400);
});

test("members@odata.bind adds all or none", async () => {
  const admin = await (await testLab()).as("admin", ids.source);
  const conflicting = await admin.patch(`/groups/${ids.readers}`, bind(ids.cleo, ids.ana));
  expect([conflicting.status, conflicting.body.error?.message]).toEqual([400, alreadyMember]);
  const missing = await admin.patch(`/groups/${ids.readers}`, bind(ids.cleo, ids.contoso));
  expect(missing.status).toBe(404);
  expect(idsIn(await admin.get(`/groups/${ids.readers}/members?$select=id`))).not.toContain(ids.cleo);
  expect((await admin.patch(`/groups/${ids.readers}`, bind(ids.cleo, ids.ben))).status).toBe(204);
  const members = idsIn(await admin.get(`/groups/${ids.readers}/members?$select=id`));
  expect(members).toEqual([ids.ana, ids.nested, ids.cleo, ids.ben]);
});

test("members@odata.bind takes at most 20", async () => {
  const admin = await (await testLab()).as("admin", ids.source);
  const many = Array.from({ length: 21 }, () => ids.cleo);
  expect((await admin.patch(`/groups/${ids.readers}`, bind(...many))).status).toBe(400);
});

test("members of every kind say their type; a cast shows users only, without it", async () => {
  const admin = await (await testLab()).as("admin", ids.source);
  const all = await admin.get(`/groups/${ids.readers}/members?$select=id,userPrincipalName`);
  expect(all.body.value).toEqual([
    { "@odata.type": "#microsoft.graph.user", id: ids.ana, userPrincipalName: "ana@source.example" },
    { "@odata.type": "#microsoft.graph.group", id: ids.nested },
  ]);
  const users = await admin.get(`/groups/${ids.readers}/members/microsoft.graph.user?$select=id`);
  expect(users.body.value).toEqual([{ id: ids.ana }]);
});

test("transitiveMembers includes the members of nested groups, each once, loops or not", async () => {
  const admin = await (await testLab()).as("admin", ids.source);
  await admin.post(`/groups/${ids.nested}/members/$ref`, ref(ids.readers));
  const path = `/groups/${ids.readers}/transitiveMembers/microsoft.graph.user?$select=id`;
  expect(idsIn(await admin.get(path)).toSorted()).toEqual([ids.ana, ids.ben].toSorted());
});

test("nested groups are listed by casts of members and transitive members, the latter as an advanced query", async () => {
  const admin = await (await testLab()).as("admin", ids.source);
  const deepest = { displayName: "Deepest", mailEnabled: false, mailNickname: "d", securityEnabled: true };
  const { id = "" } = (await admin.post("/groups", deepest)).body;
  await admin.post(`/groups/${ids.nested}/members/$ref`, ref(id));
  const direct = `/groups/${ids.readers}/members/microsoft.graph.group?$select=id`;
  expect((await admin.get(direct)).body.value).toEqual([{ id: ids.nested }]);
  const transitive = `/groups/${ids.readers}/transitiveMembers/microsoft.graph.group?$select=id`;
  const plain = await admin.get(transitive);
  expect([plain.status, plain.body.error]).toMatchObject([
    400,
    { code: "Request_UnsupportedQuery", message: "Invalid search request." },
  ]);
  const advanced = await admin.get(`${transitive}&$count=true`, eventual);
  expect(idsIn(advanced).toSorted()).toEqual([ids.nested, id].toSorted());
  expect(advanced.body["@odata.count"]).toBe(2);
});

test("a group tells which groups it is in, directly and transitively, page by page", async () => {
  const admin = await (await testLab()).as("admin", ids.source);
  await admin.post(`/groups/${ids.scope}/members/$ref`, ref(ids.readers));
  const group = (id: string) => ({ "@odata.type": "#microsoft.graph.group", id });
  const direct = await admin.get(`/groups/${ids.nested}/memberOf?$select=id`);
  expect(direct.body.value).toEqual([group(ids.readers)]);
  const first = await admin.get(`/groups/${ids.nested}/transitiveMemberOf?$select=id&$top=1`);
  expect(first.body.value).toEqual([group(ids.readers)]);
  const second = await admin.get(String(first.body["@odata.nextLink"]));
  expect([second.body.value, second.body["@odata.nextLink"]]).toEqual([[group(ids.scope)], undefined]);
  const cast = `/groups/${ids.nested}/transitiveMemberOf/microsoft.graph.group?$select=id`;
  expect((await admin.get(cast)).status).toBe(400);
  expect(idsIn(await admin.get(`${cast}&$count=true`, eventual))).toEqual([ids.readers, ids.scope]);
  expect((await admin.get(`/groups/${ids.ana}/memberOf?$select=id`)).status).toBe(404);
});

test.each([
  [ids.dynamic, 400, "dynamic membership"],
  [ids.onPremises, 400, "on-premises mastered Directory Sync objects"],
])("group %s refuses changes of its members", async (group, status, message) => {
  const admin = await (await testLab()).as("admin", ids.source);
  const answer = await admin.post(`/groups/${group}/members/$ref`, ref(ids.ana));
  expect(answer.status).toBe(status);
  expect(answer.body.error?.message).toContain(message);
});

test("a role-assignable group needs RoleManagement.ReadWrite.Directory besides", async () => {
  const plain = await (
    await testLab({ app: { roles: ["GroupMember.ReadWrite.All"] } })
  ).as("app", ids.source);
  const refused = await plain.post(`/groups/${ids.roleGroup}/members/$ref`, ref(ids.ana));
  expect([refused.status, refused.body.error?.code]).toEqual([403, "Authorization_RequestDenied"]);
  const roles = ["GroupMember.ReadWrite.All", "RoleManagement.ReadWrite.Directory"];
  const mighty = await (await testLab({ app: { roles } })).as("app", ids.source);
  expect((await mighty.post(`/groups/${ids.roleGroup}/members/$ref`, ref(ids.ana))).status).toBe(204);
});

test("isAssignableToRole cannot be changed", async () => {
  const admin = await (await testLab()).as("admin", ids.source);
  expect((await admin.patch(`/groups/${ids.readers}`, { isAssignableToRole: true })).status).toBe(400);
});

test("groups are created, changed, listed and deleted", async () => {
  const admin = await (await testLab()).as("admin", ids.source);
  const draft = { displayName: "New", mailEnabled: false, mailNickname: "new", securityEnabled: true };
  const created = await admin.post("/groups", { ...draft, ...bind(ids.ana) });
  expect(created.status).toBe(201);
  const id = String(created.body.id);
  expect(idsIn(await admin.get(`/groups/${id}/members?$select=id`))).toEqual([ids.ana]);
  expect((await admin.patch(`/groups/${id}`, { displayName: "Newer" })).status).toBe(204);
  const found = await admin.get("/groups?$select=id&$filter=displayName eq 'Newer'");
  expect(idsIn(found)).toEqual([id]);
  expect((await admin.delete(`/groups/${id}`)).status).toBe(204);
  // A security group has no recycle bin.
  expect((await admin.get(`/directory/deletedItems/${id}`)).status).toBe(404);
});

test("a Microsoft 365 group goes to the recycle bin and comes back with its members", async () => {
  const admin = await (await testLab()).as("admin", ids.source);
  const created = await admin.post("/groups", {
    displayName: "Team",
    mailEnabled: true,
    mailNickname: "team",
    securityEnabled: false,
    groupTypes: ["Unified"],
    ...bind(ids.ana),
  });
  const id = String(created.body.id);
  await admin.delete(`/groups/${id}`);
  expect(idsIn(await admin.get("/directory/deletedItems/microsoft.graph.group?$select=id"))).toEqual([id]);
  expect((await admin.post(`/directory/deletedItems/${id}/restore`)).status).toBe(200);
  expect(idsIn(await admin.get(`/groups/${id}/members?$select=id`))).toEqual([ids.ana]);
});

test("DELETE of a member without /$ref deletes the person, and is a breach of manners", async () => {
  const lab = await testLab();
  const app = await lab.as("app", ids.source);
  expect((await app.delete(`/groups/${ids.readers}/members/${ids.ana}`)).status).toBe(204);
  const admin = await lab.as("admin", ids.source);
  expect((await admin.get(`/directory/deletedItems/${ids.ana}`)).status).toBe(200);
  expect(lab.kinds()).toContain("delete-without-ref");
});
