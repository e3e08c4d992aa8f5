import { describe, expect, test } from "vitest";
import { buildWorld } from "../../lab/world.ts";
import { ids, idsIn, ref } from "./graph-world.ts";
import {
  day,
  forever,
  groups,
  hour,
  lasting,
  minute,
  outcome,
  root,
  scene,
  until,
} from "./privileged-scene.ts";

const start = "2026-11-20T08:00:00.000Z";

describe("eligibility for a group", () => {
  test("is given by a request that is carried out at once, and is no membership", async () => {
    const { admin, ask, rows, members } = await scene();
    const { status, body } = await ask("eligibility", "AdminAssign", {
      scheduleInfo: {
        startDateTime: "2026-11-19T00:00:00Z",
        expiration: { type: "AfterDateTime", endDateTime: "2026-12-20T08:00:00Z" },
      },
    });
    const relation = { accessId: "member", groupId: groups.open, principalId: ids.ana };
    expect(status).toBe(201);
    expect(body).toMatchObject({
      ...relation,
      action: "adminAssign",
      status: "Provisioned",
      justification: "an incident",
      createdDateTime: start,
      targetScheduleId: `${groups.open}_member_${body.id}`,
      scheduleInfo: {
        startDateTime: start,
        expiration: { type: "afterDateTime", endDateTime: "2026-12-20T08:00:00.000Z" },
      },
    });
    const [schedule] = await rows("eligibilitySchedules");
    expect(schedule).toMatchObject({ ...relation, id: body["targetScheduleId"], createdUsing: body.id });
    expect(await rows("eligibilityScheduleInstances")).toMatchObject([
      {
        ...relation,
        memberType: "direct",
        eligibilityScheduleId: schedule?.id,
        startDateTime: start,
        endDateTime: "2026-12-20T08:00:00.000Z",
      },
    ]);
    expect(await members()).toEqual([]);
    expect(idsIn(await admin.get(`/users/${ids.ana}/memberOf?$select=id`))).toEqual([]);
  });

  test("ends when an administrator removes it, or by itself", async () => {
    const { lab, ask, rows } = await scene();
    await ask("eligibility", "adminAssign");
    expect(outcome(await ask("eligibility", "adminRemove", { scheduleInfo: undefined }))).toEqual([
      201,
      "Revoked",
    ]);
    expect(await rows("eligibilitySchedules")).toEqual([]);
    await ask("eligibility", "adminAssign", { scheduleInfo: lasting("P30D") });
    await lab.advance(29 * day);
    expect(await rows("eligibilityScheduleInstances")).toHaveLength(1);
    await lab.advance(day);
    expect(await rows("eligibilityScheduleInstances")).toEqual([]);
  });

  test("is there once: another is refused, and so is the removal of what is not there", async () => {
    const { lab, app, ask } = await scene();
    await ask("eligibility", "adminAssign", { by: app });
    const again = await ask("eligibility", "adminAssign", { by: app, scheduleInfo: lasting("P1D") });
    expect(outcome(again)).toEqual([400, "RoleAssignmentExists"]);
    await ask("eligibility", "adminRemove", { by: app });
    const removal = await ask("eligibility", "adminRemove", { by: app });
    expect(outcome(removal)).toEqual([400, "RoleAssignmentDoesNotExist"]);
    expect(lab.lab.counters().tenants[ids.source]?.redundantWrites).toBe(2);
    expect(lab.kinds()).toEqual([]);
  });

  test.each(["adminExtend", "adminUpdate"])(
    "gets another window by %s, and another id with it",
    async (action) => {
      const { lab, ask, rows } = await scene();
      expect(outcome(await ask("eligibility", action))).toEqual([400, "RoleAssignmentDoesNotExist"]);
      const first = await ask("eligibility", "adminAssign", { scheduleInfo: lasting("P1D") });
      await lab.advance(hour);
      const second = await ask("eligibility", action, { scheduleInfo: until("2026-12-01T00:00:00Z") });
      expect(second.body["targetScheduleId"]).not.toBe(first.body["targetScheduleId"]);
      await lab.advance(2 * day);
      expect(await rows("eligibilitySchedules")).toMatchObject([
        {
          id: second.body["targetScheduleId"],
          createdDateTime: start,
          modifiedDateTime: "2026-11-20T09:00:00.000Z",
          scheduleInfo: { startDateTime: start, expiration: { endDateTime: "2026-12-01T00:00:00.000Z" } },
        },
      ]);
    },
  );

  test("of a member and of an owner are two things", async () => {
    const { ask, rows } = await scene();
    await ask("eligibility", "adminAssign");
    expect((await ask("eligibility", "adminAssign", { accessId: "owner" })).status).toBe(201);
    await ask("eligibility", "adminRemove");
    expect(await rows("eligibilitySchedules")).toMatchObject([{ accessId: "owner" }]);
  });

  test("that begins later is pending until then, and can be cancelled", async () => {
    const { lab, admin, ask, rows } = await scene();
    const later = { scheduleInfo: lasting("P1D", "2026-11-20T10:00:00Z") };
    const waiting = await ask("eligibility", "adminAssign", later);
    expect(outcome(waiting)).toEqual([201, "Granted"]);
    for (const action of ["adminAssign", "adminRemove"])
      expect(outcome(await ask("eligibility", action))).toEqual([400, "PendingRoleAssignmentRequest"]);
    expect(await rows("eligibilityScheduleInstances")).toEqual([]);
    const path = `${root}/eligibilityScheduleRequests/${waiting.body.id}`;
    expect((await admin.post(`${path}/cancel`)).status).toBe(204);
    expect(outcome(await admin.get(path))).toEqual([200, "Canceled"]);
    expect(await rows("eligibilitySchedules")).toEqual([]);

    const { body } = await ask("eligibility", "adminAssign", later);
    expect(await rows("eligibilitySchedules")).toMatchObject([{ status: "Granted" }]);
    await lab.advance(2 * hour);
    expect(await rows("eligibilityScheduleInstances")).toHaveLength(1);
    const begun = `${root}/eligibilityScheduleRequests/${body.id}`;
    expect(outcome(await admin.get(begun))).toEqual([200, "Provisioned"]);
    expect(outcome(await admin.post(`${begun}/cancel`))).toEqual([400, "RequestCannotBeCancelled"]);
  });

  test("is limited by the group's settings: to a year and never for ever, as in a new tenant", async () => {
    const { ask } = await scene();
    const inUsual = { groupId: groups.usual };
    for (const scheduleInfo of [forever, lasting("P366D")]) {
      const refused = await ask("eligibility", "adminAssign", { ...inUsual, scheduleInfo });
      expect([refused.status, refused.body.error]).toMatchObject([
        400,
        {
          code: "RoleAssignmentRequestPolicyValidationFailed",
          message: 'The following policy rules failed: ["ExpirationRule"]',
        },
      ]);
    }
    const year = await ask("eligibility", "adminAssign", { ...inUsual, scheduleInfo: lasting("P365D") });
    expect(year.status).toBe(201);
  });

  test.each([
    ["no such action", { action: "adminInvite" }],
    ["no relationship", { accessId: undefined }],
    ["no group", { groupId: undefined }],
    ["no principal", { principalId: "ana" }],
    ["no window", { scheduleInfo: undefined }],
    ["no end", { scheduleInfo: {} }],
    ["an end without its moment", { scheduleInfo: { expiration: { type: "afterDateTime" } } }],
    ["an end in the past", { scheduleInfo: until("2026-11-20T07:59:59Z") }],
    ["a duration in months", { scheduleInfo: lasting("P6M") }],
    ["a group with a rule", { groupId: groups.dynamic }],
    ["a group from on-premises", { groupId: groups.onPremises }],
    ["an activation", { action: "selfActivate" }],
  ])("is refused with %s", async (_what, more) => {
    const { ask, rows } = await scene();
    expect(outcome(await ask("eligibility", "adminAssign", more))).toEqual([
      400,
      "InvalidRoleAssignmentRequest",
    ]);
    expect(await rows("eligibilitySchedules")).toEqual([]);
  });

  test("is for people and groups that are there", async () => {
    const { ask, admin } = await scene();
    const nobody = await ask("eligibility", "adminAssign", { principalId: ids.gus });
    expect(outcome(nobody)).toEqual([400, "SubjectNotFound"]);
    const nowhere = await ask("eligibility", "adminAssign", { groupId: ids.contoso });
    expect(outcome(nowhere)).toEqual([404, "ResourceNotFound"]);
    await ask("eligibility", "adminAssign");
    await admin.delete(`/users/${ids.ana}`);
    expect(outcome(await ask("eligibility", "adminRemove"))).toEqual([400, "SubjectNotFound"]);
  });
});

