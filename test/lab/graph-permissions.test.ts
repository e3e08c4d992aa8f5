import { decodeJwt } from "jose";
import { expect, test } from "vitest";
import { startClock } from "../../lab/clock.ts";
import { consent } from "../../lab/consent.ts";
import { authorizeCallsOf } from "../../lab/graph/identity/authorize.ts";
import { permissionsOf } from "../../lab/graph/identity/permission-table.ts";
import type { Call } from "../../lab/graph/http/call.ts";
import type { FaultInput } from "../../lab/graph/faults/fault-schema.ts";
import type { AppSeed } from "../../lab/graph/seed.ts";
import { registerResources } from "../../lab/graph/resources/register.ts";
import { assemble } from "../../lab/graph/assemble.ts";
import { ids, idsIn, ref, rolesExtension, testLab, type Answer, type Client } from "./graph-world.ts";

const denied = [403, "Authorization_RequestDenied", "Insufficient privileges to complete the operation."];
const outcome = ({ status, body }: Answer) => [status, body.error?.code, body.error?.message];

async function appWith(roles: AppSeed["roles"], app: Partial<AppSeed> = {}): Promise<Client> {
  return (await testLab({ app: { roles: roles ?? [], ...app } })).as("app", ids.source);
}

const user = `/users/${ids.ana}`;
const job = `/servicePrincipals/${ids.syncApp}/synchronization/jobs/${ids.job}`;
const members = (group: string) => `/groups/${group}/members`;
type Ask = (client: Client) => Promise<Answer>;

const calls: readonly (readonly [string, Ask, readonly string[], readonly string[]])[] = [
  [
    "read a user",
    (c) => c.get(`${user}?$select=id,accountEnabled`),
    ["User.Read.All"],
    ["User.ReadBasic.All"],
  ],
  [
    "list users",
    (c) => c.get(`/users?$select=id,${rolesExtension}`),
    ["User.Read.All"],
    ["User.ReadBasic.All"],
  ],
  [
    "list memberships",
    (c) => c.get(`${user}/memberOf?$select=id`),
    ["GroupMember.ReadBasic.All"],
    ["User.Read.All", "Group.Read.All"],
  ],
  [
    "ask for memberships",
    (c) => c.post(`${user}/checkMemberGroups`, { groupIds: [ids.readers] }),
    ["User.Read.All", "Group.ReadBasic.All"],
    ["Group.ReadBasic.All"],
  ],
  [
    "read a group",
    (c) => c.get(`/groups/${ids.readers}?$select=id`),
    ["Group.ReadBasic.All"],
    ["User.Read.All"],
  ],
  [
    "list members",
    (c) => c.get(`/groups/${ids.readers}/transitiveMembers?$select=id`),
    ["GroupMember.ReadBasic.All"],
    ["User.Read.All"],
  ],
  [
    "add a member",
    (c) => c.post(`${members(ids.scope)}/$ref`, ref(ids.ana)),
    ["GroupMember.ReadWrite.All"],
    ["Group.Read.All"],
  ],
  [
    "remove a member",
    (c) => c.delete(`${members(ids.readers)}/${ids.ana}/$ref`),
    ["GroupMember.ReadWrite.All"],
    ["GroupMember.Read.All"],
  ],
  [
    "stamp a user",
    (c) => c.patch(user, { [rolesExtension]: "x" }),
    ["User.ReadUpdate.All"],
    ["User.Read.All"],
  ],
  [
    "block a user",
    (c) => c.patch(user, { accountEnabled: false }),
    ["User.EnableDisableAccount.All", "User.Read.All"],
    ["User.ReadUpdate.All", "User.EnableDisableAccount.All"],
  ],
  [
    "end sessions",
    (c) => c.post(`${user}/revokeSignInSessions`),
    ["User.RevokeSessions.All"],
    ["User.ReadUpdate.All"],
  ],
  ["delete a user", (c) => c.delete(user), ["User.DeleteRestore.All"], ["User.ReadUpdate.All"]],
  [
    "look into the recycle bin",
    (c) => c.get(`/directory/deletedItems/${ids.ana}?$select=id`),
    ["User.Read.All"],
    ["User.DeleteRestore.All"],
  ],
  [
    "read a job",
    (c) => c.get(`${job}?$select=status`),
    ["Synchronization.Read.All"],
    ["Application.Read.All"],
  ],
  [
    "provision on demand",
    (c) =>
      c.post(`${job}/provisionOnDemand`, {
        parameters: [{ ruleId: ids.rule, subjects: [{ objectId: ids.ana, objectTypeName: "User" }] }],
      }),
    ["Synchronization.ReadWrite.All"],
    ["Synchronization.Read.All"],
  ],
];

