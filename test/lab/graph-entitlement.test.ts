import { describe, expect, test } from "vitest";
import { ids, ref } from "./graph-world.ts";
import { day, em, entitlementScene, root } from "./entitlement-scene.ts";

const minute = 60_000;
/** Always the same time, so that a test can step through it. */
const slow = { weather: { packageDeliveryMs: [10 * minute, 10 * minute] } } as const;

describe("what is defined", () => {
  test("a package is found by its name, with its policies and its catalog", async () => {
    const { app } = await entitlementScene();
    const path = `${root}/accessPackages?$filter=displayName eq 'SOC Operator'&$expand=assignmentPolicies,catalog`;
    const { status, body } = await app.get(path);
    expect(status).toBe(200);
    expect(body.value).toMatchObject([{ id: em.operator, catalog: { id: em.catalog, displayName: "SOC" } }]);
    expect(body.value?.[0]?.["assignmentPolicies"]).toHaveLength(5);
  });

  test("policies are listed by their package, and say of which one they are", async () => {
    const { app } = await entitlementScene();
    const path = `${root}/assignmentPolicies?$filter=accessPackage/id eq '${em.deputy}' and displayName eq 'Direct'&$expand=accessPackage`;
    const { body } = await app.get(path);
    expect(body.value).toMatchObject([
      {
        id: em.deputyDirect,
        accessPackage: { id: em.deputy },
        expiration: { type: "noExpiration" },
        requestApprovalSettings: { isApprovalRequiredForAdd: false, stages: [] },
      },
    ]);
  });

  test("role scopes tell which group a package gives", async () => {
    const { app } = await entitlementScene();
    const { body } = await app.get(
      `${root}/accessPackages/${em.operator}/resourceRoleScopes?$expand=role,scope`,
    );
    expect(body.value).toMatchObject([
      {
        role: { originId: `Member_${ids.targetReaders}`, originSystem: "AadGroup", displayName: "Member" },
        scope: { originId: ids.targetReaders, originSystem: "AadGroup", isRootScope: true },
      },
    ]);
  });

  test("a tenant without packages has empty lists, and unknown ids are 404", async () => {
    const { lab } = await entitlementScene();
    const app = await lab.as("app", ids.fabrikam);
    expect((await app.get(`${root}/accessPackages`)).body.value).toEqual([]);
    expect((await app.get(`${root}/catalogs/${em.catalog}`)).status).toBe(404);
  });

  test("what cannot be expanded or filtered by is a 400", async () => {
    const { app } = await entitlementScene();
    const statuses = [
      `${root}/accessPackages?$expand=policies`,
      `${root}/assignments?$expand=target($select=oid)`,
      `${root}/assignments?$filter=status eq 'Delivered'`,
      `${root}/assignments?$filter=state ne 'expired'`,
      `${root}/assignmentRequests?$filter=target/objectid eq '${em.uma}'`,
    ].map(async (path) => (await app.get(path)).status);
    expect(await Promise.all(statuses)).toEqual([400, 400, 400, 400, 400]);
  });

  test("settings are read and changed; a duration has to be one", async () => {
    const { app } = await entitlementScene();
    expect((await app.get(`${root}/settings`)).body).toMatchObject({
      externalUserLifecycleAction: "blockSignInAndDelete",
      durationUntilExternalUserDeletedAfterBlocked: "P30D",
    });
    const changed = await app.patch(`${root}/settings`, { externalUserLifecycleAction: "none" });
    expect(changed.body["externalUserLifecycleAction"]).toBe("none");
    const wrong = { durationUntilExternalUserDeletedAfterBlocked: "30 days" };
    expect((await app.patch(`${root}/settings`, wrong)).status).toBe(400);
  });
});

