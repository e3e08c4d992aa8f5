import { expect, test } from "vitest";
import { guidFrom } from "../../lab/graph/ids.ts";
import { ids, ref, rolesExtension, type Body } from "./graph-world.ts";
import { cycleMs, jobPath, minute, scene } from "./sync-scene.ts";

test("the first cycle runs 40 minutes after the start and makes external members", async () => {
  const { source, target, scope, accounts: read, lab } = await scene();
  await source.patch(`/users/${ids.ana}`, { [rolesExtension]: "hunter" });
  await scope(ids.ana);
  await lab.advance(cycleMs - minute);
  expect(await read()).toEqual([]);
  await lab.advance(minute);
  const [account] = await read();
  expect(account).toMatchObject({
    displayName: "Ana Analyst",
    userPrincipalName: "ana_source.example#EXT#@contoso.example",
    userType: "Member",
    accountEnabled: true,
    mail: "ana@source.example",
  });
  const select = `externalUserState,creationType,createdDateTime,department,jobTitle,identities,${rolesExtension}`;
  const { body } = await target.get(`/users/${account?.id ?? ""}?$select=${select}`);
  expect(body).toMatchObject({
    externalUserState: "Accepted",
    creationType: "Invitation",
    createdDateTime: "2026-11-20T08:40:00Z",
    department: "SOC",
    jobTitle: "Threat Hunter",
    identities: [{ issuer: "ExternalAzureAD", issuerAssignedId: null }],
    [rolesExtension]: "hunter",
  });
});

test("only direct members are in scope: nested groups do not count", async () => {
  const { source, accounts: read, cycle } = await scene();
  await source.post(`/groups/${ids.scope}/members/$ref`, ref(ids.readers));
  await cycle();
  expect(await read()).toEqual([]);
});

test("an assignment with the msiam_access role puts a user in scope, the default role does not", async () => {
  const { source, accounts: read, cycle } = await scene();
  const principal = await source.get(`/servicePrincipals/${ids.syncApp}?$select=id,appRoles`);
  const [role] = principal.body["appRoles"] as Body[];
  expect(role).toMatchObject({ displayName: "msiam_access", value: null });
  const assign = (principalId: string, appRoleId: string) =>
    source.post(`/servicePrincipals/${ids.syncApp}/appRoleAssignedTo`, {
      principalId,
      resourceId: ids.syncApp,
      appRoleId,
    });
  expect((await assign(ids.ana, role?.id ?? "")).status).toBe(201);
  expect((await assign(ids.ben, "00000000-0000-0000-0000-000000000000")).status).toBe(201);
  await cycle();
  expect((await read()).map(({ displayName }) => displayName)).toEqual(["Ana Analyst"]);
});

test("guests and disabled people are not provisioned", async () => {
  const { source, scope, accounts: read, cycle } = await scene();
  await source.patch(`/users/${ids.ben}`, { accountEnabled: false });
  await scope(ids.gus, ids.ben);
  await cycle();
  expect(await read()).toEqual([]);
});

test("an account that stands for the source user already is adopted, and stays a guest", async () => {
  const guest = {
    id: guidFrom(1, "guest"),
    displayName: "Old name",
    userPrincipalName: "ana_source.example#EXT#@contoso.example",
    userType: "Guest",
    alternativeSecurityId: ids.ana,
  };
  const { scope, accounts: read, cycle } = await scene({ targetUsers: [guest] });
  await scope(ids.ana);
  await cycle();
  expect(await read()).toMatchObject([{ id: guest.id, displayName: "Ana Analyst", userType: "Guest" }]);
});

test("the principal name gets a number when it is taken: its form is nothing to rely on", async () => {
  const stranger = {
    id: guidFrom(1, "stranger"),
    displayName: "Stranger",
    userPrincipalName: "ana_source.example#EXT#@contoso.example",
  };
  const { scope, accounts: read, cycle } = await scene({ targetUsers: [stranger] });
  await scope(ids.ana);
  await cycle();
  expect((await read())[1]?.["userPrincipalName"]).toBe("ana_source.example1#EXT#@contoso.example");
});

test("leaving scope soft-deletes the account; coming back restores it", async () => {
  const { scope, unscope, accounts: read, deletedAccounts, cycle } = await scene();
  await scope(ids.ana);
  await cycle();
  const [account] = await read();
  await unscope(ids.ana);
  await cycle();
  expect(await read()).toEqual([]);
  expect(await deletedAccounts()).toEqual([account?.id]);
  await scope(ids.ana);
  await cycle();
  expect((await read()).map(({ id }) => id)).toEqual([account?.id]);
});

test("deleting the source user soft-deletes the account", async () => {
  const { source, scope, accounts: read, cycle } = await scene();
  await scope(ids.ana);
  await cycle();
  await source.delete(`/users/${ids.ana}`);
  await cycle();
  expect(await read()).toEqual([]);
});

