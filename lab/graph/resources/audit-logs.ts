import type { EntityShape } from "../directory/properties.ts";
import type { Call, Reply } from "../http/call.ts";
import { param, type Route } from "../http/router.ts";
import { notFound } from "../http/problem.ts";
import type { Lab } from "../lab.ts";
import { valueAt } from "../odata/filter.ts";
import { listing } from "../odata/listing.ts";
import { readQuery } from "../odata/query.ts";

const directoryAudit = logShape("microsoft.graph.directoryAudit", [
  "activityDateTime",
  "activityDisplayName",
  "category",
  "correlationId",
  "initiatedBy",
  "loggedByService",
  "result",
  "targetResources",
]);

// The documentation writes some of these in lower case.
const provisioning = logShape("microsoft.graph.provisioningObjectSummary", [
  "activityDateTime",
  "tenantId",
  "tenantid",
  "jobId",
  "jobid",
  "changeId",
  "changeid",
  "cycleId",
  "cycleid",
  "provisioningAction",
  "provisioningStatusInfo",
  "sourceIdentity",
  "targetIdentity",
  "servicePrincipal",
]);

export function auditLogRoutes(route: Route, lab: Lab): void {
  route("GET", "/auditLogs/directoryAudits", (call) =>
    list(call, {
      rows: auditsFor(call),
      shape: directoryAudit,
      context: "auditLogs/directoryAudits",
    }),
  );
  route("GET", "/auditLogs/directoryAudits/{id}", (call, params) => {
    const row = auditsFor(call).find(({ id }) => id === param(params, "id"));
    if (row === undefined) throw notFound(param(params, "id"));
    return { status: 200, body: row };
  });
  route("GET", "/auditLogs/provisioning", (call) =>
    list(call, {
      rows: isAdmin(call) ? lab.sync.log.of(call.tenant.id) : lab.sync.log.shownOf(call.tenant.id),
      shape: provisioning,
      context: "auditLogs/provisioning",
    }),
  );
}

// Administrators see everything at once, so that tests can judge.
const isAdmin = (call: Call) => call.caller.kind === "admin";
const auditsFor = (call: Call) => (isAdmin(call) ? call.tenant.audits.all() : call.tenant.audits.shown());

/** Newest first unless sorted otherwise. */
function list(
  call: Call,
  log: { rows: readonly { id?: string }[]; shape: EntityShape; context: string },
): Reply {
  const query = readQuery(call, log.shape);
  return listing(call, query, {
    items: log.rows.toReversed().map((row) => ({ ...row, id: row.id ?? "" })),
    context: log.context,
    read: (row, path) => valueAt(row, cased(path)),
    show: (row) => row,
  });
}

function logShape(type: string, properties: readonly string[]): EntityShape {
  const names = ["id", ...properties];
  return {
    type,
    defaults: names,
    known: new Set(names),
    collections: new Set(),
    extensible: false,
    operators: "all",
  };
}

function cased(path: string): string {
  return path.replace(/^(tenant|job|change|cycle)id$/, "$1Id");
}
