import { activeStates } from "../../entitlement/assignments.ts";
import { entitlementPath } from "../../entitlement/paths.ts";
import { missing, refused } from "../../entitlement/problems.ts";
import type { PackageRecord, PolicyRecord, ResourceRole } from "../../entitlement/records.ts";
import { readExpiration, recordOf } from "../../entitlement/schedule.ts";
import { bodyOf, type Call } from "../../http/call.ts";
import { param, type Route } from "../../http/router.ts";
import { packageNode, policyNode, roleScopeNode } from "./definition-nodes.ts";
import { entity } from "./node.ts";
import { readSubjectSets, scopeOf } from "./policy-targets.ts";

const packages = `${entitlementPath}/accessPackages`;
const policies = `${entitlementPath}/assignmentPolicies`;

/** What an administrator can change of packages and policies while the lab runs. */
export function definitionWrites(route: Route): void {
  route("POST", packages, (call) => {
    const made = newPackage(call);
    call.tenant.entitlement.packages.set(made.id, made);
    return { status: 201, body: entity(call, "accessPackages", packageNode(call, made)) };
  });
  route("PATCH", `${packages}/{id}`, (call, params) => {
    const found = packageWith(call, param(params, "id"));
    const { displayName } = bodyOf(call);
    if (typeof displayName === "string") keep(call, { ...found, displayName });
    return { status: 204 };
  });
  // "You cannot delete an access package if it has any accessPackageAssignment": learn.microsoft.com/graph/api/accesspackage-delete.
  route("DELETE", `${packages}/{id}`, (call, params) => {
    const { id } = packageWith(call, param(params, "id"));
    const { assignments, policies: known } = call.tenant.entitlement;
    const held = [...assignments.entries()].some(
      ([, { packageId, state }]) => packageId === id && activeStates.includes(state),
    );
    if (held) throw refused("InvalidState", "The access package has assignments: remove them first.");
    call.tenant.entitlement.packages.delete(id);
    for (const policy of known.values()) if (policy.packageId === id) known.delete(policy.id);
    return { status: 204 };
  });
  // Those who have the package already get the new role only when their assignment is reprocessed.
  route("POST", `${packages}/{id}/resourceRoleScopes`, (call, params) => {
    const found = packageWith(call, param(params, "id"));
    const role = newRole(call);
    keep(call, { ...found, roles: [...found.roles, role] });
    const name = `accessPackages('${found.id}')/resourceRoleScopes`;
    return { status: 201, body: entity(call, name, roleScopeNode(call, found, role)) };
  });
  route("POST", policies, (call) => {
    const made = policyOf(call, call.tenant.mint("assignment policy"));
    call.tenant.entitlement.policies.set(made.id, made);
    return { status: 201, body: entity(call, "assignmentPolicies", policyNode(call, made)) };
  });
  route("PUT", `${policies}/{id}`, (call, params) => {
    const id = param(params, "id");
    if (!call.tenant.entitlement.policies.has(id)) throw missing("accessPackageAssignmentPolicy", id);
    const changed = policyOf(call, id);
    call.tenant.entitlement.policies.set(id, changed);
    return { status: 200, body: entity(call, "assignmentPolicies", policyNode(call, changed)) };
  });
  route("DELETE", `${policies}/{id}`, (call, params) => {
    const id = param(params, "id");
    if (!call.tenant.entitlement.policies.delete(id)) throw missing("accessPackageAssignmentPolicy", id);
    return { status: 204 };
  });
}

function packageWith(call: Call, id: string): PackageRecord {
  const found = call.tenant.entitlement.packages.get(id);
  if (found === undefined) throw missing("accessPackage", id);
  return found;
}

const keep = (call: Call, changed: PackageRecord) =>
  void call.tenant.entitlement.packages.set(changed.id, changed);

function newPackage(call: Call): PackageRecord {
  const { displayName, catalog } = bodyOf(call);
  const catalogId = recordOf(catalog)["id"];
  if (typeof displayName !== "string" || typeof catalogId !== "string")
    throw refused("InvalidModel", "An access package needs a displayName and a catalog.");
  if (!call.tenant.entitlement.catalogs.has(catalogId)) throw missing("accessPackageCatalog", catalogId);
  return { id: call.tenant.mint("access package"), displayName, catalogId, roles: [], createdAt: call.at };
}

/** The scope says of which resource, the role what of it: `Member_{group id}`, or an application role's id. */
function newRole(call: Call): ResourceRole {
  const { role, scope } = bodyOf(call);
  const { originId, originSystem } = recordOf(scope);
  const id = call.tenant.mint("resource role scope");
  if (originSystem === "AadGroup" && typeof originId === "string")
    return { kind: "group", id, groupId: originId };
  const appRoleId = recordOf(role)["originId"];
  if (originSystem === "AadApplication" && typeof originId === "string" && typeof appRoleId === "string")
    return { kind: "application", id, servicePrincipalId: originId, appRoleId };
  throw refused("InvalidModel", "The lab knows roles of groups and of applications.");
}

/** A policy is always written as a whole. */
function policyOf(call: Call, id: string): PolicyRecord {
  const body = bodyOf(call);
  const { displayName, expiration } = body;
  const packageId = recordOf(body["accessPackage"])["id"];
  if (typeof displayName !== "string" || typeof packageId !== "string")
    throw refused("InvalidModel", "A policy needs a displayName and an accessPackage.");
  packageWith(call, packageId);
  const settings = recordOf(body["requestApprovalSettings"]);
  const [stage] = Array.isArray(settings["stages"]) ? settings["stages"].map(recordOf) : [];
  const deniedAfter = stage?.["durationBeforeAutomaticDenial"];
  const approval = {
    deniedAfter: typeof deniedAfter === "string" ? deniedAfter : "P14D",
    alsoForUpdates: settings["isApprovalRequiredForUpdate"] === true,
  };
  return {
    id,
    packageId,
    displayName,
    allowedTargetScope: scopeOf(body["allowedTargetScope"]),
    specificAllowedTargets: readSubjectSets(body["specificAllowedTargets"]),
    expiration: readExpiration(expiration ?? { type: "noExpiration" }),
    approval: settings["isApprovalRequiredForAdd"] === true ? approval : undefined,
    allowCustomAssignmentSchedule:
      recordOf(body["requestorSettings"])["allowCustomAssignmentSchedule"] === true,
    createdAt: call.at,
  };
}
