import { expect, test } from "vitest";
import { ids, idsIn, rolesExtension, testLab } from "./graph-world.ts";

const day = 24 * 60 * 60 * 1000;

test("a user without $select shows the default properties only: no accountEnabled, department or extensions", async () => {
  const admin = await (await testLab()).as("admin", ids.source);
  await admin.patch(`/users/${ids.ana}`, { [rolesExtension]: "hunter" });
  const { status, body } = await admin.get(`/users/${ids.ana}`);
  expect(status).toBe(200);
  expect(Object.keys(body).toSorted()).toEqual(
    [
      "@odata.context",
      "businessPhones",
      "displayName",
      "givenName",
      "id",
      "jobTitle",
      "mail",
      "mobilePhone",
      "officeLocation",
      "preferredLanguage",
      "surname",
      "userPrincipalName",
    ].toSorted(),
  );
});

test("$select shows exactly what it names; an extension without a value is left out", async () => {
  const admin = await (await testLab()).as("admin", ids.source);
  const select = `$select=id,accountEnabled,department,employeeId,${rolesExtension}`;
  const before = await admin.get(`/users/${ids.ana}?${select}`);
  expect(before.body).toEqual({
    "@odata.context": expect.stringContaining("$metadata#users(id,accountEnabled"),
    id: ids.ana,
    accountEnabled: true,
    department: "SOC",
    employeeId: null,
  });
  await admin.patch(`/users/${ids.ana}`, { [rolesExtension]: "hunter" });
  expect((await admin.get(`/users/${ids.ana}?${select}`)).body[rolesExtension]).toBe("hunter");
});

test("a user can be read by principal name, with # encoded", async () => {
  const guest = "ana_source.example#EXT#@contoso.example";
  const lab = await testLab({
    targetUsers: [{ id: ids.gus, displayName: "Ana", userPrincipalName: guest }],
  });
  const admin = await lab.as("admin", ids.contoso);
  const { body } = await admin.get(`/users/${encodeURIComponent(guest)}?$select=id`);
  expect(body.id).toBe(ids.gus);
});

test("a missing user is 404 Request_ResourceNotFound in Graph's envelope", async () => {
  const admin = await (await testLab()).as("admin", ids.contoso);
  const { status, body, headers } = await admin.get(`/users/${ids.ana}`, { "client-request-id": "mine" });
  expect(status).toBe(404);
  expect(body.error).toEqual({
    code: "Request_ResourceNotFound",
    message: `Resource '${ids.ana}' does not exist or one of its queried reference-property objects are not present.`,
    innerError: {
      date: expect.any(String),
      "request-id": headers.get("request-id"),
      "client-request-id": "mine",
    },
  });
});

test("answers carry the time of the lab's world, not of the machine it runs on", async () => {
  const lab = await testLab();
  const admin = await lab.as("admin", ids.contoso);
  const { headers } = await admin.get("/users");
  const ahead = Date.parse(headers.get("date") ?? "") - lab.clock.now();
  expect(Math.abs(ahead)).toBeLessThan(2_000);
});

test("PATCH answers 204 and changes what it names", async () => {
  const admin = await (await testLab()).as("admin", ids.source);
  const patched = await admin.patch(`/users/${ids.ana}`, { department: "Sales", accountEnabled: false });
  expect(patched.status).toBe(204);
  const { body } = await admin.get(`/users/${ids.ana}?$select=department,accountEnabled,jobTitle`);
  expect(body).toMatchObject({ department: "Sales", accountEnabled: false, jobTitle: "Threat Hunter" });
});

test.each([
  [{ nonsense: 1 }, "One or more property values specified are invalid"],
  [{ accountEnabled: null }, "Invalid value specified for property 'accountEnabled'"],
  [{ userPrincipalName: "ana@elsewhere.example" }, "The domain portion of the userPrincipalName"],
  [{ userPrincipalName: "ben@source.example" }, "Another object with the same value"],
  [
    { extension_00000000000040008000000000000000_x: "a" },
    "The following extension properties are not available",
  ],
  [{ [rolesExtension]: "x".repeat(257) }, "Invalid value specified"],
  [{ signInSessionsValidFromDateTime: "2026-01-01T00:00:00Z" }, "One or more property values"],
])("PATCH refuses %j", async (body, message) => {
  const admin = await (await testLab()).as("admin", ids.source);
  const answer = await admin.patch(`/users/${ids.ana}`, body);
  expect(answer.status).toBe(400);
  expect(answer.body.error).toMatchObject({
    code: "Request_BadRequest",
    message: expect.stringContaining(message),
  });
});