describe("an active assignment", () => {
  test("is a membership while it lasts", async () => {
    const { lab, admin, activate, members } = await scene();
    const delta = `/groups/delta?$deltatoken=latest&$select=id,members`;
    const { body } = await admin.get(delta);
    await activate();
    expect(await members()).toEqual([ids.ana]);
    expect(idsIn(await admin.get(`/users/${ids.ana}/memberOf?$select=id`))).toEqual([groups.open]);
    const check = await admin.post(`/users/${ids.ana}/checkMemberGroups`, { groupIds: [groups.open] });
    expect(check.body.value).toEqual([groups.open]);
    const came = await admin.get(String(body["@odata.deltaLink"]));
    expect(came.body.value).toMatchObject([{ id: groups.open, "members@delta": [{ id: ids.ana }] }]);
    await lab.advance(hour);
    expect(await members()).toEqual([]);
    const went = await admin.get(String(came.body["@odata.deltaLink"]));
    expect(went.body.value).toMatchObject([
      { id: groups.open, "members@delta": [{ id: ids.ana, "@removed": { reason: "deleted" } }] },
    ]);
  });

  test("says whether it was activated or assigned, and until when", async () => {
    const { ask, activate, rows } = await scene();
    await activate();
    await ask("assignment", "adminAssign", { principalId: ids.ben, accessId: "owner" });
    const [activated, assigned] = await rows("assignmentScheduleInstances");
    expect(activated).toMatchObject({
      principalId: ids.ana,
      assignmentType: "activated",
      memberType: "direct",
      startDateTime: start,
      endDateTime: "2026-11-20T09:00:00.000Z",
    });
    expect(assigned).toMatchObject({ assignmentType: "assigned", accessId: "owner", endDateTime: null });
    expect((await rows("assignmentSchedules")).map(({ id }) => id)).toEqual([
      activated?.["assignmentScheduleId"],
      assigned?.["assignmentScheduleId"],
    ]);
  });

  test("needs an eligibility to be activated, and is there once", async () => {
    const { ask, activate } = await scene();
    const hourLong = { scheduleInfo: lasting("PT1H") };
    const outOfNothing = await ask("assignment", "selfActivate", hourLong);
    expect(outcome(outOfNothing)).toEqual([400, "RoleAssignmentDoesNotExist"]);
    await activate();
    for (const action of ["selfActivate", "adminAssign"])
      expect(outcome(await ask("assignment", action, hourLong))).toEqual([400, "RoleAssignmentExists"]);
  });

  test("needs a reason, and is limited: eight hours activated, half a year assigned", async () => {
    const { ask } = await scene();
    const group = { groupId: groups.usual };
    await ask("eligibility", "adminAssign", { ...group, scheduleInfo: lasting("P30D") });
    const messages = [
      await ask("assignment", "selfActivate", { ...group, scheduleInfo: lasting("PT9H") }),
      await ask("assignment", "selfActivate", { ...group, scheduleInfo: lasting("PT1H"), justification: "" }),
      await ask("assignment", "adminAssign", { ...group, justification: undefined }),
    ].map(({ body }) => body.error?.message);
    expect(messages).toEqual([
      'The following policy rules failed: ["ExpirationRule"]',
      'The following policy rules failed: ["JustificationRule"]',
      'The following policy rules failed: ["ExpirationRule","JustificationRule"]',
    ]);
    const short = await ask("assignment", "selfActivate", { ...group, scheduleInfo: lasting("PT4M") });
    expect(outcome(short)).toEqual([400, "ActiveDurationTooShort"]);
  });

  test("cannot be ended by oneself in its first five minutes", async () => {
    const { lab, ask, activate, members } = await scene();
    await activate();
    await lab.advance(4 * minute);
    expect(outcome(await ask("assignment", "selfDeactivate"))).toEqual([400, "ActiveDurationTooShort"]);
    await lab.advance(minute);
    expect(outcome(await ask("assignment", "selfDeactivate"))).toEqual([201, "Revoked"]);
    expect(await members()).toEqual([]);
    expect(outcome(await ask("assignment", "selfDeactivate"))).toEqual([400, "RoleAssignmentDoesNotExist"]);
  });

  test("can be ended at once by an app, but not in a storm", async () => {
    const calm = await scene();
    await calm.activate();
    expect(outcome(await calm.ask("assignment", "adminRemove", { by: calm.app }))).toEqual([201, "Revoked"]);
    const { lab, app, ask, activate } = await scene({ weather: { lastingActivations: 1 } });
    await activate();
    expect(outcome(await ask("assignment", "adminRemove", { by: app }))).toEqual([
      400,
      "ActiveDurationTooShort",
    ]);
    await lab.advance(5 * minute);
    expect(outcome(await ask("assignment", "adminRemove", { by: app }))).toEqual([201, "Revoked"]);
  });

  test("is the app's to end when the app made the person eligible", async () => {
    const { lab, app, ask } = await scene();
    await ask("eligibility", "adminAssign", { by: app });
    await ask("assignment", "selfActivate", { scheduleInfo: lasting("PT1H") });
    await ask("assignment", "adminRemove", { by: app });
    expect(lab.kinds()).toEqual([]);
    await ask("assignment", "adminAssign");
    await ask("assignment", "adminRemove", { by: app });
    expect(lab.kinds()).toEqual(["unowned-write"]);
  });

  test("outlives the eligibility that it came from", async () => {
    const { lab, ask, activate, members } = await scene();
    await activate();
    await ask("eligibility", "adminRemove");
    await lab.advance(59 * minute);
    expect(await members()).toEqual([ids.ana]);
    await lab.advance(minute);
    expect(await members()).toEqual([]);
  });

  test("ends with the membership, if that is removed from the group", async () => {
    const { lab, admin, ask, activate, members, rows } = await scene();
    await activate();
    await admin.delete(`/groups/${groups.open}/members/${ids.ana}/$ref`);
    expect(await rows("assignmentSchedules")).toEqual([]);
    // What comes afterwards is not ended in its place.
    await ask("assignment", "adminAssign");
    await lab.advance(hour);
    expect(await members()).toEqual([ids.ana]);
  });

  test("that begins later is no membership until then", async () => {
    const { lab, ask, members } = await scene();
    await ask("assignment", "adminAssign", { scheduleInfo: lasting("PT1H", "2026-11-20T10:00:00Z") });
    await lab.advance(2 * hour - minute);
    expect(await members()).toEqual([]);
    await lab.advance(minute);
    expect(await members()).toEqual([ids.ana]);
    await lab.advance(hour);
    expect(await members()).toEqual([]);
  });

  test("is also what somebody added to the group has, without a start or an end", async () => {
    const { ask, members, rows } = await scene();
    const filter = `groupId eq '${groups.usual}' and principalId eq '${ids.ben}'`;
    expect(await rows("assignmentScheduleInstances", filter)).toMatchObject([
      { principalId: ids.ben, assignmentType: "assigned", startDateTime: null, endDateTime: null },
    ]);
    expect(await rows("assignmentSchedules", `principalId eq '${ids.ben}'`)).toMatchObject([
      { createdUsing: null, scheduleInfo: { expiration: { type: "noExpiration" } } },
    ]);
    const ben = { groupId: groups.usual, principalId: ids.ben };
    const again = await ask("assignment", "adminAssign", { ...ben, scheduleInfo: lasting("P1D") });
    expect(outcome(again)).toEqual([400, "RoleAssignmentExists"]);
    expect(outcome(await ask("assignment", "adminRemove", ben))).toEqual([201, "Revoked"]);
    expect(await members(groups.usual)).toEqual([]);
  });
});

