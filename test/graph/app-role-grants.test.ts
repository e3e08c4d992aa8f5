import { expect, test } from "vitest";
import { appRoleDirectory } from "../../shared/graph/grants/app-role-directory.ts";
import { appRoleReader, appRoleWriter } from "../../shared/graph/grants/app-role-grants.ts";
import type { GraphCall, GraphTenant } from "../../shared/graph/tenant.ts";
import { accountIdSchema, appRoleIdSchema, servicePrincipalIdSchema } from "../../shared/model/ids.ts";

const ana = accountIdSchema.parse("a0000000-0000-4000-8000-000000000001");
const aGroup = "60000000-0000-4000-8000-000000000001";
const servicePrincipal = servicePrincipalIdSchema.parse("66666666-6666-4666-8666-666666666666");
const role = appRoleIdSchema.parse("77777777-7777-4777-8777-777777777777");
const grant = { kind: "appRole", servicePrincipal, role } as const;
const limits = { priority: "normal", sendBefore: 1 } as const;
const defaultAccess = "00000000-0000-0000-0000-000000000000";

/** A tenant that answers each path with a body, and remembers what was sent. */
function tenantWith(bodies: Readonly<Record<string, unknown>>, refusal?: string) {
  const sent: GraphCall[] = [];
  const tenant: GraphTenant = {
    tenantId: "a tenant",
    url: "https://graph.example",
    now: () => 0,
    async send(call) {
      sent.push(call);
      const trace = { clientRequestId: "c-1", requestId: "r-1", status: 200, ms: 1, tries: 1 };
      const isRefused = refusal !== undefined && call.method === "POST";
      if (isRefused && call.accepts?.({ status: 400, code: "Request_BadRequest", message: refusal }) !== true)
        throw new Error("it was not accepted");
      const [path = ""] = call.path.split("?");
      const status = isRefused ? 400 : path in bodies || call.method !== "GET" ? 200 : 404;
      return { status, body: bodies[path] ?? {}, trace, appliedBefore: "no" };
    },
  };
  return { tenant, sent };
}

const assigned = (principalId: string, appRoleId: string = role) => ({
  id: `assignment-of-${principalId}`,
  appRoleId,
  principalId,
  resourceId: servicePrincipal,
});
const listed = (...value: readonly object[]) => ({ [`/users/${ana}/appRoleAssignments`]: { value } });

test.each([
  ["her own assignment", [assigned(ana.toUpperCase())], "present"],
  ["one of a group that she is in, which is listed with hers", [assigned(aGroup)], "absent"],
  ["default access, which puts nobody in scope", [assigned(ana, defaultAccess)], "absent"],
  ["none", [], "absent"],
])("of %s she is in scope or not", async (_, assignments, seen) => {
  const { tenant } = tenantWith(listed(...assignments));
  const holdings = await appRoleReader(tenant, appRoleDirectory(tenant)).holdings(ana, "normal", ["appRole"]);
  expect(holdings(grant, "yes")).toEqual({ seen });
});

test("what is taken is her own assignment, by the way of the application", async () => {
  const { tenant, sent } = tenantWith(listed(assigned(aGroup), assigned(ana)));
  expect(await appRoleWriter(tenant).take(grant, ana, limits)).toMatchObject({ result: "done" });
  expect(sent.at(-1)).toMatchObject({
    method: "DELETE",
    path: `/servicePrincipals/${servicePrincipal}/appRoleAssignedTo/assignment-of-${ana}`,
  });
});

test("where there is none of her own, nothing is taken", async () => {
  const { tenant, sent } = tenantWith(listed(assigned(aGroup)));
  expect(await appRoleWriter(tenant).take(grant, ana, limits)).toMatchObject({ result: "missing" });
  expect(sent.map(({ method }) => method)).toEqual(["GET"]);
});

test("an assignment that is there already is no failure", async () => {
  const { tenant } = tenantWith({}, "Permission being assigned already exists on the object");
  expect(await appRoleWriter(tenant).give(grant, ana, limits)).toMatchObject({ result: "already" });
});

const principal = (appRoles: readonly object[]) => ({
  [`/servicePrincipals/${servicePrincipal}`]: { displayName: "Sync to Contoso", appRoles },
});
const own = { id: role, displayName: "msiam_access", isEnabled: true };
const find = (appRoles: readonly object[] | null, name: string = "MSIAM_access") => {
  const { tenant } = tenantWith(appRoles === null ? {} : principal(appRoles));
  const wish = { kind: "appRole", servicePrincipal, role: { kind: "name", name } } as const;
  return appRoleDirectory(tenant).find(wish, "normal");
};

test("the role is found by its name, in whatever case", async () => {
  expect(await find([own])).toEqual({
    kind: "found",
    grant,
    name: "msiam_access of Sync to Contoso",
    unwritable: null,
  });
});

test.each([
  ["the application is not there", null, /no service principal 66666666/],
  ["no role is called so", [{ ...own, displayName: "User" }], /no roles of the application Sync to Contoso/],
  ["two are called so", [own, { ...own, id: aGroup }], /2 roles of the application Sync to Contoso/],
  ["it is disabled", [{ ...own, isEnabled: false }], /no roles/],
  ["it is default access by another name", [{ ...own, id: defaultAccess }], /no roles/],
])("where %s, people are told what to correct", async (_, appRoles, reason) => {
  const found = await find(appRoles);
  expect(found).toMatchObject({ kind: "not-found", reason: expect.stringMatching(reason) });
  expect(found).toHaveProperty("advice", expect.stringMatching(/\S/));
});
