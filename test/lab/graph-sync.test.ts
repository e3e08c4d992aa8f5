import { expect, test } from "vitest";
import { guidFrom } from "../../lab/graph/ids.ts";
import {
  ids,
  idsIn,
  ref,
  rolesExtension,
  testLab,
  type Body,
  type Changes,
  type Client,
  type TestLab,
} from "./graph-world.ts";

const minute = 60_000;
const cycleMs = 40 * minute;
const jobPath = `/servicePrincipals/${ids.syncApp}/synchronization/jobs/${ids.job}`;
const accounts = "/users?$select=id,displayName,userPrincipalName,accountEnabled,userType,mail";

type Scene = {
  readonly lab: TestLab;
  readonly source: Client;
  readonly target: Client;
  readonly app: Client;
  readonly scope: (...people: readonly string[]) => Promise<void>;
  readonly unscope: (person: string) => Promise<void>;
  readonly cycle: () => Promise<void>;
  readonly accounts: () => Promise<readonly Body[]>;
  readonly deletedAccounts: () => Promise<string[]>;
  readonly onDemand: (person: string) => Promise<{ readonly answer: Body; readonly details: Body }>;
};

async function scene(changes: Changes = {}): Promise<Scene> {
  const lab = await testLab(changes);
  const [source, target, app] = [
    await lab.as("admin", ids.source),
    await lab.as("admin", ids.contoso),
    await lab.as("app", ids.source),
  ];
  return {
    lab,
    source,
    target,
    app,
    async scope(...people) {
      for (const person of people) {
        expect((await source.post(`/groups/${ids.scope}/members/$ref`, ref(person))).status).toBe(204);
      }
    },
    async unscope(person) {
      expect((await source.delete(`/groups/${ids.scope}/members/${person}/$ref`)).status).toBe(204);
    },
    cycle: () => lab.advance(cycleMs),
    accounts: async () => (await target.get(accounts)).body.value ?? [],
    deletedAccounts: async () =>
      idsIn(await target.get("/directory/deletedItems/microsoft.graph.user?$select=id")),
    async onDemand(person) {
      const { status, body } = await app.post(`${jobPath}/provisionOnDemand`, onDemandBody(person));
      expect(status).toBe(200);
      const value = JSON.parse(textOf(body.value)) as Body | Body[];
      const details = Array.isArray(value) ? value[0] : value;
      return { answer: body, details: details ?? {} };
    },
  };
}

function textOf(value: unknown): string {
  return typeof value === "string" ? value : "";
}

function onDemandBody(person: string) {
  return {
    parameters: [{ ruleId: ids.rule, subjects: [{ objectId: person, objectTypeName: "User" }] }],
  };
}

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

test("on demand: a new account comes back with its id, in the cross-tenant shape", async () => {
  const { scope, accounts: read, onDemand } = await scene();
  await scope(ids.ana);
  const { answer, details } = await onDemand(ids.ana);
  expect(answer["key"]).toBe("Microsoft.Identity.Health.CPP.Common.DataContracts.SyncFabric.StatusInfo");
  expect(textOf(answer.value).startsWith("[")).toBe(true);
  const [account] = await read();
  expect(details).toMatchObject({
    action: "Create",
    statusInfo: { status: "Success" },
    sourceIdentity: { id: ids.ana },
    targetIdentity: { id: account?.id },
  });
});

test("on demand: the other documented shape has its result in the key", async () => {
  const { scope, onDemand } = await scene({ job: { responseShape: "result" } });
  await scope(ids.ana);
  const { answer, details } = await onDemand(ids.ana);
  expect(JSON.parse(String(answer["key"]))).toEqual({ result: "Success", details: {} });
  expect(details).toMatchObject({ action: "Create" });
});

