import { expect, test } from "vitest";
import { graphData } from "../contract/data.ts";
import { shapeProblems } from "./answer-shape.ts";
import { em, entitlementScene } from "./entitlement-scene.ts";
import { ids, ref, type Client } from "./graph-world.ts";

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
    { decision: "Deny", principal: { id: em.uma }, resource: { id: ids.targetReaders, type: "group" } },
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
  expect(await decisionsOf(app)).toMatchObject([{ resource: { id: em.operator, type: "accessPackage" } }]);
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