describe("a direct assignment", () => {
  test("is accepted at first, and gives the group when it is delivered", async () => {
    const { lab, app, add, request, assignments, members } = await entitlementScene(slow);
    const { status, body } = await add(app);
    expect([status, body["state"], body["status"]]).toEqual([201, "submitted", "Accepted"]);
    expect(await assignments()).toEqual([]);
    await lab.advance(3 * minute);
    expect((await request(body.id, "?$expand=assignment"))["assignment"]).toMatchObject({
      state: "delivering",
    });
    expect(await members()).toEqual([]);
    await lab.advance(8 * minute);
    expect(await request(body.id)).toMatchObject({ requestType: "adminAdd", state: "delivered" });
    expect(await members()).toEqual([em.uma]);
    expect(await assignments()).toMatchObject([
      { state: "delivered", expiredDateTime: null, schedule: { expiration: { type: "noExpiration" } } },
    ]);
  });

  test("names its target by a subject's id, which is not the account's", async () => {
    const { app, add } = await entitlementScene();
    await add(app);
    const filter = `accessPackage/id eq '${em.operator}' and target/objectid eq '${em.uma.toUpperCase()}' and state eq 'Delivered'`;
    const path = `${root}/assignments?$expand=target,accessPackage,assignmentPolicy&$filter=${filter}`;
    const [found] = (await app.get(path)).body.value ?? [];
    expect(found).toMatchObject({
      target: { objectId: em.uma, principalName: "uma@contoso.example", subjectLifecycle: "notGoverned" },
      accessPackage: { id: em.operator },
      assignmentPolicy: { id: em.direct },
    });
    expect(found?.["target"]).not.toMatchObject({ id: em.uma });
    const one = await app.get(`${root}/assignments/${found?.id}?$expand=target($select=objectId)`);
    expect(one.body["target"]).toEqual({ objectId: em.uma });
  });

  test("is written to the audit log as the service's doing", async () => {
    const { admin, app, add } = await entitlementScene();
    await add(app);
    const path = "/auditLogs/directoryAudits?$filter=activityDisplayName eq 'Add member to group'";
    const initiators = ((await admin.get(path)).body.value ?? []).map((row) => row["initiatedBy"]);
    expect(initiators).toMatchObject([
      { app: { displayName: "Azure AD Identity Governance - Entitlement Management" } },
    ]);
  });

  test("begins when its schedule says so, and ends then, too", async () => {
    const { lab, app, add, request, members, assignments } = await entitlementScene();
    const startDateTime = new Date(lab.clock.now() + day).toISOString();
    const endDateTime = new Date(lab.clock.now() + 3 * day).toISOString();
    const schedule = { startDateTime, expiration: { type: "afterDateTime", endDateTime } };
    const { body } = await add(app, { schedule });
    expect(await request(body.id)).toMatchObject({ state: "scheduled" });
    await lab.advance(day + minute);
    expect(await members()).toEqual([em.uma]);
    await lab.advance(2 * day);
    expect(await members()).toEqual([]);
    expect(await assignments()).toMatchObject([
      { state: "expired", expiredDateTime: expect.any(String) as string },
    ]);
  });

  test("lasts as long as its policy says, and is removed by the system", async () => {
    const { lab, admin, app, add, members, assignments } = await entitlementScene();
    await add(app, { policy: em.brief });
    expect(await members()).toEqual([em.uma]);
    await lab.advance(day + minute);
    expect(await members()).toEqual([]);
    expect((await assignments()).map(({ state }) => state)).toEqual(["expired"]);
    const requests = (await admin.get(`${root}/assignmentRequests`)).body.value ?? [];
    expect(requests.map((each) => each["requestType"])).toEqual(["adminAdd", "systemRemove"]);
  });

  test("is extended by an update", async () => {
    const { lab, app, add, members, onlyAssignment } = await entitlementScene();
    await add(app, { schedule: { expiration: { type: "afterDuration", duration: "P1D" } } });
    const id = await onlyAssignment();
    const update = {
      requestType: "adminUpdate",
      assignment: { id },
      schedule: { expiration: { type: "noExpiration" } },
    };
    expect((await app.post(`${root}/assignmentRequests`, update)).status).toBe(201);
    await lab.advance(2 * day);
    expect(await members()).toEqual([em.uma]);
  });
});

