import { expect, test } from "vitest";
import { ids, idsIn, rolesExtension, testLab, type Client } from "./graph-world.ts";

const eventual = { ConsistencyLevel: "eventual" };

async function adminOfSource(): Promise<Client> {
  const admin = await (await testLab()).as("admin", ids.source);
  await admin.patch(`/users/${ids.ana}`, { [rolesExtension]: "hunter" });
  return admin;
}

test.each([
  ["department eq 'SOC'", [ids.ana, ids.ben]],
  ["department eq 'soc' and jobTitle eq 'Threat Hunter'", [ids.ana]],
  ["jobTitle eq 'Threat Hunter' or department eq 'Sales'", [ids.ana, ids.cleo]],
  ["startswith(displayName,'Cleo')", [ids.cleo]],
  ["startsWith(userPrincipalName, 'b')", [ids.ben]],
  ["mail in ('ana@source.example', 'cleo@source.example')", [ids.ana, ids.cleo]],
  ["userType eq 'Guest'", [ids.gus]],
  ["accountEnabled eq true and userType eq 'Guest'", [ids.gus]],
  [`${rolesExtension} eq 'hunter'`, [ids.ana]],
  [`id in ('${ids.ben}')`, [ids.ben]],
  ["createdDateTime ge 2026-11-20T00:00:00Z and startswith(displayName,'Ana')", [ids.ana]],
  ["createdDateTime le 2026-11-19T00:00:00Z", []],
  ["displayName eq 'O''Hara'", []],
])("users are filtered by %s", async (filter, expected) => {
  const admin = await adminOfSource();
  const answer = await admin.get(`/users?$select=id&$filter=${encodeURIComponent(filter)}`);
  expect(answer.status).toBe(200);
  expect(idsIn(answer)).toEqual(expected);
});

test.each([
  ["department ne 'SOC'", [ids.cleo, ids.gus]],
  ["not(department eq 'SOC')", [ids.cleo, ids.gus]],
  ["endsWith(mail,'n@source.example')", [ids.ben]],
  ["(department eq 'SOC') and (jobTitle eq null)", [ids.ben]],
  ["companyName eq 'Contoso'", []],
  ["startswith(officeLocation,'B')", []],
  [`startswith(${rolesExtension},'hunt')`, [ids.ana]],
])("%s is an advanced query: it needs ConsistencyLevel and $count", async (filter, expected) => {
  const admin = await adminOfSource();
  const path = `/users?$select=id&$filter=${encodeURIComponent(filter)}`;
  const plain = await admin.get(path);
  expect(plain.body.error).toMatchObject({ code: "Request_UnsupportedQuery" });
  expect((await admin.get(path, eventual)).status).toBe(400);
  const advanced = await admin.get(`${path}&$count=true`, eventual);
  expect(idsIn(advanced)).toEqual(expected);
  expect(advanced.body["@odata.count"]).toBe(expected.length);
});

test.each([
  [
    "users",
    "signInSessionsValidFromDateTime ge 2026-11-20T00:00:00Z",
    "signInSessionsValidFromDateTime",
    "User",
  ],
  ["users", "createdDateTime eq 2026-11-20T08:00:00Z", "createdDateTime", "User"],
  ["users", "startswith(employeeId,'1')", "employeeId", "User"],
  ["groups", "visibility eq 'Private'", "visibility", "Group"],
  ["groups", "groupTypes eq 'Unified'", "groupTypes", "Group"],
  ["servicePrincipals", "appDisplayName eq 'x'", "appDisplayName", "ServicePrincipal"],
])("%s cannot be filtered by %s, not even in an advanced query", async (set, filter, property, resource) => {
  const admin = await adminOfSource();
  const path = `/${set}?$select=id&$count=true&$filter=${encodeURIComponent(filter)}`;
  for (const headers of [{}, eventual]) {
    const { status, body } = await admin.get(path, headers);
    expect([status, body.error?.code]).toEqual([400, "Request_UnsupportedQuery"]);
    expect(body.error?.message).toBe(
      `Unsupported or invalid query filter clause specified for property '${property}' of resource '${resource}'.`,
    );
  }
});