test.each(calls)("to %s the app needs its permission", async (_what, ask, enough, tooLittle) => {
  const { status } = await ask(await appWith(enough));
  expect(status === 404 || status < 300 ? "passed" : status).toBe("passed");
  expect(outcome(await ask(await appWith(tooLittle)))).toEqual(denied);
  expect(outcome(await ask(await appWith([])))).toEqual(denied);
});

test("a refused write does nothing, and says in a header for people what is missing", async () => {
  const lab = await testLab({ app: { roles: ["User.Read.All"] } });
  const [app, admin] = [await lab.as("app", ids.source), await lab.as("admin", ids.source)];
  const refused = await app.post(`${members(ids.scope)}/$ref`, ref(ids.ana));
  expect(outcome(refused)).toEqual(denied);
  expect(refused.headers.get("x-lab-hint")).toBe(
    "needs GroupMember.ReadWrite.All, or Group.ReadWrite.All, or Directory.ReadWrite.All; source has granted User.Read.All",
  );
  expect(idsIn(await admin.get(`${members(ids.scope)}?$select=id`))).toEqual([]);
});

test("an administrator is never asked for permissions", async () => {
  const admin = await (await testLab()).as("admin", ids.source);
  expect((await admin.patch(user, { accountEnabled: false })).status).toBe(204);
  expect((await admin.get("/auditLogs/directoryAudits")).status).toBe(200);
});

test("permissions go by the kind of tenant, and tokens carry them as their roles", async () => {
  const lab = await testLab({ app: { roles: consent } });
  const rolesIn = async (tenantId: string) => {
    const answer = await lab.token(tenantId, { client_id: ids.app, client_secret: "app secret" });
    return decodeJwt(((await answer.json()) as { access_token: string }).access_token)["roles"];
  };
  expect(await rolesIn(ids.source)).toEqual(consent.source);
  expect(await rolesIn(ids.contoso)).toEqual(consent.target);
  const [home, away] = [await lab.as("app", ids.source), await lab.as("app", ids.contoso)];
  expect((await home.post(`${user}/revokeSignInSessions`)).status).toBe(200);
  expect(outcome(await away.post(`${user}/revokeSignInSessions`))).toEqual(denied);
  expect((await away.delete(`/users/${ids.ana}`)).status).toBe(404);
  expect(outcome(await home.delete(`/users/${ids.ana}`))).toEqual(denied);
});

test.each([
  ["$select=id,displayName", 200],
  ["$select=id,accountEnabled", 403],
  [`$select=id,${rolesExtension}`, 403],
  ["$select=id&$filter=displayName eq 'x'", 200],
  ["$select=id&$filter=department eq 'x'", 403],
  [`$select=id&$filter=${rolesExtension} eq 'x'`, 403],
  ["$select=*", 403],
  ["", 403],
])("of the basic profile the basic permission shows: GET /users?%s is %i", async (query, status) => {
  const app = await appWith(["User.ReadBasic.All"]);
  expect((await app.get(`/users?${query}`)).status).toBe(status);
});

test("each property of a change has to be covered", async () => {
  const stamp = { [rolesExtension]: "x" };
  const both = { ...stamp, accountEnabled: false };
  const block = ["User.EnableDisableAccount.All", "User.Read.All"];
  const patch = async (roles: readonly string[], body: object) =>
    (await (await appWith(roles)).patch(user, body)).status;
  expect(await patch(block, both)).toBe(403);
  expect(await patch([...block, "User.ReadUpdate.All"], both)).toBe(204);
  expect(await patch(["User.ReadWrite.All"], both)).toBe(204);
  expect(await patch(["User.ReadUpdate.All"], { mobilePhone: "1" })).toBe(403);
});

test("OwnedBy covers what the app owns, and nothing else", async () => {
  const roles = ["Application.ReadWrite.OwnedBy"];
  const owner = await appWith(roles, { owns: [ids.syncApp] });
  expect((await owner.get(`${job}?$select=status`)).status).toBe(200);
  expect(outcome(await (await appWith(roles)).get(`${job}?$select=status`))).toEqual(denied);
});

test("of members that the app may not read it gets type and id, and null for the rest", async () => {
  const read = async (roles: readonly string[], select: string) =>
    (await (await appWith(roles)).get(`${members(ids.readers)}?$select=${select}`)).body.value;
  const select = "id,displayName,accountEnabled";
  const group = { "@odata.type": "#microsoft.graph.group", id: ids.nested };
  const unseen = {
    "@odata.type": "#microsoft.graph.user",
    id: ids.ana,
    displayName: null,
    accountEnabled: null,
  };
  const seen = { ...unseen, displayName: "Ana Analyst", accountEnabled: true };
  const basic = await read(["GroupMember.ReadBasic.All"], select);
  expect(basic).toEqual([unseen, { ...group, displayName: null }]);
  expect(await read(["GroupMember.ReadBasic.All", "User.Read.All"], select)).toEqual([
    seen,
    { ...group, displayName: null },
  ]);
  expect(await read(["Group.Read.All", "User.Read.All"], select)).toEqual([
    seen,
    { ...group, displayName: "Nested" },
  ]);
  const path = `${members(ids.readers)}/microsoft.graph.user?$select=id,mail`;
  const app = await appWith(["GroupMember.ReadBasic.All"]);
  expect((await app.get(path)).body.value).toEqual([{ id: ids.ana, mail: null }]);
});

