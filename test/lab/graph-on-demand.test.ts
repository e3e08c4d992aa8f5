import { describe, expect, test, vi } from "vitest";
import { ids, type Body } from "./graph-world.ts";
import { jobPath, minute, onDemandBody, scene, textOf } from "./sync-scene.ts";

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
  expect(early.details).toMatchObject({ statusInfo: { status: "Skipped" }, targetIdentity: { id: null } });
  const steps = early.details["provisioningSteps"] as Body[];
  expect(steps.find(({ name }) => name === "EntrySynchronizationScoping")).toMatchObject({
    details: { "Assigned to the application": "False" },
  });
  expect(steps.at(-1)).toMatchObject({
    description: "The User 'ana@source.example' will be skipped. User is not assigned.",
    details: { SkipReason: "NotEffectivelyEntitled" },
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

describe("the answer is in the words of the documentation:", () => {
  const inScope = {
    "Active in the source system": "True",
    "Assigned to the application": "True",
    "User has the required role": "True",
    "Scoping filter evaluation passed": "True",
    ScopeEvaluationResult: "{}",
  };
  const imported = {
    name: "EntryImport",
    type: "Import",
    status: "Success",
    details: {
      objectId: ids.ana,
      accountEnabled: "True",
      displayName: "Ana Analyst",
      IsSoftDeleted: "False",
    },
  };
  const noError = { errorCode: null, reason: null, errorCategory: null };

  test("a creation is imported, scoped and exported", async () => {
    const { scope, onDemand } = await scene();
    await scope(ids.ana);
    const { details } = await onDemand(ids.ana);
    expect(details).toMatchObject({
      provisioningSteps: [
        imported,
        { name: "EntrySynchronizationScoping", type: "Scoping", status: "Success", details: inScope },
        { name: "EntryExportAdd", type: "Export", status: "Success" },
      ],
      action: "Create",
      reportableIdentifier: "ana@source.example",
      statusInfo: { status: "Success", ...noError },
    });
  });

  test("an update says whom it matched in the target", async () => {
    const { source, scope, onDemand, accounts } = await scene();
    await scope(ids.ana);
    await onDemand(ids.ana);
    await source.patch(`/users/${ids.ana}`, { jobTitle: "Lead" });
    const [account] = await accounts();
    expect((await onDemand(ids.ana)).details).toMatchObject({
      provisioningSteps: [
        imported,
        { name: "EntryImport", type: "Matching", status: "Success", details: { objectId: account?.id } },
        { type: "Scoping", status: "Success" },
        { name: "EntryExportUpdate", type: "Export", status: "Success" },
      ],
      action: "Update",
      targetIdentity: { id: account?.id },
    });
  });

  test("what needs no change is skipped, and only the last step says why", async () => {
    const { scope, onDemand, accounts } = await scene();
    await scope(ids.ana);
    await onDemand(ids.ana);
    const [account] = await accounts();
    const { details } = await onDemand(ids.ana);
    expect(details).toMatchObject({
      provisioningSteps: [
        imported,
        { name: "EntryImport", type: "Matching", status: "Success", details: { IsSoftDeleted: "False" } },
        { type: "Scoping", status: "Success", details: inScope },
        {
          name: "EntrySynchronizationSkip",
          type: "Export",
          status: "Skipped",
          details: { SkipReason: "RedundantExport" },
        },
      ],
      action: "Other",
      statusInfo: { status: "Skipped", ...noError },
      targetIdentity: { id: account?.id },
    });
  });

  test.each([
    ["not assigned", ids.ben, { "Assigned to the application": "False" }],
    [
      "not active",
      ids.ana,
      { "Active in the source system": "False", "Assigned to the application": "True" },
    ],
  ])("who is %s is skipped, and the scoping step says why", async (_what, person, answers) => {
    const { source, scope, onDemand } = await scene();
    await scope(ids.ana);
    await source.patch(`/users/${ids.ana}`, { accountEnabled: false });
    expect((await onDemand(person)).details).toMatchObject({
      provisioningSteps: [
        { type: "Import", details: { IsSoftDeleted: "False" } },
        { type: "Scoping", status: "Skipped", details: answers },
        { name: "EntrySynchronizationSkip", details: { SkipReason: "NotEffectivelyEntitled" } },
      ],
      statusInfo: { status: "Skipped", ...noError },
      targetIdentity: { id: null },
    });
  });
});

describe("on demand, as slow as it is in Azure:", () => {
  test("the answer takes its time, and the clock moves on to it", async () => {
    const { lab, scope, onDemand } = await scene({ weather: { onDemandMs: [20_000, 20_000] }, pace: "on" });
    await scope(ids.ana);
    const before = lab.clock.now();
    expect((await onDemand(ids.ana)).details).toMatchObject({ action: "Create" });
    expect(lab.clock.now() - before).toBe(20_000);
    const record = lab.lab.traffic().find(({ template }) => template.endsWith("/provisionOnDemand"));
    expect(Date.parse(record?.answeredAt ?? "") - Date.parse(record?.at ?? "")).toBe(20_000);
  });

  test("the work is done before the answer is given", async () => {
    const { lab, app, scope, accounts } = await scene({ weather: { onDemandMs: [20_000, 20_000] } });
    await scope(ids.ana);
    let answers = 0;
    const answer = app
      .post(`${jobPath}/provisionOnDemand`, onDemandBody(ids.ana))
      .finally(() => (answers += 1));
    const seen: { accounts: number; answers: number }[] = [];
    for (let seconds = 0; seconds < 21; seconds++) {
      seen.push({ accounts: (await accounts()).length, answers });
      await lab.advance(1_000);
    }
    await answer;
    expect(seen[0]).toEqual({ accounts: 0, answers: 0 });
    expect(seen).toContainEqual({ accounts: 1, answers: 0 });
    expect(answers).toBe(1);
  });

  test("while it takes its time it counts as waiting for the clock, not as work", async () => {
    const { lab, app } = await scene({ weather: { onDemandMs: [20_000, 20_000] } });
    const answer = app.post(`${jobPath}/provisionOnDemand`, onDemandBody(ids.ana));
    await vi.waitUntil(() => lab.clock.expected().length > 0, { interval: 5 });
    expect(lab.lab.busy()).toEqual([]);
    expect(lab.clock.expected()).toMatchObject([
      { held: true, label: expect.stringContaining("provisionOnDemand") },
    ]);
    await lab.advance(20_000);
    expect((await answer).status).toBe(200);
  });

  test("an assignment shows some minutes after this user's membership began", async () => {
    const { lab, scope, unscope, onDemand } = await scene({
      weather: { assignmentMs: [2 * minute, 2 * minute] },
    });
    const asked = async () => (await onDemand(ids.ana)).details["action"];
    await scope(ids.ben);
    await lab.advance(10 * minute);
    await scope(ids.ana);
    expect(await asked()).toBe("Other");
    await lab.advance(minute);
    // Who leaves and comes back is assigned anew.
    await unscope(ids.ana);
    await scope(ids.ana);
    await lab.advance(minute);
    expect(await asked()).toBe("Other");
    await lab.advance(minute);
    expect(await asked()).toBe("Create");
  });

  test("so it is with a direct assignment", async () => {
    const { lab, source, onDemand } = await scene({ weather: { assignmentMs: [minute, minute] } });
    const principal = await source.get(`/servicePrincipals/${ids.syncApp}?$select=id,appRoles`);
    const [role] = principal.body["appRoles"] as Body[];
    const assignment = { principalId: ids.ana, resourceId: ids.syncApp, appRoleId: role?.id };
    await source.post(`/servicePrincipals/${ids.syncApp}/appRoleAssignedTo`, assignment);
    expect((await onDemand(ids.ana)).details).toMatchObject({ statusInfo: { status: "Skipped" } });
    await lab.advance(minute);
    expect((await onDemand(ids.ana)).details).toMatchObject({ action: "Create" });
  });

  test("the lab waits for assignments to show, and in another run of the same world as long", async () => {
    const { lab, scope } = await scene({ weather: { assignmentMs: [minute, 3 * minute] } });
    await scope(ids.ana, ids.ben);
    const lags = lab.clock.expected().map(({ at }) => at - lab.clock.now());
    expect(lags).toHaveLength(2);
    for (const lag of lags) expect(lag >= minute && lag <= 3 * minute).toBe(true);
    expect(lags[0]).not.toBe(lags[1]);
    // The same names draw the same: another run of the same world waits as long.
    const again = await scene({ weather: { assignmentMs: [minute, 3 * minute] } });
    await again.scope(ids.ben, ids.ana);
    expect(again.lab.clock.expected().map(({ at }) => at - again.lab.clock.now())).toEqual(lags);
  });
});
