import { describe, expect, test } from "vitest";
import { ids } from "./graph-world.ts";
import { day, em, entitlementScene, root } from "./entitlement-scene.ts";

const second = 1_000;
const minute = 60 * second;
const broken = { package: em.broken, policy: em.brokenDirect } as const;

describe("a resource that cannot be given", () => {
  test("leaves a delivery partial; what was given is taken away at the end", async () => {
    const { app, add, remove, request, assignments, onlyAssignment, members } = await entitlementScene();
    const { body } = await add(app, broken);
    expect((await request(body.id))["state"]).toBe("partiallyDelivered");
    expect(await assignments()).toMatchObject([{ state: "partiallyDelivered" }]);
    expect(await members()).toEqual([em.uma]);
    await remove(app, await onlyAssignment());
    expect(await members()).toEqual([]);
  });

  test("makes it a failure when there is no other", async () => {
    const { admin, app, add, remove, request, assignments, onlyAssignment } = await entitlementScene();
    await admin.delete(`/groups/${ids.targetReaders}`);
    const { body } = await add(app);
    expect((await request(body.id))["state"]).toBe("deliveryFailed");
    await remove(app, await onlyAssignment());
    expect(await assignments()).toMatchObject([{ state: "expired" }]);
  });
});

describe("reprocessing", () => {
  test("a request tries its delivery again, within seven days", async () => {
    const { lab, admin, app, add, request, members } = await entitlementScene();
    const { body } = await add(app, broken);
    const reprocess = `${root}/assignmentRequests/${body.id}/reprocess`;
    await admin.patch(`/groups/${em.dynamic}`, { groupTypes: [] });
    await lab.advance(7 * day - minute);
    expect((await app.post(reprocess)).status).toBe(202);
    expect((await request(body.id))["state"]).toBe("delivered");
    expect(await members(em.dynamic)).toEqual([em.uma]);
    expect((await app.post(reprocess)).status).toBe(400);
  });

  test("comes too late after that", async () => {
    const { lab, app, add, onlyAssignment } = await entitlementScene();
    const { body } = await add(app, broken);
    await lab.advance(7 * day);
    expect((await app.post(`${root}/assignmentRequests/${body.id}/reprocess`)).status).toBe(400);
    expect((await app.post(`${root}/assignments/${await onlyAssignment()}/reprocess`)).status).toBe(400);
  });

  test("an assignment gives again what somebody took away", async () => {
    const { admin, app, add, members, onlyAssignment } = await entitlementScene();
    await add(app);
    await admin.delete(`/groups/${ids.targetReaders}/members/${em.uma}/$ref`);
    expect((await app.post(`${root}/assignments/${await onlyAssignment()}/reprocess`)).status).toBe(202);
    expect(await members()).toEqual([em.uma]);
  });
});

describe("the fault stuckDelivery", () => {
  test("leaves a request in delivery and the target empty, until it is removed", async () => {
    const { lab, app, add, remove, request, assignments, members, onlyAssignment } = await entitlementScene();
    const fault = lab.lab.faults.add({ kind: "stuckDelivery", user: "uma@contoso.example" });
    const { body } = await add(app);
    await lab.advance(5 * day);
    expect((await request(body.id))["state"]).toBe("delivering");
    expect(await assignments()).toMatchObject([
      { state: "delivering", target: { objectId: null, email: null, principalName: null } },
    ]);
    const filter = `$filter=target/objectid eq '${em.uma}'`;
    expect((await app.get(`${root}/assignments?${filter}`)).body.value).toEqual([]);
    expect((await remove(app, await onlyAssignment())).status).toBe(400);
    expect((await add(app)).body.error?.code).toBe("ExistingOpenRequest");
    lab.lab.faults.remove(fault);
    await lab.rest();
    expect((await request(body.id))["state"]).toBe("delivered");
    expect(await assignments()).toMatchObject([{ target: { objectId: em.uma } }]);
    expect(await members()).toEqual([em.uma]);
  });

  test("strikes the user, the package and the tenant it names, and the app", async () => {
    const { lab, admin, app, add, request } = await entitlementScene();
    const { faults } = lab.lab;
    faults.add({ kind: "stuckDelivery", user: em.udo });
    faults.add({ kind: "stuckDelivery", package: "Deputy" });
    faults.add({ kind: "stuckDelivery", match: { tenant: "fabrikam" } });
    const states = [
      await add(app),
      await add(app, { package: em.deputy, policy: em.deputyDirect }),
      await add(app, { user: em.udo }),
      await add(admin, { user: em.udo, package: em.deputy, policy: em.deputyDirect }),
    ].map(async ({ body }) => (await request(body.id))["state"]);
    expect(await Promise.all(states)).toEqual(["delivered", "delivering", "delivering", "delivered"]);
  });
});

describe("replicas", () => {
  test("may not show a request or an assignment that was just made", async () => {
    const { lab, app, admin, add, assignments } = await entitlementScene({
      weather: { newObjectMs: [5 * second, 5 * second] },
    });
    const { body } = await add(app);
    const path = `${root}/assignmentRequests`;
    expect((await app.get(`${path}/${body.id}`)).status).toBe(404);
    expect((await app.get(path)).body.value).toEqual([]);
    expect((await app.get(`${root}/assignments`)).body.value).toEqual([]);
    expect((await admin.get(path)).body.value).toHaveLength(1);
    expect(await assignments()).toHaveLength(1);
    await lab.advance(6 * second);
    expect((await app.get(`${path}/${body.id}`)).status).toBe(200);
    expect((await app.get(`${root}/assignments`)).body.value).toHaveLength(1);
  });

  test("show states of a moment ago", async () => {
    const { lab, app, add, onlyAssignment, remove } = await entitlementScene({
      weather: { replicaMs: [minute, minute] },
    });
    await add(app);
    await lab.advance(2 * minute);
    const id = await onlyAssignment();
    await remove(app, id);
    const seen = new Set<unknown>();
    for (let n = 0; n < 20; n++) seen.add((await app.get(`${root}/assignments/${id}`)).body["state"]);
    await lab.advance(30 * second);
    for (let n = 0; n < 20; n++) seen.add((await app.get(`${root}/assignments/${id}`)).body["state"]);
    expect(seen).toEqual(new Set(["delivered", "expired"]));
  });

  test("do not know a target that was just made: a 400, for now", async () => {
    const { lab, admin, app, add } = await entitlementScene({
      weather: { newObjectMs: [5 * second, 5 * second] },
    });
    const { body } = await admin.post("/users", {
      accountEnabled: true,
      displayName: "New",
      mailNickname: "new",
      userPrincipalName: "new@contoso.example",
      passwordProfile: { password: "secret" },
    });
    expect((await add(app, { user: body.id ?? "" })).body.error?.code).toBe("SubjectNotFound");
    await lab.advance(6 * second);
    expect((await add(app, { user: body.id ?? "" })).status).toBe(201);
  });
});
