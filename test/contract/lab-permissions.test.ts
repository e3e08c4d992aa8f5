import { describe, expect, test } from "vitest";
import type { AnyOf, CallPermissions } from "../../lab/graph/identity/call-permissions.ts";
import { permissionTable } from "../../lab/graph/identity/permission-table.ts";
import { graphData, graphDataNotice } from "./data.ts";
import { acceptedApplicationPermissions, leastApplicationPermission } from "./permissions.ts";

const data = graphData();

/** Calls for which the lab accepts a permission that Microsoft's row does not list. */
const listedElsewhere: Readonly<Record<string, string>> = {
  "PATCH /users/{id}": "Update user, July 2026: User.ReadUpdate.All is newer than the table (facts 3)",
  "DELETE /groups/{id}/members/{id}": "the lab deletes the member, as Graph may (facts 4)",
};

/** Calls, and properties of calls, for which Microsoft's least permission is not enough for the lab. */
const stricter: Readonly<Record<string, string>> = {
  "POST /users/{id}/checkMemberGroups": "the page asks for a permission to read the user besides",
  "POST /users/{id}/getMemberGroups": "the page asks for a permission to read the user besides",
  "PATCH /users/{id} employeeLeaveDateTime": "the page asks for User-LifeCycleInfo.ReadWrite.All (facts 3)",
  "GET /groups/{id}": "the mark is on a permission that exists to write one property",
  "PATCH /groups/{id}": "the mark is on a permission that exists to write one property",
  "PATCH /groups/{id} members@odata.bind": "Add members: GroupMember.ReadWrite.All (facts 4)",
  "DELETE /groups/{id}/members/{id}": "the lab deletes the member, as Graph may (facts 4)",
  "GET /directory/deletedItems/microsoft.graph.group": "the page names Group.Read.All for groups",
  "GET /organization": "the mark is on a permission of device management",
  "GET /organization/{id}": "the mark is on a permission of device management",
};

/** Calls with neither a row nor a page that was read. */
const entitlement = "/identityGovernance/entitlementManagement";
const unknown = [
  "DELETE /directory/deletedItems/{id}",
  "GET /servicePrincipals/{id}/appRoleAssignedTo/{id}",
  `GET ${entitlement}/accessPackages/{id}/resourceRoleScopes`,
  `GET ${entitlement}/accessPackages/{id}/assignmentPolicies`,
  // No application can make these four.
  `POST ${entitlement}/assignmentRequests/{id}/cancel`,
  `GET ${entitlement}/accessPackageAssignmentApprovals/{id}`,
  `GET ${entitlement}/accessPackageAssignmentApprovals/{id}/stages`,
  `PATCH ${entitlement}/accessPackageAssignmentApprovals/{id}/stages/{id}`,
  `GET ${entitlement}/subjects`,
  `GET ${entitlement}/subjects/{id}`,
  `PATCH ${entitlement}/subjects/{id}`,
];

/** Stands for all properties of a user that need nothing of their own. */
const anyOther = "department";

const nameOf = ({ method, path }: CallPermissions) => `${method} ${path}`;

const covers = (needs: AnyOf, held: readonly string[]) =>
  needs.some((one) =>
    typeof one === "string" ? held.includes(one) : one.every((name) => held.includes(name)),
  );

test("the lab's permission table lists every call once", () => {
  const calls = permissionTable.map(nameOf);
  expect(calls.length).toBeGreaterThan(50);
  expect(new Set(calls).size).toBe(calls.length);
});

describe.skipIf(data === undefined)("the lab's permission table and Microsoft's (MUSTER_GRAPH_DATA)", () => {
  const table = () => {
    if (data === undefined) throw new Error(graphDataNotice);
    return data.permissions;
  };

  test("agree on every permission that suffices for a call, but for the calls named above", () => {
    const wrong = permissionTable.filter((row) => {
      const accepted = acceptedApplicationPermissions(table(), { method: row.method, path: row.path });
      const alone = row.needs.filter((one) => typeof one === "string");
      return accepted.length > 0 && !alone.every((permission) => accepted.includes(permission));
    });
    expect(wrong.map(nameOf)).toEqual(Object.keys(listedElsewhere));
  });

  test("agree that the least permission suffices, but for the calls named above", () => {
    const answers = permissionTable.flatMap((row) =>
      Object.entries({ [anyOther]: row.needs, ...row.properties }).map(([property, needs]) => ({
        name: property === anyOther ? nameOf(row) : `${nameOf(row)} ${property}`,
        needs,
        least: leastApplicationPermission(table(), { ...row, properties: [property] }),
      })),
    );
    const refused = answers.filter(
      ({ needs, least }) => least.kind !== "unknown" && !covers(needs, least.permissions),
    );
    expect(refused.map(({ name }) => name)).toEqual(Object.keys(stricter));
    const none = answers.filter(({ least }) => least.kind === "unknown");
    expect(none.map(({ name }) => name)).toEqual(unknown);
  });
});