test("disabling the source user disables the account", async () => {
  const { source, scope, accounts: read, cycle } = await scene();
  await scope(ids.ana);
  await cycle();
  await source.patch(`/users/${ids.ana}`, { accountEnabled: false });
  await cycle();
  expect(await read()).toMatchObject([{ accountEnabled: false }]);
});

test("trap: disabled, synchronized and only then unscoped leaves the account behind", async () => {
  const { source, scope, unscope, accounts: read, deletedAccounts, cycle } = await scene();
  await scope(ids.ana);
  await cycle();
  await source.patch(`/users/${ids.ana}`, { accountEnabled: false });
  await cycle();
  await unscope(ids.ana);
  await cycle();
  await cycle();
  expect(await read()).toMatchObject([{ accountEnabled: false }]);
  expect(await deletedAccounts()).toEqual([]);
});

test("disabled and unscoped within one cycle is an ordinary deletion", async () => {
  const { source, scope, unscope, deletedAccounts, cycle } = await scene();
  await scope(ids.ana);
  await cycle();
  await source.patch(`/users/${ids.ana}`, { accountEnabled: false });
  await unscope(ids.ana);
  await cycle();
  expect(await deletedAccounts()).toHaveLength(1);
});

test("trap: a block in the target lasts until anything changes on the source user", async () => {
  const { source, target, scope, accounts: read, cycle } = await scene();
  await scope(ids.ana);
  await cycle();
  const [account] = await read();
  await target.patch(`/users/${account?.id ?? ""}`, { accountEnabled: false });
  await cycle();
  expect(await read()).toMatchObject([{ accountEnabled: false }]);
  // Not even a mapped property: anything will do.
  await source.patch(`/users/${ids.ana}`, { ageGroup: "Adult" });
  await cycle();
  expect(await read()).toMatchObject([{ accountEnabled: true }]);
});

test("drift in the target is not noticed", async () => {
  const { target, scope, accounts: read, cycle } = await scene();
  await scope(ids.ana);
  await cycle();
  const [account] = await read();
  await target.patch(`/users/${account?.id ?? ""}`, { displayName: "Drifted" });
  await cycle();
  expect(await read()).toMatchObject([{ displayName: "Drifted" }]);
});

test("a cleared extension is never carried over", async () => {
  const { source, target, scope, accounts: read, cycle } = await scene();
  await source.patch(`/users/${ids.ana}`, { [rolesExtension]: "hunter" });
  await scope(ids.ana);
  await cycle();
  await source.patch(`/users/${ids.ana}`, { [rolesExtension]: null });
  await cycle();
  const [account] = await read();
  const { body } = await target.get(`/users/${account?.id ?? ""}?$select=${rolesExtension}`);
  expect(body[rolesExtension]).toBe("hunter");
});

test("seeded links are taken as synchronized: the first cycle writes nothing", async () => {
  const account = {
    id: guidFrom(1, "linked"),
    displayName: "Ana, as linked",
    userPrincipalName: "ana_source.example#EXT#@contoso.example",
    alternativeSecurityId: ids.ana,
  };
  const linked = [{ sourceId: ids.ana, targetId: account.id }];
  const { scope, accounts: read, lab } = await scene({ targetUsers: [account], job: { linked } });
  await scope(ids.ana);
  await lab.lab.runSyncCycle();
  expect(await read()).toMatchObject([{ displayName: "Ana, as linked" }]);
});

test("an account made by sync belongs to the app when the app put the person in scope", async () => {
  const { lab, app, scope, accounts: read, cycle } = await scene();
  await scope(ids.ben);
  await app.post(`/groups/${ids.scope}/members/$ref`, ref(ids.ana));
  await cycle();
  const [bens, anas] = await read();
  const inTarget = await lab.as("app", ids.contoso);
  await inTarget.delete(`/users/${anas?.id ?? ""}`);
  expect(lab.kinds()).toEqual([]);
  await inTarget.delete(`/users/${bens?.id ?? ""}`);
  expect(lab.kinds()).toEqual(["unowned-write"]);
});

test("too many deletions and disables in one cycle quarantine the job and stage them all", async () => {
  const { source, scope, unscope, accounts: read, cycle } = await scene({ job: { deleteThreshold: 1 } });
  await scope(ids.ana, ids.ben, ids.cleo);
  await cycle();
  await unscope(ids.ana);
  await source.patch(`/users/${ids.ben}`, { accountEnabled: false });
  await cycle();
  const { body } = await source.get(jobPath);
  expect(body["status"]).toMatchObject({
    code: "Quarantine",
    quarantine: { reason: "TooManyDeletes" },
    lastExecution: { state: "Failed" },
  });
  expect(await read()).toHaveLength(3);
  const log = await source.get("/auditLogs/provisioning?$filter=provisioningAction eq 'stagedDelete'");
  expect(log.body.value).toHaveLength(2);
  await source.patch(`/users/${ids.cleo}`, { jobTitle: "waits as well" });
  await cycle();
  expect((await source.get(jobPath)).body["status"]).toMatchObject({ code: "Quarantine" });
});