describe("approval", () => {
  test("is waited for: there is no assignment, and nothing an application can do", async () => {
    const { admin, app, add, request, assignments } = await entitlementScene();
    const { body } = await add(app, { policy: em.approved });
    expect(await request(body.id, "?$expand=assignment")).toMatchObject({
      state: "pendingApproval",
      assignment: null,
    });
    expect(await assignments()).toEqual([]);
    const one = `${root}/assignmentRequests/${body.id}`;
    const approval = `${root}/accessPackageAssignmentApprovals/${body.id}`;
    expect((await app.post(`${one}/cancel`)).status).toBe(403);
    expect((await app.delete(one)).status).toBe(400);
    expect((await app.get(`${approval}/stages`)).status).toBe(403);
    expect((await admin.get(`${approval}/stages`)).body.value).toMatchObject([
      { reviewResult: "NotReviewed" },
    ]);
  });

  test.each([
    ["Approve", "delivered", [em.uma]],
    ["Deny", "denied", []],
  ] as const)("%s leaves the request %s", async (reviewResult, state, expected) => {
    const { admin, app, add, request, members } = await entitlementScene();
    const { body } = await add(app, { policy: em.approved });
    const stages = `${root}/accessPackageAssignmentApprovals/${body.id}/stages`;
    const [{ id = "" } = {}] = (await admin.get(stages)).body.value ?? [];
    const review = { reviewResult, justification: "as agreed" };
    expect((await app.patch(`${stages}/${id}`, review)).status).toBe(403);
    expect((await admin.patch(`${stages}/${id}`, review)).status).toBe(204);
    expect((await request(body.id))["state"]).toBe(state);
    expect(await members()).toEqual(expected);
    expect((await admin.patch(`${stages}/${id}`, review)).status).toBe(400);
  });

  test("that nobody gives in time is a denial", async () => {
    const { lab, app, add, request } = await entitlementScene();
    const { body } = await add(app, { policy: em.approved });
    await lab.advance(3 * day - minute);
    expect((await request(body.id))["state"]).toBe("pendingApproval");
    await lab.advance(2 * minute);
    expect((await request(body.id))["state"]).toBe("denied");
    expect((await app.delete(`${root}/assignmentRequests/${body.id}`)).status).toBe(204);
  });

  test("is not waited for any more once an administrator cancels", async () => {
    const { lab, admin, app, add, request } = await entitlementScene();
    const { body } = await add(app, { policy: em.approved });
    expect((await admin.post(`${root}/assignmentRequests/${body.id}/cancel`)).status).toBe(200);
    await lab.advance(4 * day);
    expect((await request(body.id))["state"]).toBe("canceled");
    expect((await add(app)).status).toBe(201);
  });
});

describe("removal", () => {
  test("takes its time; the assignment is delivered until then, and expired for ever", async () => {
    const { lab, app, add, remove, assignments, members, onlyAssignment } = await entitlementScene(slow);
    await add(app);
    await lab.advance(11 * minute);
    const id = await onlyAssignment();
    const { status, body } = await remove(app, id);
    expect([status, body["state"], body["status"]]).toEqual([201, "submitted", "Accepted"]);
    await lab.advance(9 * minute);
    expect(await assignments()).toMatchObject([{ state: "delivered" }]);
    await lab.advance(2 * minute);
    expect(await assignments()).toMatchObject([{ state: "expired" }]);
    expect(await members()).toEqual([]);
    expect((await remove(app, id)).status).toBe(400);
    expect(lab.kinds()).toEqual([]);
  });

  test("of an assignment that is not delivered yet is a 400", async () => {
    const { lab, app, add, remove, onlyAssignment } = await entitlementScene(slow);
    await add(app);
    await lab.advance(3 * minute);
    const id = await onlyAssignment();
    expect((await remove(app, id)).status).toBe(400);
  });

  test("of an assignment that somebody else made is a breach of manners", async () => {
    const { lab, admin, app, add, remove, onlyAssignment } = await entitlementScene();
    await add(admin);
    const id = await onlyAssignment();
    expect((await remove(app, id)).status).toBe(201);
    expect(lab.kinds()).toEqual(["unowned-write"]);
  });

  test("of a membership behind its back is one, too", async () => {
    const { lab, app, add } = await entitlementScene();
    await add(app);
    await app.delete(`/groups/${ids.targetReaders}/members/${em.uma}/$ref`);
    expect(lab.kinds()).toEqual(["unowned-write"]);
  });

  test("spares what another package gives, until that ends as well", async () => {
    const { app, add, remove, assignments, members } = await entitlementScene();
    await add(app);
    await add(app, { package: em.deputy, policy: em.deputyDirect });
    const [one, other] = await assignments();
    await remove(app, one?.id ?? "");
    expect(await members()).toEqual([em.uma]);
    await remove(app, other?.id ?? "");
    expect(await members()).toEqual([]);
  });

  test("also takes a membership that was there before", async () => {
    const { admin, app, add, remove, members, onlyAssignment } = await entitlementScene();
    await admin.post(`/groups/${ids.targetReaders}/members/$ref`, ref(em.uma));
    await add(app);
    const id = await onlyAssignment();
    await remove(app, id);
    expect(await members()).toEqual([]);
  });
});

