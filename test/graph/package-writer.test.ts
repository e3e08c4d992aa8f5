import { expect, test } from "vitest";
import { packageWriter } from "../../shared/graph/grants/package-grants.ts";
import type { GraphCall, GraphTenant } from "../../shared/graph/tenant.ts";
import { accountIdSchema, assignmentPolicyIdSchema, packageIdSchema } from "../../shared/model/ids.ts";
import { graphFailure } from "../support/graph-failure.ts";

const id = "4a000000-0000-4000-8000-000000000001";
const account = accountIdSchema.parse("b0000000-0000-4000-8000-000000000001");
const grant = {
  kind: "package",
  package: packageIdSchema.parse(id),
  policy: assignmentPolicyIdSchema.parse(id),
  expires: null,
  renew: false,
} as const;

const trace = { clientRequestId: "c-1", requestId: "r-1", status: 200, ms: 1, tries: 1 };
const limits = { priority: "normal", sendBefore: 1 } as const;

/** Answers every list with what is in it, and takes every write. */
function tenantWith(lists: Readonly<Record<"assignments" | "assignmentRequests", readonly unknown[]>>) {
  const written: string[] = [];
  const tenant: GraphTenant = {
    tenantId: "a tenant",
    url: "https://graph.example",
    now: () => 0,
    async send({ method, path }) {
      if (method !== "GET") written.push(path);
      const value = path.includes("/assignments?") ? lists.assignments : lists.assignmentRequests;
      return method === "GET"
        ? { status: 200, body: { value }, trace, appliedBefore: "no" }
        : { status: 202, body: null, trace, appliedBefore: "no" };
    },
  };
  return { tenant, written };
}

const delivered = { id: "assignment-1", state: "delivered", accessPackage: { id } };

test("what is delivered already is processed again: what it gives may have been taken away beside it", async () => {
  const { tenant, written } = tenantWith({ assignments: [delivered], assignmentRequests: [] });
  expect(await packageWriter(tenant).give(grant, account, limits)).toMatchObject({ result: "already" });
  expect(written).toEqual(["/identityGovernance/entitlementManagement/assignments/assignment-1/reprocess"]);
});

test("what is being taken away is not processed again", async () => {
  const removal = { id: "request-1", requestType: "adminRemove", state: "submitted", accessPackage: { id } };
  const { tenant, written } = tenantWith({ assignments: [delivered], assignmentRequests: [removal] });
  await packageWriter(tenant).give(grant, account, limits);
  expect(written).toEqual(["/identityGovernance/entitlementManagement/assignmentRequests"]);
});

test("a package is not asked for while only the first page of what there is can be read", async () => {
  const sent: GraphCall[] = [];
  const tenant: GraphTenant = {
    tenantId: "a tenant",
    url: "https://graph.example",
    now: () => 0,
    async send(call) {
      sent.push(call);
      if (call.path.endsWith("page=2")) throw graphFailure(503);
      const next = `https://graph.example/v1.0${call.path}&page=2`;
      return {
        status: 200,
        body: { value: [], "@odata.nextLink": next },
        trace,
        appliedBefore: "no",
      };
    },
  };
  const written = await packageWriter(tenant).give(grant, account, limits);
  expect(written).toMatchObject({ result: "not-yet", advice: null });
  expect(sent.filter(({ method }) => method !== "GET")).toEqual([]);
});

test("whoever is to be rid of a package loses the assignment that came of Muster's request, whichever is listed first", async () => {
  const mine = { id: "assignment-2", state: "deliveryFailed", accessPackage: { id } };
  const added = (assignment: string, justification: string | null) => ({
    id: `request of ${assignment}`,
    requestType: "adminAdd",
    state: "delivered",
    justification,
    accessPackage: { id },
    assignment: { id: assignment },
  });
  const requests = [added("assignment-1", null), added("assignment-2", "Muster: as the policy says")];
  const bodies: unknown[] = [];
  const { tenant } = tenantWith({ assignments: [delivered, mine], assignmentRequests: requests });
  const heard: GraphTenant = {
    ...tenant,
    send: (call) => {
      if (call.method !== "GET") bodies.push(call.body);
      return tenant.send(call);
    },
  };
  await packageWriter(heard).take(grant, account, limits);
  expect(bodies).toEqual([
    expect.objectContaining({ requestType: "adminRemove", assignment: { id: "assignment-2" } }),
  ]);
});
