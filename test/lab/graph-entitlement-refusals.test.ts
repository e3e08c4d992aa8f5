import { describe, expect, test } from "vitest";
import { graphData } from "../contract/data.ts";
import { checkRequest } from "../contract/check-request.ts";
import { ids, type Answer } from "./graph-world.ts";
import { em, entitlementScene, root } from "./entitlement-scene.ts";
import { shapeProblems } from "./answer-shape.ts";

const minute = 60_000;
const path = `${root}/assignmentRequests`;
const refusal = ({ status, body }: Answer) => [status, body.error?.code];

describe("a request is refused", () => {
  test("while another one for the same user and package is open, and once there is an assignment", async () => {
    const { lab, app, add } = await entitlementScene({
      weather: { packageDeliveryMs: [minute, minute] },
    });
    expect((await add(app)).status).toBe(201);
    expect(refusal(await add(app))).toEqual([400, "ExistingOpenRequest"]);
    await lab.advance(50_000);
    expect(refusal(await add(app, { policy: em.members }))).toEqual([400, "ExistingOpenRequest"]);
    await lab.advance(minute);
    expect(refusal(await add(app))).toEqual([400, "ExistingGrant"]);
    expect(refusal(await add(app, { policy: em.members }))).toEqual([400, "ExistingGrant"]);
    expect(lab.lab.counters().tenants[ids.contoso]?.redundantWrites).toBe(4);
  });

  test("while the assignment is being removed, and not after that", async () => {
    const { lab, app, add, remove, onlyAssignment } = await entitlementScene({
      weather: { packageDeliveryMs: [minute, minute] },
    });
    await add(app);
    await lab.advance(2 * minute);
    const id = await onlyAssignment();
    await remove(app, id);
    expect(refusal(await remove(app, id))).toEqual([400, "ExistingOpenRequest"]);
    expect(refusal(await add(app))).toEqual([400, "ExistingOpenRequest"]);
    await lab.advance(2 * minute);
    expect((await add(app)).status).toBe(201);
  });

  test("for somebody whom the policy does not allow", async () => {
    const { app, add } = await entitlementScene();
    expect(refusal(await add(app, { user: em.udo, policy: em.members }))).toEqual([400, "TargetNotAllowed"]);
    expect((await add(app, { user: em.uma, policy: em.members })).status).toBe(201);
    // An account of the tenant itself is not from outside.
    expect(refusal(await add(app, { user: em.udo, policy: em.outside }))).toEqual([400, "TargetNotAllowed"]);
  });

  test("with a policy of another package, an unknown package, or an unknown user", async () => {
    const { app, add } = await entitlementScene();
    expect(refusal(await add(app, { policy: em.deputyDirect }))).toEqual([400, "PolicyNotFound"]);
    expect(refusal(await add(app, { package: em.catalog }))).toEqual([400, "AccessPackageNotFound"]);
    expect(refusal(await add(app, { user: ids.ana }))).toEqual([400, "SubjectNotFound"]);
  });

  test("with a schedule that the policy does not allow, or that is none", async () => {
    const { app, add } = await entitlementScene();
    const schedule = { expiration: { type: "afterDuration", duration: "P2D" } };
    expect(refusal(await add(app, { policy: em.brief, schedule }))).toEqual([400, "ScheduleNotAllowed"]);
    const strange = { expiration: { type: "afterDuration", duration: "two days" } };
    expect(refusal(await add(app, { schedule: strange }))).toEqual([400, "InvalidModel"]);
  });

  test("when it is a user's, or speaks as beta does", async () => {
    const { app } = await entitlementScene();
    const assignment = { targetId: em.uma, assignmentPolicyId: em.direct, accessPackageId: em.operator };
    expect((await app.post(path, { requestType: "userAdd", assignment })).status).toBe(400);
    expect(
      (await app.post(path, { requestType: "adminAdd", accessPackageAssignment: assignment })).status,
    ).toBe(400);
  });
});

describe("permissions", () => {
  test("reading needs one, and writing the other", async () => {
    const { app, add } = await entitlementScene({
      app: { roles: ["EntitlementManagement.Read.All"] },
    });
    const sets = ["accessPackages", "assignmentPolicies", "catalogs", "assignments", "assignmentRequests"];
    for (const set of sets) expect((await app.get(`${root}/${set}`)).status, set).toBe(200);
    expect((await add(app)).status).toBe(403);
    expect((await app.patch(`${root}/settings`, {})).status).toBe(403);
  });

  test("without any, everything is a 403", async () => {
    const { app, add } = await entitlementScene({ app: { roles: ["User.Read.All"] } });
    for (const set of ["accessPackages", "assignments", "settings", "subjects"])
      expect((await app.get(`${root}/${set}`)).status, set).toBe(403);
    expect((await add(app)).status).toBe(403);
  });
});

describe.skipIf(graphData() === undefined)("answers, compared with the metadata (MUSTER_GRAPH_DATA)", () => {
  const set = (name: string, type: string, expand: string) => ({
    url: `${root}/${name}?$expand=${expand}`,
    type,
  });
  const sets = [
    set("accessPackages", "accessPackage", "assignmentPolicies,catalog"),
    set("assignmentPolicies", "accessPackageAssignmentPolicy", "accessPackage"),
    set("catalogs", "accessPackageCatalog", "accessPackages"),
    set("connectedOrganizations", "connectedOrganization", "*"),
    set(
      `accessPackages/${em.operator}/resourceRoleScopes`,
      "accessPackageResourceRoleScope",
      "role($expand=resource),scope",
    ),
    set("assignments", "accessPackageAssignment", "target,accessPackage,assignmentPolicy"),
    set("assignmentRequests", "accessPackageAssignmentRequest", "assignment,accessPackage,requestor"),
    set("subjects", "accessPackageSubject", "connectedOrganization"),
  ];

  test.each(sets)("$type", async ({ url, type }) => {
    const { metadata } = graphData() ?? { metadata: undefined };
    if (metadata === undefined) return;
    const { app, add } = await entitlementScene();
    await add(app);
    await add(app, { user: em.udo, policy: em.approved });
    const { body } = await app.get(url);
    expect(body.value?.length).toBeGreaterThan(0);
    const problems = (body.value ?? []).flatMap((each) =>
      shapeProblems(metadata, `microsoft.graph.${type}`, each),
    );
    expect(problems).toEqual([]);
    expect(checkRequest(metadata, { method: "GET", url }).problems).toEqual([]);
  });
});