test("null clears an extension value", async () => {
  const admin = await (await testLab()).as("admin", ids.source);
  await admin.patch(`/users/${ids.ana}`, { [rolesExtension]: "hunter" });
  expect((await admin.patch(`/users/${ids.ana}`, { [rolesExtension]: null })).status).toBe(204);
  expect(
    (await admin.get(`/users/${ids.ana}?$select=${rolesExtension}`)).body[rolesExtension],
  ).toBeUndefined();
});

test("a body without a JSON content type is refused as Graph refuses it", async () => {
  const lab = await testLab();
  const admin = await lab.as("admin", ids.source);
  const request = (body: string, type: string) =>
    new Request(`${lab.lab.url}/v1.0/users/${ids.ana}`, {
      method: "PATCH",
      headers: { ...admin.headers, "content-type": type },
      body,
    });
  const untyped = await lab.lab.fetch(request('{"department":"x"}', "text/plain"));
  expect(untyped.status).toBe(400);
  expect(await untyped.json()).toMatchObject({ error: { message: expect.stringContaining("Content-Type") } });
  expect((await lab.lab.fetch(request("{", "application/json"))).status).toBe(400);
});

test("an administrator creates users; required properties are required", async () => {
  const admin = await (await testLab()).as("admin", ids.source);
  const person = {
    accountEnabled: true,
    displayName: "Dora",
    mailNickname: "dora",
    userPrincipalName: "dora@source.example",
  };
  const refused = await admin.post("/users", person);
  expect(refused.body.error?.message).toBe(
    "A value is required for property 'passwordProfile' of resource 'User'.",
  );
  const created = await admin.post("/users", { ...person, passwordProfile: { password: "secret" } });
  expect(created.status).toBe(201);
  expect(JSON.stringify(created.body)).not.toContain("secret");
  expect((await admin.get(`/users/dora@source.example?$select=id`)).body.id).toBe(created.body.id);
});

test("a deleted user is gone, waits 30 days in the recycle bin, and vanishes for good", async () => {
  const lab = await testLab();
  const admin = await lab.as("admin", ids.source);
  expect((await admin.delete(`/users/${ids.ana}`)).status).toBe(204);
  expect((await admin.delete(`/users/${ids.ana}`)).status).toBe(404);
  const bin = await admin.get("/directory/deletedItems/microsoft.graph.user?$select=id,displayName");
  expect(idsIn(bin)).toEqual([ids.ana]);
  const item = await admin.get(`/directory/deletedItems/${ids.ana}`);
  // The name is freed for others, so the deleted account carries its id before it.
  expect(item.body["userPrincipalName"]).toBe(`${ids.ana.replaceAll("-", "")}ana@source.example`);
  await lab.advance(30 * day);
  expect((await admin.get(`/directory/deletedItems/${ids.ana}`)).status).toBe(404);
});

test("a restored user is as before, memberships included", async () => {
  const admin = await (await testLab()).as("admin", ids.source);
  await admin.delete(`/users/${ids.ana}`);
  expect(idsIn(await admin.get(`/groups/${ids.readers}/members?$select=id`))).toEqual([ids.nested]);
  const restored = await admin.post(`/directory/deletedItems/${ids.ana}/restore`);
  expect(restored.status).toBe(200);
  expect(restored.body).toMatchObject({ id: ids.ana, "@odata.type": "#microsoft.graph.user" });
  expect(idsIn(await admin.get(`/groups/${ids.readers}/members?$select=id`))).toEqual([ids.ana, ids.nested]);
});

test("restoring is refused while someone else uses the name", async () => {
  const admin = await (await testLab()).as("admin", ids.source);
  await admin.delete(`/users/${ids.ana}`);
  await admin.patch(`/users/${ids.ben}`, { userPrincipalName: "ana@source.example" });
  expect((await admin.post(`/directory/deletedItems/${ids.ana}/restore`)).status).toBe(400);
});

test("deleting from the recycle bin ends the memberships", async () => {
  const admin = await (await testLab()).as("admin", ids.source);
  await admin.delete(`/users/${ids.ana}`);
  expect((await admin.delete(`/directory/deletedItems/${ids.ana}`)).status).toBe(204);
  expect((await admin.post(`/directory/deletedItems/${ids.ana}/restore`)).status).toBe(404);
});

