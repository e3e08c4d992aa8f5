import { describe, expect, test } from "vitest";
import type { UserSeed } from "../../lab/graph/seed.ts";
import { ids, type Changes, type Client } from "./graph-world.ts";
import { contosoEntitlement, day, em, entitlementScene, root } from "./entitlement-scene.ts";

const minute = 60_000;

async function scene(changes: Changes = {}) {
  const found = await entitlementScene(changes);
  const invite = (who: Client, email = "ana@source.example", policy: string = em.outside) =>
    who.post(`${root}/assignmentRequests`, {
      requestType: "adminAdd",
      assignment: {
        target: { email },
        assignmentPolicy: { id: policy },
        accessPackage: { id: em.operator },
      },
    });
  const guests = async () =>
    (
      await found.admin.get(
        "/users?$filter=creationType eq 'Invitation'&$select=id,mail,userPrincipalName,userType,externalUserState,accountEnabled",
      )
    ).body.value ?? [];
  return { ...found, invite, guests };
}

const account: UserSeed = {
  id: em.uma,
  displayName: "Ana",
  userPrincipalName: "ana_source.example#EXT#@contoso.example",
  mail: "ana@source.example",
  userType: "Member",
  creationType: "Invitation",
  externalUserState: "Accepted",
};

describe("an assignment by address", () => {
  test("invites a governed guest, whose account shows once it is there", async () => {
    const weather = { packageDeliveryMs: [10 * minute, 10 * minute] } as const;
    const { lab, app, invite, guests, assignments, members } = await scene({ weather });
    expect((await invite(app)).status).toBe(201);
    await lab.advance(3 * minute);
    expect(await assignments()).toMatchObject([
      { state: "delivering", target: { objectId: null, email: "ana@source.example" } },
    ]);
    await lab.advance(8 * minute);
    const [guest] = await guests();
    expect(guest).toMatchObject({
      mail: "ana@source.example",
      userPrincipalName: "ana_source.example#EXT#@contoso.example",
      userType: "Guest",
      externalUserState: "PendingAcceptance",
    });
    expect(await assignments()).toMatchObject([
      { state: "delivered", target: { objectId: guest?.id, subjectLifecycle: "governed" } },
    ]);
    expect(await members()).toEqual([guest?.id]);
  });

  test("needs no redemption where the tenants trust each other", async () => {
    const contoso = { ...contosoEntitlement, redemption: "automatic" } as const;
    const { app, invite, guests } = await scene({ entitlement: { contoso } });
    await invite(app);
    expect(await guests()).toMatchObject([{ externalUserState: "Accepted" }]);
  });

  test("makes the account that sync would recognize, and that the app may delete", async () => {
    const { lab, app, invite, guests } = await scene();
    await invite(app);
    const source = await lab.as("admin", ids.source);
    const member = { "@odata.id": `https://graph.microsoft.com/v1.0/directoryObjects/${ids.ana}` };
    await source.post(`/groups/${ids.scope}/members/$ref`, member);
    await lab.lab.runSyncCycle();
    const [guest, ...others] = await guests();
    expect(others).toEqual([]);
    await app.delete(`/users/${guest?.id}`);
    expect(lab.kinds()).toEqual([]);
  });

  test("goes to the account that has it, which stays ungoverned", async () => {
    const { app, invite, assignments, guests } = await scene({ targetUsers: [account] });
    expect((await invite(app)).status).toBe(201);
    expect(await assignments()).toMatchObject([
      { state: "delivered", target: { objectId: em.uma, subjectLifecycle: "notGoverned" } },
    ]);
    expect(await guests()).toMatchObject([{ id: em.uma }]);
  });

  test.each([
    ["a domain of no connected organization", "eve@elsewhere.example", em.outside],
    ["a policy for people of the directory", "ana@source.example", em.direct],
  ])("with %s is accepted and then denied", async (_why, email, policy) => {
    const { app, invite, request, guests } = await scene();
    const { status, body } = await invite(app, email, policy);
    expect(status).toBe(201);
    expect((await request(body.id))["state"]).toBe("denied");
    expect(await guests()).toEqual([]);
  });

  test("is denied when the catalog is not for people from outside", async () => {
    const catalogs = contosoEntitlement.catalogs.map((one) => ({ ...one, isExternallyVisible: false }));
    const { app, invite, request } = await scene({
      entitlement: { contoso: { ...contosoEntitlement, catalogs } },
    });
    expect((await request((await invite(app)).body.id))["state"]).toBe("denied");
  });

  test("that gets stuck shows nothing of its target but the address", async () => {
    const { lab, app, invite, assignments } = await scene();
    lab.lab.faults.add({ kind: "stuckDelivery", user: "ana@source.example" });
    await invite(app);
    expect(await assignments()).toMatchObject([
      { target: { objectId: null, email: "ana@source.example", principalName: null } },
    ]);
  });

  test("goes to an account that came by other means meanwhile, and is one request with those for it", async () => {
    const { lab, admin, app, invite, add, assignments, guests } = await scene({
      weather: { packageDeliveryMs: [minute, minute] },
    });
    await invite(app);
    const { body } = await admin.post("/users", {
      accountEnabled: true,
      displayName: "Ana",
      mailNickname: "ana",
      mail: "ana@source.example",
      userPrincipalName: "ana@contoso.example",
      passwordProfile: { password: "secret" },
    });
    expect((await add(app, { user: body.id ?? "" })).body.error?.code).toBe("ExistingOpenRequest");
    await lab.advance(2 * minute);
    expect(await assignments()).toMatchObject([
      { target: { objectId: body.id, subjectLifecycle: "notGoverned" } },
    ]);
    expect(await guests()).toEqual([]);
  });

  test("is refused while another one is open", async () => {
    const { app, invite, guests } = await scene({ weather: { packageDeliveryMs: [minute, minute] } });
    await invite(app);
    const { status, body } = await invite(app, "ANA@source.example");
    expect([status, body.error?.code]).toEqual([400, "ExistingOpenRequest"]);
    expect(await guests()).toEqual([]);
  });
});