describe("the recycle bin", () => {
  test("keeps a person's schedules and memberships", async () => {
    const { admin, activate, members, rows } = await scene();
    await activate();
    await admin.delete(`/users/${ids.ana}`);
    expect(await members()).toEqual([]);
    expect(await rows("eligibilitySchedules")).toHaveLength(1);
    await admin.post(`/directory/deletedItems/${ids.ana}/restore`);
    expect(await members()).toEqual([ids.ana]);
    expect(await rows("assignmentScheduleInstances")).toHaveLength(1);
  });

  test("does not stop the clock", async () => {
    const { lab, admin, ask, activate, members } = await scene();
    await activate();
    await admin.delete(`/users/${ids.ana}`);
    await lab.advance(hour);
    await admin.post(`/directory/deletedItems/${ids.ana}/restore`);
    expect(await members()).toEqual([]);
    await ask("assignment", "adminAssign", { scheduleInfo: lasting("P1D", "2026-11-20T10:00:00Z") });
    await admin.delete(`/users/${ids.ana}`);
    await lab.advance(hour);
    await admin.post(`/directory/deletedItems/${ids.ana}/restore`);
    expect(await members()).toEqual([ids.ana]);
  });

  test("forgets them when it is emptied", async () => {
    const { admin, activate, rows } = await scene();
    await activate();
    await admin.delete(`/users/${ids.ana}`);
    await admin.delete(`/directory/deletedItems/${ids.ana}`);
    expect(await rows("eligibilitySchedules")).toEqual([]);
    expect(await rows("assignmentSchedules")).toEqual([]);
  });

  test("is not for security groups; of others it keeps the schedules, and shows none", async () => {
    const { admin, ask, activate, rows } = await scene();
    await activate();
    await admin.delete(`/groups/${groups.open}`);
    expect(await rows("eligibilitySchedules", `principalId eq '${ids.ana}'`)).toEqual([]);
    await ask("eligibility", "adminAssign", { groupId: groups.unified });
    const ofUnified = () => rows("eligibilitySchedules", `groupId eq '${groups.unified}'`);
    await admin.delete(`/groups/${groups.unified}`);
    expect(await ofUnified()).toEqual([]);
    await admin.post(`/directory/deletedItems/${groups.unified}/restore`);
    expect(await ofUnified()).toHaveLength(1);
  });
});

