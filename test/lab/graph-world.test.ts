import { X509Certificate } from "node:crypto";
import { expect, test } from "vitest";
import { startClock } from "../../lab/clock.ts";
import { createCertificates } from "../../lab/graph/certificates.ts";
import { guidFrom, mintFrom } from "../../lab/graph/ids.ts";
import { startGraph } from "../../lab/graph/simulator.ts";
import { ids, idsIn, rolesExtension, testLab, type Body } from "./graph-world.ts";

test("ids look like GUIDs, depend on seed and names only, and differ", () => {
  const id = guidFrom(1, "ana");
  expect(id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
  expect(guidFrom(1, "ana")).toBe(id);
  expect(new Set([id, guidFrom(2, "ana"), guidFrom(1, "ben"), guidFrom(1, "a", "na")]).size).toBe(4);
  const [one, two] = [mintFrom(1, "x"), mintFrom(1, "x")];
  expect([one("user"), one("user"), one("group")]).toEqual([two("user"), two("user"), two("group")]);
});

test("the same seed and the same requests give the same ids", async () => {
  const run = async () => {
    const admin = await (await testLab()).as("admin", ids.source);
    const { body } = await admin.post("/users", {
      accountEnabled: true,
      displayName: "Dora",
      mailNickname: "dora",
      userPrincipalName: "dora@source.example",
      passwordProfile: { password: "secret" },
    });
    return body.id;
  };
  expect(await run()).toBe(await run());
});

test("certificates are for localhost, 127.0.0.1 and ::1, signed by the root, and last ten years", async () => {
  const { caPem, certPem, keyPem } = await createCertificates();
  const [root, leaf] = [new X509Certificate(caPem), new X509Certificate(certPem)];
  expect(leaf.verify(root.publicKey)).toBe(true);
  expect(root.ca).toBe(true);
  expect(leaf.checkHost("localhost")).toBe("localhost");
  expect([leaf.checkIP("127.0.0.1"), leaf.checkIP("::1")]).toEqual(["127.0.0.1", "::1"]);
  expect(keyPem).toContain("PRIVATE KEY");
  const years = (Date.parse(leaf.validTo) - Date.now()) / (365.25 * 24 * 60 * 60 * 1000);
  expect(years).toBeGreaterThan(9.9);
});

test("a world of 2,000 people starts in under a second and shows all of them", async () => {
  const { certPem, keyPem } = await createCertificates();
  const users = Array.from({ length: 2_000 }, (_, n) => ({
    id: guidFrom(1, "person", n),
    displayName: `Person ${n}`,
    userPrincipalName: `person${n}@source.example`,
  }));
  const clock = startClock();
  const startedAt = performance.now();
  const lab = await startGraph({
    clock,
    ca: { cert: certPem, key: keyPem },
    seed: {
      seed: 1,
      tenants: [{ id: ids.source, name: "source", kind: "source", defaultDomain: "source.example", users }],
      apps: [],
    },
  });
  const tookMs = performance.now() - startedAt;
  clock.stop();
  await lab.close();
  expect(tookMs).toBeLessThan(1_000);
});

test("a seed that contradicts itself is refused with the reason", async () => {
  await expect(testLab({ job: { targetTenantId: "nowhere" } })).rejects.toThrow("joins tenants");
  await expect(testLab({ world: { tenants: [strayMember], syncJobs: [] } })).rejects.toThrow(
    "unknown member",
  );
});

const strayMember = {
  id: ids.source,
  name: "source",
  kind: "source",
  defaultDomain: "source.example",
  groups: [{ id: ids.readers, displayName: "Readers", members: [ids.ana] }],
} as const;

test("service principals are found by app id, in every tenant that consented", async () => {
  const lab = await testLab();
  const filter = `$filter=appId eq '${ids.extensionApp}'&$select=id,appId,displayName`;
  const count = async (tenant: string) => {
    const admin = await lab.as("admin", tenant);
    return idsIn(await admin.get(`/servicePrincipals?${filter}`)).length;
  };
  expect([await count(ids.source), await count(ids.contoso), await count(ids.fabrikam)]).toEqual([1, 1, 0]);
});

test("app role assignments: granted, listed, refused twice, revoked", async () => {
  const admin = await (await testLab()).as("admin", ids.source);
  const path = `/servicePrincipals/${ids.syncApp}/appRoleAssignedTo`;
  const [scopeGroup] = (await admin.get(path)).body.value ?? [];
  expect(scopeGroup).toMatchObject({ principalId: ids.scope, principalType: "Group" });
  const grant = { principalId: ids.ana, resourceId: ids.syncApp, appRoleId: scopeGroup?.["appRoleId"] };
  const granted = await admin.post(path, grant);
  expect(granted.status).toBe(201);
  expect(granted.body).toMatchObject({
    ...grant,
    principalType: "User",
    principalDisplayName: "Ana Analyst",
    createdDateTime: "2026-11-20T08:00:00Z",
  });
  const again = await admin.post(path, grant);
  expect([again.status, again.body.error?.message]).toEqual([
    400,
    "Permission being assigned already exists on the object",
  ]);
  expect(idsIn(await admin.get(`/users/${ids.ana}/appRoleAssignments`))).toEqual([granted.body.id]);
  expect((await admin.delete(`${path}/${granted.body.id}`)).status).toBe(204);
  expect((await admin.delete(`${path}/${granted.body.id}`)).status).toBe(404);
});

test("an assignment needs the object id of the service principal and one of its roles", async () => {
  const admin = await (await testLab()).as("admin", ids.source);
  const path = `/servicePrincipals/${ids.syncApp}/appRoleAssignedTo`;
  const [known] = (await admin.get(path)).body.value ?? [];
  const good = { principalId: ids.ana, resourceId: ids.syncApp, appRoleId: known?.["appRoleId"] };
  const status = async (change: object) => (await admin.post(path, { ...good, ...change })).status;
  expect(await status({ resourceId: ids.extensionApp })).toBe(400);
  expect(await status({ appRoleId: ids.ana })).toBe(400);
  expect(await status({ principalId: ids.contoso })).toBe(404);
});

test("removing a scope assignment that the app did not create is reported", async () => {
  const lab = await testLab();
  const app = await lab.as("app", ids.source);
  const path = `/servicePrincipals/${ids.syncApp}/appRoleAssignedTo`;
  const [foreign] = (await app.get(path)).body.value ?? [];
  const own = await app.post(path, {
    principalId: ids.ana,
    resourceId: ids.syncApp,
    appRoleId: foreign?.["appRoleId"],
  });
  await app.delete(`${path}/${own.body.id}`);
  expect(lab.kinds()).toEqual([]);
  await app.delete(`${path}/${foreign?.id}`);
  expect(lab.kinds()).toEqual(["unowned-write"]);
});

test("extension properties carry the app's id without hyphens and work wherever the app is consented", async () => {
  const lab = await testLab();
  const admin = await lab.as("admin", ids.source);
  const path = `/applications/${ids.extensionApplication}/extensionProperties`;
  expect((await admin.get(path)).body.value).toMatchObject([{ name: rolesExtension, dataType: "String" }]);
  const created = await admin.post(path, { name: "level", dataType: "Integer", targetObjects: ["User"] });
  expect(created.status).toBe(201);
  const name = String(created.body["name"]);
  expect(name).toBe(rolesExtension.replace("socRoles", "level"));
  expect((await admin.patch(`/users/${ids.ana}`, { [name]: "three" })).status).toBe(400);
  expect((await admin.patch(`/users/${ids.ana}`, { [name]: 3 })).status).toBe(204);
  expect(
    (await admin.post(path, { name: "level", dataType: "Integer", targetObjects: ["User"] })).status,
  ).toBe(400);
  const read = async (tenant: string) =>
    (await (await lab.as("admin", tenant)).get(`/users?$select=id,${name}`)).status;
  expect([await read(ids.contoso), await read(ids.fabrikam)]).toEqual([200, 400]);
});

test("the directory audit log tells who did what to whom", async () => {
  const lab = await testLab();
  const [app, admin] = [await lab.as("app", ids.source), await lab.as("admin", ids.source)];
  await app.post(`/groups/${ids.scope}/members/$ref`, {
    "@odata.id": `https://graph.microsoft.com/v1.0/users/${ids.ana}`,
  });
  await admin.patch(`/users/${ids.ana}`, { department: "Sales" });
  const filter = `initiatedBy/app/appId eq '${ids.app}' and activityDateTime ge 2026-11-20T00:00:00Z`;
  const { body } = await admin.get(`/auditLogs/directoryAudits?$filter=${filter}`);
  expect(body.value).toMatchObject([
    {
      activityDisplayName: "Add member to group",
      category: "GroupManagement",
      result: "success",
      loggedByService: "Core Directory",
      targetResources: [
        { id: ids.ana, type: "User" },
        { id: ids.scope, type: "Group" },
      ],
    },
  ]);
  const about = `$filter=targetResources/any(t: t/id eq '${ids.ana}')`;
  const rows: readonly Body[] = (await admin.get(`/auditLogs/directoryAudits?${about}`)).body.value ?? [];
  expect(rows.map((row) => row["activityDisplayName"])).toEqual(["Update user", "Add member to group"]);
});