describe("a guest who loses the last assignment", () => {
  async function left(changes: Changes = {}, action?: string) {
    const found = await scene(changes);
    const { admin, app, invite, remove, onlyAssignment } = found;
    if (action !== undefined) await admin.patch(`${root}/settings`, { externalUserLifecycleAction: action });
    await invite(app);
    await remove(app, await onlyAssignment());
    return found;
  }

  test("is blocked at once and deleted after thirty days, as in a new tenant", async () => {
    const { lab, guests } = await left();
    expect(await guests()).toMatchObject([{ accountEnabled: false }]);
    await lab.advance(30 * day - minute);
    expect(await guests()).toHaveLength(1);
    await lab.advance(2 * minute);
    expect(await guests()).toEqual([]);
  });

  test.each([
    ["none", true],
    ["blockSignIn", false],
  ] as const)("with the action %s stays", async (action, accountEnabled) => {
    const { lab, guests } = await left({}, action);
    await lab.advance(40 * day);
    expect(await guests()).toMatchObject([{ accountEnabled }]);
  });

  test("is spared when not governed", async () => {
    const { lab, guests } = await left({ targetUsers: [account] });
    await lab.advance(40 * day);
    expect(await guests()).toMatchObject([{ accountEnabled: true }]);
  });

  test("is not spared any more once put under governance", async () => {
    const { app, admin, invite, remove, onlyAssignment, guests, assignments } = await scene({
      targetUsers: [account],
    });
    await invite(app);
    const [assignment] = await assignments();
    const subject = `${root}/subjects/${assignment?.target.id}`;
    expect((await admin.get(`${subject}?$expand=connectedOrganization`)).body).toMatchObject({
      subjectLifecycle: "notGoverned",
      connectedOrganization: { id: em.organization },
    });
    expect((await admin.patch(subject, { subjectLifecycle: "governed" })).status).toBe(204);
    await remove(app, await onlyAssignment());
    expect(await guests()).toMatchObject([{ accountEnabled: false }]);
  });

  test("is not deleted with a new assignment, but stays blocked", async () => {
    const { lab, app, invite, guests, members } = await left();
    expect((await invite(app)).status).toBe(201);
    await lab.advance(40 * day);
    const [guest] = await guests();
    expect(guest).toMatchObject({ accountEnabled: false });
    expect(await members()).toEqual([guest?.id]);
  });

  test("and has been deleted is invited anew", async () => {
    const { lab, app, invite, guests } = await left();
    const [before] = await guests();
    await lab.advance(31 * day);
    expect((await invite(app)).status).toBe(201);
    const [after] = await guests();
    expect(after?.id).not.toBe(before?.id);
  });
});