test("revoking sessions answers 200 with true and moves the date", async () => {
  const admin = await (await testLab()).as("admin", ids.source);
  const { status, body } = await admin.post(`/users/${ids.ana}/revokeSignInSessions`);
  expect([status, body.value]).toEqual([200, true]);
  const read = await admin.get(`/users/${ids.ana}?$select=signInSessionsValidFromDateTime`);
  expect(read.body["signInSessionsValidFromDateTime"]).toBe("2026-11-20T08:00:00Z");
});

test("memberships are read directly, transitively, and by asking", async () => {
  const admin = await (await testLab()).as("admin", ids.source);
  const direct = await admin.get(`/users/${ids.ben}/memberOf?$select=id`);
  expect(direct.body.value).toEqual([{ "@odata.type": "#microsoft.graph.group", id: ids.nested }]);
  const path = `/users/${ids.ben}/transitiveMemberOf/microsoft.graph.group?$select=id&$count=true`;
  const transitive = await admin.get(path, { ConsistencyLevel: "eventual" });
  expect(idsIn(transitive).toSorted()).toEqual([ids.nested, ids.readers].toSorted());
  const groupIds = [ids.readers, ids.scope];
  const checked = await admin.post(`/users/${ids.ben}/checkMemberGroups`, { groupIds });
  expect(checked.body.value).toEqual([ids.readers]);
  const all = await admin.post(`/users/${ids.ben}/getMemberGroups`, { securityEnabledOnly: true });
  expect(all.body.value?.toSorted()).toEqual([ids.nested, ids.readers].toSorted());
});

test("checkMemberGroups takes at most 20 groups", async () => {
  const admin = await (await testLab()).as("admin", ids.source);
  const groupIds = Array.from({ length: 21 }, () => ids.readers);
  expect((await admin.post(`/users/${ids.ben}/checkMemberGroups`, { groupIds })).status).toBe(400);
});

test.each(["PATCH", "DELETE"])(
  "an app without a directory role cannot block or delete a role holder: %s",
  async (method) => {
    const app = await (await testLab()).as("app", ids.source);
    const path = `/users/${ids.cleo}`;
    const answer =
      method === "PATCH" ? await app.patch(path, { accountEnabled: false }) : await app.delete(path);
    expect(answer.status).toBe(403);
    expect(answer.body.error?.code).toBe("Authorization_RequestDenied");
  },
);

test("a role holder's ordinary properties can be written by an app", async () => {
  const app = await (await testLab()).as("app", ids.source);
  expect((await app.patch(`/users/${ids.cleo}`, { [rolesExtension]: "reader" })).status).toBe(204);
});

test("a mighty directory role of the app lifts the restriction", async () => {
  const lab = await testLab({ app: { directoryRoles: ["Privileged Authentication Administrator"] } });
  const app = await lab.as("app", ids.source);
  expect((await app.patch(`/users/${ids.cleo}`, { accountEnabled: false })).status).toBe(204);
});

test("members of a role-assignable group are role holders", async () => {
  const lab = await testLab();
  const admin = await lab.as("admin", ids.source);
  await admin.patch(`/groups/${ids.roleGroup}`, {
    "members@odata.bind": [`${lab.lab.url}/v1.0/directoryObjects/${ids.ana}`],
  });
  const app = await lab.as("app", ids.source);
  expect((await app.delete(`/users/${ids.ana}`)).status).toBe(403);
});

test("on-premises-synced users refuse changes in the cloud, extension values excepted", async () => {
  const lab = await testLab({
    users: [
      {
        id: ids.contoso,
        displayName: "Olaf",
        userPrincipalName: "olaf@source.example",
        onPremisesSyncEnabled: true,
      },
    ],
  });
  const admin = await lab.as("admin", ids.source);
  const refused = await admin.patch(`/users/${ids.contoso}`, { department: "x" });
  expect(refused.body.error?.message).toContain("on-premises mastered Directory Sync objects");
  expect((await admin.patch(`/users/${ids.contoso}`, { [rolesExtension]: "x" })).status).toBe(204);
});

test("what the lab cannot do it says: 501, in Graph's envelope", async () => {
  const admin = await (await testLab()).as("admin", ids.source);
  const { status, body } = await admin.get("/me/messages");
  expect([status, body.error?.code]).toEqual([501, "NotImplemented"]);
});
