import { expect, test } from "vitest";
import { graphData } from "../contract/data.ts";
import { shapeProblems } from "./answer-shape.ts";
import { em, entitlementScene } from "./entitlement-scene.ts";
import { ids, ref, type Client } from "./graph-world.ts";
import { groups, scene } from "./privileged-scene.ts";

const definitions = "/identityGovernance/accessReviews/definitions";

async function decisionsOf(app: Client) {
  const [definition] = (await app.get(`${definitions}?$expand=instances`)).body.value ?? [];
  const [instance] = (definition?.["instances"] ?? []) as readonly { readonly id: string }[];
  const path = `${definitions}/${definition?.id}/instances/${instance?.id}/decisions`;
  return (await app.get(`${path}?$filter=decision eq 'Deny'`)).body.value ?? [];
}

test("a review that denied a membership has taken it away, and says so", async () => {
  const { lab, admin, app, members } = await entitlementScene();
  await admin.post(`/groups/${ids.targetReaders}/members/$ref`, ref(em.uma));
  lab.lab.faults.add({ kind: "deniedReview", user: "uma@contoso.example", group: "SOC Readers" });
  expect(await members()).toEqual([]);
  expect(await decisionsOf(app)).toMatchObject([
    { decision: "Deny", principal: { id: em.uma }, resource: { id: ids.targetReaders, type: "Group" } },
  ]);
  const audits = "/auditLogs/directoryAudits?$filter=activityDisplayName eq 'Remove member from group'";
  expect((await admin.get(audits)).body.value).toMatchObject([
    { initiatedBy: { app: { displayName: "Azure AD Access Reviews" } } },
  ]);
});

test("a review that denied an access package has ended the assignment", async () => {
  const { lab, app, add, assignments, members } = await entitlementScene();
  await add(app);
  lab.lab.faults.add({ kind: "deniedReview", user: em.uma, package: "SOC Operator" });
  expect(await assignments()).toMatchObject([{ state: "expired" }]);
  expect(await members()).toEqual([]);
  expect(await decisionsOf(app)).toMatchObject([
    { resource: { id: em.direct, type: "AccessPackageAssignmentPolicy", accessPackageId: em.operator } },
  ]);
});

test("a review that denied eligibility has ended it, and what was activated with it", async () => {
  const { lab, activate, rows, members } = await scene();
  await activate();
  expect(await members()).toEqual([ids.ana]);
  lab.lab.faults.add({ kind: "deniedReview", user: ids.ana, group: groups.open });
  for (const standing of ["eligibility", "assignment"])
    expect(await rows(`${standing}ScheduleInstances`)).toEqual([]);
  expect(await members()).toEqual([]);
});

test("reviews are found by what their scope has in it, and in no other way", async () => {
  const { lab, admin, app, add } = await entitlementScene();
  await add(app);
  lab.lab.faults.add({ kind: "deniedReview", user: em.uma, package: em.operator });
  await admin.post(`/groups/${ids.targetReaders}/members/$ref`, ref(em.uma));
  lab.lab.faults.add({ kind: "deniedReview", user: em.uma, group: "SOC Readers" });
  const having = async (path: string, part: string) => {
    const filter = `contains(scope/microsoft.graph.accessReviewQueryScope/query, '${part}')`;
    const { status, body } = await app.get(`${path}?$filter=${encodeURIComponent(filter)}&$select=id,scope`);
    return status === 200 ? (body.value ?? []).length : status;
  };
  expect(await having(definitions, `/groups/${ids.targetReaders}`)).toBe(1);
  expect(await having(definitions, `/groups/${ids.readers}`)).toBe(0);
  expect(await having(definitions, "accessPackageAssignments")).toBe(1);
  expect(await having(definitions, "./members")).toBe(0);
  const [first] = (await app.get(definitions)).body.value ?? [];
  expect(await having(`${definitions}/${first?.id}/instances`, em.operator)).toBe(1);
  expect((await app.get(`${definitions}?$filter=contains(displayName, 'Review')`)).status).toBe(400);
});

test("nothing can be denied that nobody has", async () => {
  const { lab } = await entitlementScene();
  const fault = { kind: "deniedReview", user: em.uma, group: "SOC Readers" } as const;
  expect(() => lab.lab.faults.add(fault)).toThrow(/Nothing to deny/);
  expect(lab.lab.faults.list()).toEqual([]);
});

test.skipIf(graphData() === undefined)("decisions are as the metadata says", async () => {
  const { metadata } = graphData() ?? {};
  if (metadata === undefined) return;
  const { lab, app, add } = await entitlementScene();
  await add(app);
  lab.lab.faults.add({ kind: "deniedReview", user: em.uma, package: em.operator });
  const [decision] = await decisionsOf(app);
  expect(shapeProblems(metadata, "microsoft.graph.accessReviewInstanceDecisionItem", decision)).toEqual([]);
  const [definition] =
    (await app.get(`${definitions}?$expand=instances($expand=decisions)`)).body.value ?? [];
  expect(shapeProblems(metadata, "microsoft.graph.accessReviewScheduleDefinition", definition)).toEqual([]);
});