test.each([
  ["contains(displayName,'a')", "Contains"],
  ["createdDateTime lt 2026-11-20T00:00:00Z", "LessThan"],
  ["endsWith(displayName,'a')", "EndsWith"],
])("%s is no operator of directory objects", async (filter, operator) => {
  const admin = await adminOfSource();
  const { body } = await admin.get(`/users?$select=id&$count=true&$filter=${filter}`, eventual);
  expect(body.error?.message).toBe(`Unsupported property filter clause operator '${operator}'.`);
});

const orOf = (count: number) => Array.from({ length: count }, (_, n) => `mail eq '${n}'`).join(" or ");
const inOf = (count: number) => `mail in (${Array.from({ length: count }, (_, n) => `'${n}'`).join(",")})`;

test.each([
  ["15 alternatives", orOf(15), undefined],
  ["16 alternatives", orOf(16), 16],
  ["15 values", inOf(15), undefined],
  ["18 values", inOf(18), 18],
  ["8 alternatives and 8 values", `${orOf(8)} or ${inOf(8)}`, 16],
  ["two choices of 15", `(${orOf(15)}) and (${inOf(15)})`, undefined],
  ["16 conditions that hold together", orOf(16).replaceAll(" or ", " and "), undefined],
])("a filter has at most 15 alternatives: %s", async (_what, filter, tooMany) => {
  const admin = await adminOfSource();
  const { status, body } = await admin.get(`/users?$select=id&$filter=${encodeURIComponent(filter)}`);
  expect(status).toBe(tooMany === undefined ? 200 : 400);
  if (tooMany === undefined) return;
  expect(body.error).toMatchObject({
    code: "Request_UnsupportedQuery",
    message: `Too many child clauses specified in search filter expression containing 'OR' operators: ${tooMany}. Max allowed: 15.`,
  });
});

test("an advanced query has more alternatives, as far as its URL goes", async () => {
  const admin = await adminOfSource();
  const ask = (filter: string) =>
    admin.get(`/users?$select=id&$count=true&$filter=${encodeURIComponent(filter)}`, eventual);
  expect((await ask(inOf(40))).status).toBe(200);
  expect((await ask(inOf(400))).status).toBe(400);
});

test("a value to match has at most 120 characters", async () => {
  const admin = await adminOfSource();
  const ask = (length: number) =>
    admin.get(`/groups?$select=id&$filter=displayName eq '${"x".repeat(length)}'`);
  expect([(await ask(120)).status, (await ask(121)).status]).toEqual([200, 400]);
});

test.each([
  [`/groups/${ids.readers}/members?$select=id&$filter=displayName eq 'Ana Analyst'`],
  [`/groups/${ids.readers}/members/microsoft.graph.user?$select=id&$orderby=displayName`],
  [`/users/${ids.ana}/memberOf?$select=id&$filter=displayName eq 'SOC Readers'`],
])("%s filters or sorts references: an advanced query", async (path) => {
  const admin = await adminOfSource();
  const { status, body } = await admin.get(path);
  expect([status, body.error?.message]).toEqual([
    400,
    "The specified filter to the reference property query is currently not supported.",
  ]);
  expect(idsIn(await admin.get(`${path}&$count=true`, eventual))).toHaveLength(1);
});

test("lambdas look into collections", async () => {
  const admin = await adminOfSource();
  const filter = encodeURIComponent("groupTypes/any(t:t eq 'DynamicMembership')");
  expect(idsIn(await admin.get(`/groups?$select=id&$filter=${filter}`))).toEqual([ids.dynamic]);
});

test.each([
  [
    "$select=nonsense",
    "BadRequest",
    "Could not find a property named 'nonsense' on type 'microsoft.graph.user'.",
  ],
  [
    "$select=extension_00000000000040008000000000000000_x",
    "Request_UnsupportedQuery",
    "does not exist as a declared property or extension property",
  ],
  ["$filter=nonsense eq 'x'", "Request_UnsupportedQuery", "Property 'nonsense' does not exist"],
  ["$filter=department eq", "Request_BadRequest", "Invalid filter clause"],
  ["$filter=department eq 'x", "Request_BadRequest", "Invalid filter clause"],
  ["$filter=department eq 'x' department", "Request_BadRequest", "Invalid filter clause"],
  ["$filter=department like 'x'", "Request_BadRequest", "Invalid filter clause"],
  ["$top=1000", "Request_UnsupportedQuery", "Invalid page size specified: '1000'. Must be between 1 and 999"],
  ["$top=0", "Request_UnsupportedQuery", "Invalid page size"],
  ["$orderby=nonsense", "Request_UnsupportedQuery", "nonsense"],
])("%s is refused as Graph refuses it", async (query, code, message) => {
  const admin = await adminOfSource();
  const { status, body } = await admin.get(`/users?${query}`);
  expect(status).toBe(400);
  expect(body.error).toMatchObject({ code, message: expect.stringContaining(message) });
});