test("a restart with ForceDeletes lets the staged deletions through", async () => {
  const { lab, source, scope, unscope, accounts: read, cycle } = await scene({ job: { deleteThreshold: 0 } });
  await scope(ids.ana);
  await cycle();
  await unscope(ids.ana);
  await cycle();
  const restart = (resetScope: string) => source.post(`${jobPath}/restart`, { criteria: { resetScope } });
  expect((await restart("QuarantineState")).status).toBe(204);
  await lab.advance(0);
  expect((await source.get(jobPath)).body["status"]).toMatchObject({ code: "Quarantine" });
  await restart("QuarantineState, ForceDeletes");
  await lab.advance(0);
  expect(await read()).toEqual([]);
  expect((await source.get(jobPath)).body["status"]).toMatchObject({ code: "Active", quarantine: null });
});

test("a full restart writes everybody again, which lifts blocks in the target", async () => {
  const { lab, source, target, scope, accounts: read, cycle } = await scene();
  await scope(ids.ana);
  await cycle();
  const [account] = await read();
  await target.patch(`/users/${account?.id ?? ""}`, { accountEnabled: false });
  await source.post(`${jobPath}/restart`, { criteria: { resetScope: "Full" } });
  await lab.advance(0);
  expect(await read()).toMatchObject([{ accountEnabled: true }]);
});

test("a paused job does nothing until it is started", async () => {
  const { lab, source, scope, accounts: read, cycle } = await scene();
  await scope(ids.ana);
  expect((await source.post(`${jobPath}/pause`)).status).toBe(204);
  await cycle();
  expect(await read()).toEqual([]);
  expect((await source.get(jobPath)).body).toMatchObject({
    schedule: { state: "Paused", interval: "PT40M" },
    status: { code: "Paused" },
  });
  await source.post(`${jobPath}/start`);
  await lab.advance(0);
  expect(await read()).toHaveLength(1);
});

test("jobs are listed with their status, and the schema gives the rule's id", async () => {
  const { source } = await scene();
  const list = await source.get(`/servicePrincipals/${ids.syncApp}/synchronization/jobs`);
  expect(list.body.value).toMatchObject([
    { id: ids.job, templateId: "Azure2Azure", status: { code: "NotRun", lastExecution: null } },
  ]);
  const schema = await source.get(`${jobPath}/schema`);
  expect(schema.body["synchronizationRules"]).toMatchObject([{ id: ids.rule, name: "USER_INBOUND_USER" }]);
  const stranger = `/servicePrincipals/${ids.syncApp}/synchronization/jobs/none`;
  expect((await source.get(stranger)).status).toBe(404);
});

test("the provisioning log maps the source id to the target id", async () => {
  const { source, scope, accounts: read, cycle } = await scene();
  await scope(ids.ana, ids.ben);
  await cycle();
  const filter = [
    `sourceIdentity/id eq '${ids.ana}'`,
    `servicePrincipal/id eq '${ids.syncApp}'`,
    "activityDateTime gt 2026-11-20",
    `jobid eq '${ids.job}'`,
    "provisioningStatusInfo/status eq 'success'",
  ].join(" and ");
  const log = await source.get(`/auditLogs/provisioning?$filter=${filter}&$orderby=activityDateTime desc`);
  const account = (await read()).find(({ displayName }) => displayName === "Ana Analyst");
  expect(log.body.value).toMatchObject([
    {
      tenantId: ids.contoso,
      provisioningAction: "create",
      targetIdentity: { id: account?.id },
      provisioningStatusInfo: { status: "success" },
    },
  ]);
});

test("two source users with one mail have one account, which is whose turn it was last", async () => {
  const { source, scope, accounts: read, cycle, onDemand } = await scene();
  await scope(ids.ana);
  await cycle();
  const [account] = await read();
  await source.patch(`/users/${ids.ben}`, { mail: "ANA@source.example" });
  await scope(ids.ben);
  expect((await onDemand(ids.ben)).details).toMatchObject({
    action: "Update",
    targetIdentity: { id: account?.id },
  });
  expect(await read()).toEqual([expect.objectContaining({ id: account?.id, displayName: "Ben Analyst" })]);
});

test("an internal user of the target with the same mail cannot be matched", async () => {
  const native = { id: ids.cleo, displayName: "Native", userPrincipalName: "native@contoso.example" };
  const {
    scope,
    accounts: read,
    cycle,
  } = await scene({
    targetUsers: [{ ...native, mail: "ana@source.example" }],
  });
  await scope(ids.ana);
  await cycle();
  expect((await read()).map(({ displayName }) => displayName)).toEqual(["Native", "Ana Analyst"]);
});