test("a subscription needs the permission to read what it announces", async () => {
  const app = await appWith(["User.Read.All"]);
  const wish = {
    changeType: "updated",
    notificationUrl: "http://127.0.0.1:1/",
    expirationDateTime: "2026-11-21T08:00:00Z",
  };
  expect(outcome(await app.post("/subscriptions", { ...wish, resource: "/groups" }))).toEqual(denied);
  // Nobody listens at that address, but so far it comes.
  expect((await app.post("/subscriptions", { ...wish, resource: "/users" })).status).toBe(400);
});

test("the parts of a batch are authorised one by one", async () => {
  const app = await appWith(["User.Read.All"]);
  const { status, body } = await app.batch([
    { id: "user", method: "GET", url: `${user}?$select=id` },
    { id: "group", method: "GET", url: `/groups/${ids.readers}?$select=id` },
  ]);
  const parts = body["responses"] as { id: string; status: number }[];
  expect([status, Object.fromEntries(parts.map((part) => [part.id, part.status]))]).toEqual([
    200,
    { user: 200, group: 403 },
  ]);
});

test("missingPermission takes one away in one tenant: its calls are 403, and new tokens lack it", async () => {
  const lab = await testLab({ app: { roles: consent } });
  const [home, away] = [await lab.as("app", ids.source), await lab.as("app", ids.contoso)];
  const readGroup = (client: Client) => client.get("/groups?$select=id");
  const id = lab.lab.faults.add({
    kind: "missingPermission",
    tenant: "contoso",
    permission: "Group.ReadBasic.All",
  });
  expect(outcome(await readGroup(away))).toEqual(denied);
  expect((await away.get("/users?$select=id")).status).toBe(200);
  expect((await readGroup(home)).status).toBe(200);
  const answer = await lab.token(ids.contoso, { client_id: ids.app, client_secret: "app secret" });
  const { access_token } = (await answer.json()) as { access_token: string };
  expect(decodeJwt(access_token)["roles"]).toEqual(
    consent.target.filter((name) => name !== "Group.ReadBasic.All"),
  );
  lab.lab.faults.remove(id);
  expect((await readGroup(away)).status).toBe(200);
});

test("several permissions can be missing at once, everywhere", async () => {
  const lab = await testLab({ app: { roles: consent } });
  for (const permission of ["User.Read.All", "GroupMember.ReadWrite.All"])
    lab.lab.faults.add({ kind: "missingPermission", permission });
  const app = await lab.as("app", ids.source);
  expect(outcome(await app.get("/users?$select=id"))).toEqual(denied);
  expect(outcome(await app.delete(`${members(ids.readers)}/${ids.ana}/$ref`))).toEqual(denied);
  expect((await app.get(`${user}/memberOf?$select=id`)).status).toBe(200);
});

test("a permission is missing or not: not for a while, and not for a share of the calls", async () => {
  const { lab } = await testLab();
  const fault = { kind: "missingPermission", permission: "User.Read.All", times: 1 };
  // Wrong on purpose: what the control API passes on is unchecked.
  expect(() => lab.faults.add(fault as unknown as FaultInput)).toThrow("times");
});

test("a permission that no call needs cannot be missing", async () => {
  const { lab } = await testLab();
  const fault: FaultInput = { kind: "missingPermission", permission: "User.ReadAll" };
  expect(() => lab.faults.add(fault)).toThrow("is no permission that a call of the lab's Graph needs");
});

test("every operation of the lab's Graph has a row in its permission table", async () => {
  const clock = startClock(() => 0);
  const { lab } = await assemble({ clock, seed: { seed: 1, tenants: [], apps: [] } });
  const registered: string[][] = [];
  registerResources(
    (method, path) => void registered.push([method, path]),
    lab,
    async () => new Response(),
  );
  expect(registered.length).toBeGreaterThan(50);
  expect(registered.filter(([method = "", path = ""]) => permissionsOf(method, path) === undefined)).toEqual(
    [],
  );
});

test("a call without a row is refused, and the message says where the row belongs", () => {
  // Nothing of the call is looked at but its caller.
  const call = { caller: { kind: "app", roles: ["Directory.ReadWrite.All"] } } as unknown as Call;
  expect(() => authorizeCallsOf("GET", "/printers/{id}")(call)).toThrow(
    "The lab knows no permission for GET /printers/{id}: add a row to lab/graph/identity/permission-table.ts.",
  );
});