test("who is active in a role-assignable group cannot be blocked or deleted by a plain app; who is eligible can", async () => {
  const { app, admin, ask } = await scene();
  const block = (accountEnabled: boolean) => app.patch(`/users/${ids.ana}`, { accountEnabled });
  await ask("eligibility", "adminAssign");
  expect((await block(false)).status).toBe(204);
  for (const accessId of ["member", "owner"]) {
    await ask("assignment", "adminAssign", { accessId });
    expect(outcome(await block(true))).toEqual([403, "Authorization_RequestDenied"]);
    expect((await app.delete(`/users/${ids.ana}`)).status).toBe(403);
    await ask("assignment", "adminRemove", { accessId });
  }
  await admin.post(`/groups/${groups.usual}/members/$ref`, ref(ids.ana));
  expect((await app.delete(`/users/${ids.ana}`)).status).toBe(204);
});

test("what is done shows in the audit log, with who asked for it and who did it", async () => {
  const { admin, activate } = await scene();
  await activate();
  const { body } = await admin.get("/auditLogs/directoryAudits");
  const seen = body.value?.map((row) => {
    const { app } = row["initiatedBy"] as { app: { displayName: string; appId: string | null } };
    return [row["loggedByService"], row["activityDisplayName"], app.appId ?? app.displayName];
  });
  expect(seen).toEqual([
    ["PIM", "Add member to group in PIM completed (PIM activation)", ids.admin],
    ["Core Directory", "Add member to group", "MS-PIM"],
    ["PIM", "Add eligible member to group in PIM completed (permanent)", ids.admin],
  ]);
});