test.each(["$expand=manager", "$search=x", "$skip=1"])(
  "%s is not imitated, and the lab says so",
  async (query) => {
    const admin = await adminOfSource();
    expect((await admin.get(`/users?${query}`)).status).toBe(501);
  },
);

test("a listing is paged, and following nextLink to the end gives each item once", async () => {
  const admin = await adminOfSource();
  const seen: string[] = [];
  let pages = 0;
  let link: string | undefined = "/users?$select=id&$top=2";
  while (link !== undefined) {
    const page = await admin.get(link);
    seen.push(...idsIn(page));
    pages++;
    link = page.body["@odata.nextLink"] as string | undefined;
    if (link !== undefined) expect(link).toContain("$select=id");
  }
  expect(pages).toBe(2);
  expect(seen).toEqual([ids.ana, ids.ben, ids.cleo, ids.gus]);
});

test("nobody is skipped when someone on an earlier page vanishes meanwhile", async () => {
  const admin = await adminOfSource();
  const first = await admin.get("/users?$select=id&$top=2");
  await admin.delete(`/users/${ids.ana}`);
  const second = await admin.get(String(first.body["@odata.nextLink"]));
  expect(idsIn(second)).toEqual([ids.cleo, ids.gus]);
});

test("not even when the last one of the page vanishes", async () => {
  const admin = await adminOfSource();
  const first = await admin.get("/users?$select=id&$top=2");
  await admin.delete(`/users/${ids.ben}`);
  const second = await admin.get(String(first.body["@odata.nextLink"]));
  expect(idsIn(second)).toEqual([ids.cleo, ids.gus]);
});

test("a made-up skiptoken is refused", async () => {
  const admin = await adminOfSource();
  expect((await admin.get("/users?$select=id&$skiptoken=x")).status).toBe(400);
});

test("the default page holds 100 items", async () => {
  const users = Array.from({ length: 120 }, (_, n) => ({
    id: `00000000-0000-4000-8000-${String(n).padStart(12, "0")}`,
    displayName: `Person ${n}`,
    userPrincipalName: `person${n}@source.example`,
  }));
  const admin = await (await testLab({ users })).as("admin", ids.source);
  expect(idsIn(await admin.get("/users?$select=id"))).toHaveLength(100);
  expect(idsIn(await admin.get("/users?$select=id&$top=999"))).toHaveLength(124);
});

test("$count is a number in plain text, and needs the header", async () => {
  const admin = await adminOfSource();
  expect((await admin.get("/users/$count")).status).toBe(400);
  expect((await admin.get("/users/$count", eventual)).body["text"]).toBe("4");
  expect((await admin.get(`/groups/${ids.readers}/members/$count`, eventual)).body["text"]).toBe("2");
});

test("$orderby sorts, descending too", async () => {
  const admin = await adminOfSource();
  const sorted = await admin.get("/users?$select=id&$orderby=displayName desc");
  expect(idsIn(sorted)).toEqual([ids.gus, ids.cleo, ids.ben, ids.ana]);
});

test.each([
  ["/users?$select=id&$orderby=createdDateTime", "Sorting not supported for current query.", 200],
  ["/users?$select=id&$orderby=mail", "An unsupported property was specified.", 400],
  ["/servicePrincipals?$orderby=displayName", "Sorting not supported for current query.", 200],
  [
    "/users?$select=id&$orderby=displayName&$filter=department eq 'SOC'",
    "Sorting not supported for current query.",
    200,
  ],
])("GET %s is an advanced query, or none", async (path, message, advanced) => {
  const admin = await adminOfSource();
  const { status, body } = await admin.get(path);
  expect([status, body.error]).toMatchObject([400, { code: "Request_UnsupportedQuery", message }]);
  expect((await admin.get(`${path}&$count=true`, eventual)).status).toBe(advanced);
});
