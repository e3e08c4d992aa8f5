import { describe, expect, test } from "vitest";
import { checkRequest } from "./check-request.ts";
import { checkTraffic } from "./check-traffic.ts";
import { graphData, graphDataNotice } from "./data.ts";
import { documentedMethods, documentedProperties, documentedSpellings } from "./documented.ts";
import { documentedCalls } from "./documented-permissions.ts";
import { declaredMember } from "./metadata.ts";
import { acceptedApplicationPermissions, leastApplicationPermission } from "./permissions.ts";

const data = graphData();
// Vitest says how many tests it skipped; why, and what to do about it, must be said here.
if (data === undefined) process.stderr.write(`${graphDataNotice}\n`);

const id = "5b8e1b0a-6b0f-4d3c-9a51-0d7c5a9e2f11";
const extension = "extension_0123456789abcdef0123456789abcdef_socRoles";
const job = `/servicePrincipals/${id}/synchronization/jobs/Azure2Azure.0123456789abcdef.55555555`;
const reference = { "@odata.id": `https://graph.microsoft.com/v1.0/directoryObjects/${id}` };
const filter = (text: string) => `$filter=${encodeURIComponent(text)}`;
const groupProperties =
  "id,displayName,groupTypes,isAssignableToRole,onPremisesSyncEnabled,securityEnabled,mailEnabled";
const subscription = {
  changeType: "updated,deleted",
  notificationUrl: "https://muster.example/api/notifications",
  lifecycleNotificationUrl: "https://muster.example/api/lifecycle",
  resource: "/users",
  expirationDateTime: "2026-12-18T11:00:00Z",
  clientState: "0123456789",
  latestSupportedTlsVersion: "v1_2",
};
const onDemand = {
  parameters: [{ ruleId: id, subjects: [{ objectId: id, objectTypeName: "User" }] }],
};
const policy = "66666666-6666-4666-8666-666666666666";
const elm = "/identityGovernance/entitlementManagement";

type Good = [method: string, url: string, template: string, body?: unknown];

