import { textOf } from "../../directory/text.ts";
import { entitlementPath } from "../../entitlement/paths.ts";
import { missing, refused } from "../../entitlement/problems.ts";
import type { PackageRecord, SettingsRecord } from "../../entitlement/records.ts";
import { durationMs } from "../../entitlement/schedule.ts";
import { bodyOf, type Call, type Reply } from "../../http/call.ts";
import { param, type Route } from "../../http/router.ts";
import { catalogNode, organizationNode, packageNode, policiesOf, policyNode } from "./definition-nodes.ts";
import { entity, listNodes, type Node } from "./node.ts";
import type { TypeName } from "./types.ts";

/** What an administrator has defined: catalogs, packages, policies, connected organizations, settings. */
export function definitionRoutes(route: Route): void {
  definitions(route, { name: "accessPackages", type: "accessPackage", nodes: packageNodes });
  definitions(route, {
    name: "assignmentPolicies",
    type: "accessPackageAssignmentPolicy",
    nodes: (call) => [...call.tenant.entitlement.policies.values()].map((one) => policyNode(call, one)),
  });
  definitions(route, {
    name: "catalogs",
    type: "accessPackageCatalog",
    nodes: (call) => [...call.tenant.entitlement.catalogs.values()].map((one) => catalogNode(call, one)),
  });
  definitions(route, {
    name: "connectedOrganizations",
    type: "connectedOrganization",
    nodes: (call) => [...call.tenant.entitlement.organizations.values()].map(organizationNode),
  });

  const one = `${entitlementPath}/accessPackages/{id}`;
  route("GET", `${one}/resourceRoleScopes`, (call, params) => {
    const found = packageNode(call, requirePackage(call, param(params, "id")));
    const nodes = found.navigations["resourceRoleScopes"]?.() as readonly Node[];
    const name = `accessPackages('${found.id}')/resourceRoleScopes`;
    return listNodes(call, { type: "accessPackageResourceRoleScope", name, nodes });
  });
  route("GET", `${one}/assignmentPolicies`, (call, params) => {
    const { id } = requirePackage(call, param(params, "id"));
    const nodes = policiesOf(call, id).map((policy) => policyNode(call, policy));
    const name = `accessPackages('${id}')/assignmentPolicies`;
    return listNodes(call, { type: "accessPackageAssignmentPolicy", name, nodes });
  });

  route("GET", `${entitlementPath}/settings`, settings);
  route("PATCH", `${entitlementPath}/settings`, (call) => {
    Object.assign(call.tenant.entitlement.settings, settingsOf(call));
    return settings(call);
  });
}

const packageNodes = (call: Call) =>
  [...call.tenant.entitlement.packages.values()].map((one) => packageNode(call, one));

function definitions(
  route: Route,
  set: { readonly name: string; readonly type: TypeName; readonly nodes: (call: Call) => readonly Node[] },
): void {
  const { name, type } = set;
  const path = `${entitlementPath}/${name}`;
  route("GET", path, (call) => listNodes(call, { name, type, nodes: set.nodes(call) }));
  route("GET", `${path}/{id}`, (call, params) => {
    const id = param(params, "id");
    const node = set.nodes(call).find((each) => each.id === id);
    if (node === undefined) throw missing(type, id);
    return { status: 200, body: entity(call, name, node) };
  });
}

function requirePackage(call: Call, id: string): PackageRecord {
  const found = call.tenant.entitlement.packages.get(id);
  if (found === undefined) throw missing("accessPackage", id);
  return found;
}

function settings(call: Call): Reply {
  const context = `${call.url.origin}/v1.0/$metadata#identityGovernance/entitlementManagement/settings/$entity`;
  const { externalUserLifecycleAction, durationUntilExternalUserDeletedAfterBlocked } =
    call.tenant.entitlement.settings;
  const values = { externalUserLifecycleAction, durationUntilExternalUserDeletedAfterBlocked };
  return { status: 200, body: { "@odata.context": context, id: "entitlementManagementSettings", ...values } };
}

const actions: readonly unknown[] = [
  "none",
  "blockSignIn",
  "blockSignInAndDelete",
] satisfies SettingsRecord["externalUserLifecycleAction"][];

function settingsOf(call: Call): Partial<SettingsRecord> {
  const changed: Partial<SettingsRecord> = {};
  const body = bodyOf(call);
  const action = body["externalUserLifecycleAction"];
  if (action !== undefined) {
    if (!actions.includes(action))
      throw refused("InvalidModel", `'${textOf(action)}' is no lifecycle action.`);
    changed.externalUserLifecycleAction = action as SettingsRecord["externalUserLifecycleAction"];
  }
  const duration = body["durationUntilExternalUserDeletedAfterBlocked"];
  if (duration !== undefined) {
    durationMs(textOf(duration));
    changed.durationUntilExternalUserDeletedAfterBlocked = textOf(duration);
  }
  return changed;
}