test("a group's seed says who is eligible and who is active, and until when", async () => {
  const pim = {
    eligible: [{ principalId: ids.ana }, { principalId: ids.ben, accessId: "owner" }],
    active: [{ principalId: ids.cleo, until: "2026-11-20T09:00:00Z" }],
  } as const;
  const { lab, members, rows } = await scene({ open: { pim } });
  expect(await rows("eligibilityScheduleInstances")).toMatchObject([
    { principalId: ids.ana, accessId: "member" },
    { principalId: ids.ben, accessId: "owner" },
  ]);
  expect(await rows("assignmentScheduleInstances")).toMatchObject([{ principalId: ids.cleo }]);
  expect(await members()).toEqual([ids.cleo]);
  await lab.advance(hour);
  expect(await members()).toEqual([]);
  await expect(scene({ open: { pim: { eligible: [{ principalId: ids.gus }] } } })).rejects.toThrow(
    "unknown principal in PIM",
  );
});

test("every target of the lab's world has a role-assignable group to be eligible for, apart from the others", () => {
  const { seed, targets } = buildWorld({ seed: 1, analysts: 1, targets: 2 });
  for (const { tenantId, groups: others, eligibleGroups } of Object.values(targets)) {
    const tenant = seed.tenants.find(({ id }) => id === tenantId);
    const group = tenant?.groups?.find(({ id }) => id === eligibleGroups["SOC Administrators"]);
    expect(group).toMatchObject({ displayName: "SOC Administrators", isAssignableToRole: true, members: [] });
    expect(Object.keys(others)).not.toContain("SOC Administrators");
  }
});