const good: Good[] = [
  ["GET", `/users/${id}?$select=id,userPrincipalName,accountEnabled,${extension}`, "/users/{id}"],
  ["GET", `/users?${filter(`${extension} eq '${id}'`)}&$select=id,userType,${extension}`, "/users"],
  ["GET", "/users/ana_source.example%23EXT%23@target.example?$select=id", "/users/{id}"],
  ["GET", `/users/${id}/memberOf?$select=id&$top=999`, "/users/{id}/memberOf"],
  [
    "GET",
    `/users/${id}/memberOf/microsoft.graph.group?$select=id`,
    "/users/{id}/memberOf/microsoft.graph.group",
  ],
  ["POST", `/users/${id}/checkMemberGroups`, "/users/{id}/checkMemberGroups", { groupIds: [id] }],
  ["GET", `/groups?${filter("displayName eq 'O''Hara''s SOC'")}&$select=${groupProperties}`, "/groups"],
  ["GET", `/groups/${id}?$select=${groupProperties}`, "/groups/{id}"],
  ["GET", `/groups/${id}/members?$select=id&$top=999`, "/groups/{id}/members"],
  ["GET", `/groups/${id}/members?$select=id&$top=999&$skiptoken=abc`, "/groups/{id}/members"],
  [
    "GET",
    `/groups/${id}/members/microsoft.graph.group?$select=id`,
    "/groups/{id}/members/microsoft.graph.group",
  ],
  [
    "GET",
    `/groups/${id}/transitiveMembers/microsoft.graph.group?$select=id&$count=true`,
    "/groups/{id}/transitiveMembers/microsoft.graph.group",
  ],
  ["GET", `/groups/${id}/memberOf?$select=id&$top=999`, "/groups/{id}/memberOf"],
  ["GET", `/groups/${id}/transitiveMemberOf?$select=id&$top=999`, "/groups/{id}/transitiveMemberOf"],
  ["POST", `/groups/${id}/members/$ref`, "/groups/{id}/members/$ref", reference],
  ["DELETE", `/groups/${id}/members/${id}/$ref`, "/groups/{id}/members/{id}/$ref"],
  ["PATCH", `/users/${id}`, "/users/{id}", { [extension]: "reader,responder" }],
  ["PATCH", `/users/${id}`, "/users/{id}", { accountEnabled: false }],
  ["POST", `/users/${id}/revokeSignInSessions`, "/users/{id}/revokeSignInSessions"],
  ["DELETE", `/users/${id}`, "/users/{id}"],
  ["GET", `/directory/deletedItems/${id}`, "/directory/deletedItems/{id}"],
  [
    "GET",
    `/directory/deletedItems/microsoft.graph.user?$select=id&${filter("mail eq 'ana@source.example'")}`,
    "/directory/deletedItems/microsoft.graph.user",
  ],
  ["POST", `/directory/deletedItems/${id}/restore`, "/directory/deletedItems/{id}/restore"],
  ["POST", `/directory/deletedItems/${id}/microsoft.graph.restore`, "/directory/deletedItems/{id}/restore"],
  ["GET", job, "/servicePrincipals/{id}/synchronization/jobs/{id}"],
  ["GET", `${job}/schema`, "/servicePrincipals/{id}/synchronization/jobs/{id}/schema"],
  [
    "POST",
    `${job}/provisionOnDemand`,
    "/servicePrincipals/{id}/synchronization/jobs/{id}/provisionOnDemand",
    onDemand,
  ],
  ["POST", "/subscriptions", "/subscriptions", subscription],
  [
    "PATCH",
    `/subscriptions/${id}`,
    "/subscriptions/{id}",
    { expirationDateTime: "2026-12-18T11:00:00.0000000Z" },
  ],
  ["POST", `/subscriptions/${id}/reauthorize`, "/subscriptions/{id}/reauthorize"],
  ["GET", "/subscriptions", "/subscriptions"],
  ["GET", `/subscriptions/${id}`, "/subscriptions/{id}"],
  ["GET", `/users/delta?$select=id,accountEnabled,${extension}&$deltatoken=latest`, "/users/delta"],
  ["GET", `/groups/delta?$select=id,members&${filter(`id eq '${id}'`)}`, "/groups/delta"],
  ["POST", "/$batch", "/$batch", { requests: [{ id: "1", method: "GET", url: `/users/${id}?$select=id` }] }],
  [
    "GET",
    `${elm}/assignments?$expand=target&${filter(`target/objectid eq '${id}' and state eq 'Delivered'`)}`,
    `${elm}/assignments`,
  ],
  [
    "POST",
    `${elm}/assignmentRequests`,
    `${elm}/assignmentRequests`,
    {
      requestType: "adminAdd",
      assignment: { targetId: id, assignmentPolicyId: policy, accessPackageId: id },
    },
  ],
  [
    "POST",
    "/identityGovernance/privilegedAccess/group/eligibilityScheduleRequests",
    "/identityGovernance/privilegedAccess/group/eligibilityScheduleRequests",
    { accessId: "member", action: "adminAssign", principalId: id, groupId: id, justification: "SOC" },
  ],
  [
    "GET",
    `/auditLogs/provisioning?$top=5&${filter(`sourceIdentity/id eq '${id}' and activityDateTime gt 2026-11-01T00:00:00Z`)}`,
    "/auditLogs/provisioning",
  ],
];

type Wrong = [mistake: string, expected: string, method: string, url: string, body?: unknown];

