import type { Route } from "../http/router.ts";
import type { Lab } from "../lab.ts";
import { appRoleAssignmentRoutes } from "./app-role-assignments.ts";
import { applicationRoutes } from "./applications.ts";
import { auditLogRoutes } from "./audit-logs.ts";
import { batchRoute, type ServePart } from "./batch.ts";
import { deletedItemRoutes } from "./deleted-items.ts";
import { deltaRoutes } from "./delta.ts";
import { directoryRoleRoutes } from "./directory-roles.ts";
import { entitlementRoutes } from "./entitlement/entitlement-routes.ts";
import { groupMemberRoutes } from "./group-members.ts";
import { groupRoutes } from "./groups.ts";
import { lifecycleWorkflowRoutes } from "./lifecycle-workflows.ts";
import { membershipRoutes } from "./memberships.ts";
import { organizationRoutes } from "./organization.ts";
import { privilegedGroupRoutes } from "./privileged-groups.ts";
import { servicePrincipalRoutes } from "./service-principals.ts";
import { subscriptionRoutes } from "./subscriptions.ts";
import { synchronizationRoutes } from "./synchronization.ts";
import { userRoutes } from "./users.ts";

/** Every operation the simulator knows. Fixed segments come before `{id}`: the first match wins. */
export function registerResources(route: Route, lab: Lab, serve: ServePart): void {
  batchRoute(route, lab, serve);
  deltaRoutes(route);
  userRoutes(route, lab);
  membershipRoutes(route);
  groupRoutes(route, lab);
  groupMemberRoutes(route, lab);
  deletedItemRoutes(route, lab);
  servicePrincipalRoutes(route);
  appRoleAssignmentRoutes(route, lab);
  synchronizationRoutes(route, lab);
  subscriptionRoutes(route, lab);
  auditLogRoutes(route, lab);
  applicationRoutes(route, lab);
  organizationRoutes(route);
  directoryRoleRoutes(route);
  privilegedGroupRoutes(route, lab);
  entitlementRoutes(route, lab);
  lifecycleWorkflowRoutes(route, lab);
}