describe("a deleted user", () => {
  test("keeps the assignment in the recycle bin, and loses it when purged", async () => {
    const { admin, app, add, assignments, members } = await entitlementScene();
    await add(app);
    await admin.delete(`/users/${em.uma}`);
    expect(await assignments()).toMatchObject([{ state: "delivered" }]);
    await admin.post(`/directory/deletedItems/${em.uma}/restore`);
    expect(await members()).toEqual([em.uma]);
    await admin.delete(`/users/${em.uma}`);
    await admin.delete(`/directory/deletedItems/${em.uma}`);
    expect(await assignments()).toMatchObject([{ state: "expired", target: { objectId: em.uma } }]);
  });

  test("gets nothing any more", async () => {
    const { lab, admin, app, add, request } = await entitlementScene(slow);
    const { body } = await add(app);
    await admin.delete(`/users/${em.uma}`);
    await lab.advance(11 * minute);
    expect((await request(body.id))["state"]).toBe("deliveryFailed");
  });
});

describe("what an administrator changes", () => {
  const named = `${root}/accessPackages?$filter=displayName eq 'Hunter'`;

  test("a package is made, gets a role and a policy, is renamed, and deleted when nobody has it", async () => {
    const { admin, app, add, remove, onlyAssignment, members } = await entitlementScene();
    const made = await admin.post(`${root}/accessPackages`, {
      displayName: "Huntress",
      catalog: { id: em.catalog },
    });
    const id = made.body.id ?? "";
    await admin.post(`${root}/accessPackages/${id}/resourceRoleScopes`, {
      role: { originId: `Member_${ids.targetReaders}`, originSystem: "AadGroup" },
      scope: { originId: ids.targetReaders, originSystem: "AadGroup" },
    });
    const policy = await admin.post(`${root}/assignmentPolicies`, {
      displayName: "Direct",
      allowedTargetScope: "specificDirectoryUsers",
      specificAllowedTargets: [{ "@odata.type": "#microsoft.graph.singleUser", userId: em.uma }],
      expiration: { type: "noExpiration" },
      accessPackage: { id },
    });
    expect([made.status, policy.status]).toEqual([201, 201]);
    await admin.patch(`${root}/accessPackages/${id}`, { displayName: "Hunter" });
    expect((await app.get(named)).body.value).toMatchObject([{ id }]);
    const wanted = { package: id, policy: policy.body.id ?? "" };
    expect((await add(app, { ...wanted, user: em.udo })).body.error?.code).toBe("TargetNotAllowed");
    await add(app, wanted);
    expect(await members()).toEqual([em.uma]);
    expect((await admin.delete(`${root}/accessPackages/${id}`)).status).toBe(400);
    await remove(app, await onlyAssignment());
    expect((await admin.delete(`${root}/accessPackages/${id}`)).status).toBe(204);
    expect((await app.get(named)).body.value).toEqual([]);
    expect((await app.get(`${root}/assignmentPolicies/${wanted.policy}`)).status).toBe(404);
  });

  test("a policy that is replaced asks for an approval from then on", async () => {
    const { admin, app, add, request } = await entitlementScene();
    const policy = {
      displayName: "Direct",
      requestApprovalSettings: {
        isApprovalRequiredForAdd: true,
        stages: [{ durationBeforeAutomaticDenial: "P1D" }],
      },
      accessPackage: { id: em.operator },
    };
    expect((await admin.put(`${root}/assignmentPolicies/${em.direct}`, policy)).status).toBe(200);
    const { body } = await add(app);
    expect((await request(body.id))["state"]).toBe("pendingApproval");
  });
});