const wrong: Wrong[] = [
  [
    "a misspelt property",
    "microsoft.graph.user has no acountEnabled; did you mean accountEnabled?",
    "GET",
    `/users/${id}?$select=id,acountEnabled`,
  ],
  [
    "a property of beta only",
    "microsoft.graph.group has no writebackConfiguration",
    "GET",
    `/groups/${id}?$select=writebackConfiguration`,
  ],
  [
    "an extension name with hyphens",
    "the appId without hyphens",
    "GET",
    `/users/${id}?$select=extension_${id}_socRoles`,
  ],
  ["a relation in $select", "memberOf is a relation", "GET", `/users/${id}?$select=memberOf`],
  ["a property in $expand", "displayName is a property", "GET", `/groups/${id}?$expand=displayName`],
  [
    "a misspelt path",
    "microsoft.graph.user has no memberof; did you mean memberOf?",
    "GET",
    `/users/${id}/memberof`,
  ],
  ["a misspelt root", "did you mean users?", "GET", `/user/${id}`],
  ["a misspelt operation", "did you mean revokeSignInSessions?", "POST", `/users/${id}/revokeSigninSession`],
  ["an operation in the place of an id", "neither an id nor an operation", "GET", "/users/changes"],
  ["an unknown cast", "neither an id nor an operation", "GET", "/directory/deletedItems/microsoft.graph.usr"],
  [
    "a cast that never succeeds",
    "is never a microsoft.graph.subscription",
    "GET",
    `/groups/${id}/members/microsoft.graph.subscription`,
  ],
  ["an unencoded guest name", "send %23", "GET", "/users/ana_source.example#EXT#@target.example"],
  [
    "DELETE of a member without $ref",
    "remove the reference with DELETE /groups/{id}/members/{id}/$ref",
    "DELETE",
    `/groups/${id}/members/${id}`,
  ],
  [
    "POST of a member without $ref",
    "add a reference with POST /groups/{id}/members/$ref",
    "POST",
    `/groups/${id}/members`,
    reference,
  ],
  ["PUT of a user", "PUT does not fit /users/{id}", "PUT", `/users/${id}`, { accountEnabled: false }],
  ["GET of an action", "an operation (POST)", "GET", `/users/${id}/revokeSignInSessions`],
  [
    "PATCH of an assignment policy, which is replaced",
    "PATCH does not fit",
    "PATCH",
    `${elm}/assignmentPolicies/${policy}`,
    { displayName: "x" },
  ],
  ["an unknown query option", "did you mean $filter?", "GET", `/groups?$filters=displayName eq 'x'`],
  ["a page that is too large", "from 1 to 999", "GET", `/groups/${id}/members?$top=5000`],
  ["$top in a delta query", "$top does not apply", "GET", "/users/delta?$top=100"],
  [
    "a filter on an unknown property",
    "microsoft.graph.group has no name",
    "GET",
    `/groups?${filter("name eq 'SOC'")}`,
  ],
  [
    "a filter with a value of the wrong type",
    "accountEnabled is Edm.Boolean",
    "GET",
    `/users?${filter("accountEnabled eq 'false'")}`,
  ],
  [
    "a filter on a list without any",
    "groupTypes is a collection",
    "GET",
    `/groups?${filter("groupTypes eq 'DynamicMembership'")}`,
  ],
  [
    "a filter inside any on an unknown property",
    "microsoft.graph.objectIdentity has no issuerId",
    "GET",
    `/users?${filter("identities/any(i:i/issuerId eq 'x')")}`,
  ],
  [
    "a filter with an unknown function",
    "did you mean startswith?",
    "GET",
    `/users?${filter("startWith(mail,'a')")}`,
  ],
  [
    "an unknown property in a body",
    "microsoft.graph.user has no property accountenabled; did you mean accountEnabled?",
    "PATCH",
    `/users/${id}`,
    { accountenabled: false },
  ],
  [
    "text for a boolean",
    'accountEnabled must be true or false, not "false"',
    "PATCH",
    `/users/${id}`,
    { accountEnabled: "false" },
  ],
  [
    "an object for an extension value",
    "must be a text, number, boolean",
    "PATCH",
    `/users/${id}`,
    { [extension]: { roles: [] } },
  ],
  ["an empty change", "nothing to change", "PATCH", `/users/${id}`, {}],
  ["members as objects", "send members@odata.bind", "PATCH", `/groups/${id}`, { members: [{ id }] }],
  [
    "a reference by bare id",
    "must be an absolute URL",
    "POST",
    `/groups/${id}/members/$ref`,
    { "@odata.id": id },
  ],
  [
    "a reference to the wrong kind of object",
    "not a microsoft.graph.directoryObject",
    "POST",
    `/groups/${id}/members/$ref`,
    { "@odata.id": `https://graph.microsoft.com/v1.0/subscriptions/${id}` },
  ],
  [
    "an action without its parameter",
    "needs the parameter groupIds",
    "POST",
    `/users/${id}/checkMemberGroups`,
    {},
  ],
  [
    "an action with one value for a list",
    "groupIds must be a list",
    "POST",
    `/users/${id}/checkMemberGroups`,
    { groupIds: id },
  ],
  [
    "an action with a misspelt parameter inside",
    "did you mean objectTypeName?",
    "POST",
    `${job}/provisionOnDemand`,
    { parameters: [{ ruleId: id, subjects: [{ objectId: id, objectTypename: "User" }] }] },
  ],
  [
    "a date without an offset",
    "instant with an offset",
    "PATCH",
    `/subscriptions/${id}`,
    { expirationDateTime: "2026-12-18T11:00:00" },
  ],
  [
    "null for what cannot be null",
    "resource must not be null",
    "POST",
    "/subscriptions",
    { ...subscription, resource: null },
  ],
  [
    "an unknown member of an enumeration",
    "did you mean adminAdd?",
    "POST",
    `${elm}/assignmentRequests`,
    { requestType: "AdminAdd" },
  ],
  [
    "the beta name of a property",
    "has no property accessPackageAssignment",
    "POST",
    `${elm}/assignmentRequests`,
    { accessPackageAssignment: {} },
  ],
  ["a body on a read", "GET carries a body", "GET", `/users/${id}`, { accountEnabled: true }],
  [
    "a wrong part of a batch",
    "part 7: $select: microsoft.graph.user has no mails",
    "POST",
    "/$batch",
    { requests: [{ id: "7", method: "GET", url: `/users/${id}?$select=mails` }] },
  ],
];