test("on demand: already in sync is skipped as RedundantExport, with the account's id", async () => {
  const { scope, accounts: read, onDemand } = await scene({ job: { responseShape: "result" } });
  await scope(ids.ana);
  await onDemand(ids.ana);
  const { answer, details } = await onDemand(ids.ana);
  expect(JSON.parse(String(answer["key"]))).toMatchObject({
    result: "Skipped",
    details: { errorCode: "RedundantExport" },
  });
  const [account] = await read();
  expect(details).toMatchObject({ targetIdentity: { id: account?.id } });
});

test("on demand: an assignment is honoured only after its lag", async () => {
  const { lab, scope, onDemand } = await scene({ job: { assignmentLagMs: 3 * minute } });
  await scope(ids.ana);
  const early = await onDemand(ids.ana);
  expect(early.details).toMatchObject({
    statusInfo: { status: "Skipped", reason: "User is not assigned" },
    targetIdentity: { id: null },
  });
  const steps = early.details["provisioningSteps"] as Body[];
  expect(steps.find(({ name }) => name === "EntrySynchronizationScoping")).toMatchObject({
    details: { "Assigned to the application": "False" },
  });
  await lab.advance(3 * minute);
  expect((await onDemand(ids.ana)).details).toMatchObject({ statusInfo: { status: "Success" } });
});

test.each([
  ["someone out of scope", ids.cleo],
  ["a guest", ids.gus],
  ["a disabled user", ids.ben],
  ["a deleted user", ids.ana],
])("on demand: %s is skipped and nothing is made", async (_who, person) => {
  const { source, scope, accounts: read, onDemand } = await scene();
  await scope(ids.ana, ids.ben, ids.gus);
  await source.patch(`/users/${ids.ben}`, { accountEnabled: false });
  await source.delete(`/users/${ids.ana}`);
  expect((await onDemand(person)).details).toMatchObject({ statusInfo: { status: "Skipped" } });
  expect(await read()).toEqual([]);
});

test("on demand: a soft-deleted account is not restored; the person gets a second one", async () => {
  const { lab, scope, unscope, accounts: read, deletedAccounts, onDemand, cycle } = await scene();
  await scope(ids.ana);
  await cycle();
  const [first] = await read();
  await unscope(ids.ana);
  await cycle();
  await scope(ids.ana);
  const { details } = await onDemand(ids.ana);
  expect(details).toMatchObject({ action: "Create" });
  const [second] = await read();
  expect(second?.id).not.toBe(first?.id);
  expect(await deletedAccounts()).toEqual([first?.id]);
  expect(lab.kinds()).toEqual(["on-demand-duplicate"]);
});

test.each([
  ["another rule", { ruleId: "x", subjects: [{ objectId: ids.ana, objectTypeName: "User" }] }],
  ["a group", { ruleId: ids.rule, subjects: [{ objectId: ids.scope, objectTypeName: "Group" }] }],
  [
    "two users",
    {
      ruleId: ids.rule,
      subjects: [
        { objectId: ids.ana, objectTypeName: "User" },
        { objectId: ids.ben, objectTypeName: "User" },
      ],
    },
  ],
])("on demand: %s is refused", async (_what, parameters) => {
  const { app } = await scene();
  expect((await app.post(`${jobPath}/provisionOnDemand`, { parameters: [parameters] })).status).toBe(400);
});

test("on demand: five per ten seconds, then 429; coming back early is a breach of manners", async () => {
  const { lab, app, scope } = await scene();
  await scope(ids.ana);
  const ask = () => app.post(`${jobPath}/provisionOnDemand`, onDemandBody(ids.ana));
  for (let n = 0; n < 5; n++) expect((await ask()).status).toBe(200);
  const refused = await ask();
  expect([refused.status, refused.headers.get("Retry-After")]).toEqual([429, "10"]);
  expect(lab.kinds()).toEqual([]);
  await ask();
  expect(lab.kinds()).toEqual(["on-demand-limit"]);
  await lab.advance(10_000);
  expect((await ask()).status).toBe(200);
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