describe.skipIf(data === undefined)("against Graph's published files (MUSTER_GRAPH_DATA)", () => {
  const published = () => {
    if (data === undefined) throw new Error(graphDataNotice);
    return data;
  };

  test.each(good)("%s %s is right", (method, url, template, body) => {
    const request = { method, url, ...(body === undefined ? {} : { body }) };
    const checked = checkRequest(published().metadata, request);
    expect(checked.problems).toEqual([]);
    expect(checked.template).toBe(template);
  });

  test.each(wrong)("refuses %s", (_mistake, expected, method, url, body) => {
    const request = { method, url, ...(body === undefined ? {} : { body }) };
    expect(checkRequest(published().metadata, request).problems).toEqual([expect.stringContaining(expected)]);
  });

  test("every right request has a known permission", () => {
    const records = good.map(([method, url, , body]) => ({
      method,
      url,
      ...(body === undefined ? {} : { body }),
    }));
    const checked = checkTraffic(records);
    expect(checked.problems).toEqual([]);
    const unknown = [...checked.permissions].filter(([, { needs }]) =>
      needs.some((need) => need.kind === "unknown"),
    );
    expect(unknown).toEqual([]);
  });

  test.each([
    ["GET", "/groups/{id}/members", "least", ["GroupMember.ReadBasic.All"]],
    ["POST", `/users/${id}/revokeSignInSessions`, "least", ["User.RevokeSessions.All"]],
    ["DELETE", `/users/${id}`, "least", ["User.DeleteRestore.All"]],
    [
      "GET",
      "/auditLogs/provisioning",
      "accepted",
      ["AuditLog.Read.All", "Directory.Read.All", "ProvisioningLog.Read.All"],
    ],
    [
      "POST",
      "/servicePrincipals/{id}/appRoleAssignedTo",
      "least",
      ["AppRoleAssignment.ReadWrite.All", "Application.Read.All"],
    ],
    ["POST", "/groups/{id}/members/$ref", "documented", ["GroupMember.ReadWrite.All"]],
    ["POST", `${elm}/assignmentRequests/{id}/cancel`, "unknown", undefined],
  ])("%s %s is %s", (method, path, kind, permissions) => {
    const answer = leastApplicationPermission(published().permissions, { method, path });
    expect(answer).toMatchObject(permissions === undefined ? { kind } : { kind, permissions });
  });

  test("a documented permission is kept only while the table's row is missing or coarser", () => {
    const outdated = documentedCalls.filter(
      ({ method, path, because }) =>
        acceptedApplicationPermissions(published().permissions, { method, path }).length > 0 !==
        (because === "coarse row"),
    );
    expect(outdated.map(({ method, path }) => `${method} ${path}`)).toEqual([]);
  });

  test("a documented exception is kept only while the metadata lacks it, and for members that exist", () => {
    const { metadata } = published();
    const names = [...documentedProperties].flatMap(([type, properties]) =>
      [...properties.keys()].map((name) => ({ type, name })),
    );
    const spellings = [...documentedSpellings].flatMap(([type, found]) =>
      [...found].map(([spelling, name]) => ({ type, spelling, name })),
    );
    expect(names.filter(({ type, name }) => declaredMember(metadata, type, name) !== undefined)).toEqual([]);
    expect(spellings.filter(({ type, name }) => declaredMember(metadata, type, name) === undefined)).toEqual(
      [],
    );
    expect(spellings.filter(({ type, spelling }) => declaredMember(metadata, type, spelling))).toEqual([]);
    for (const [declaredAs, methods] of documentedMethods) {
      const [type = "", name = ""] = declaredAs.split("/");
      const member = declaredMember(metadata, type, name);
      expect(member, declaredAs).toBeDefined();
      expect(member?.capability.updateMethods, declaredAs).not.toEqual(expect.arrayContaining([...methods]));
    }
  });

  test("the files are read once per process", () => {
    expect(graphData()).toBe(data);
  });
});
