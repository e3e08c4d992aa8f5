import type { DirectoryAudit } from "@microsoft/microsoft-graph-types";
import type { Mint } from "../ids.ts";
import { graphTime } from "./graph-time.ts";
import type { Actor } from "./objects.ts";

/** The directory audit log of a tenant, oldest first. Rows show some time after what they tell of. */
export type AuditTrail = {
  record(entry: {
    activity: string;
    category: "UserManagement" | "GroupManagement" | "ApplicationManagement" | "RoleManagement";
    by: Actor;
    targets: readonly { id: string; type: "User" | "Group" | "ServicePrincipal"; displayName?: unknown }[];
    changed?: readonly string[];
    service?: "Core Directory" | "PIM";
  }): void;
  all(): readonly DirectoryAudit[];
  /** What shows by now. */
  shown(): readonly DirectoryAudit[];
};

export function auditTrail(mint: Mint, now: () => number, lateMs: () => number): AuditTrail {
  const rows: DirectoryAudit[] = [];
  const showsAt: number[] = [];
  return {
    record({ activity, category, by, targets, changed = [], service = "Core Directory" }) {
      showsAt.push(now() + lateMs());
      rows.push({
        id: `Directory_${mint("audit")}`,
        category,
        correlationId: mint("correlation"),
        result: "success",
        resultReason: "",
        activityDisplayName: activity,
        activityDateTime: graphTime(now()),
        loggedByService: service,
        operationType: operationOf(activity),
        initiatedBy: { user: null, app: initiatorOf(by) },
        targetResources: targets.map(({ id, type, displayName }) => ({
          id,
          type,
          displayName: typeof displayName === "string" ? displayName : null,
          userPrincipalName: null,
          groupType: null,
          modifiedProperties: changed.map((name) => ({ displayName: name, oldValue: null, newValue: null })),
        })),
        additionalDetails: [],
      });
    },
    all: () => rows,
    shown: () => rows.filter((_row, index) => (showsAt[index] ?? 0) <= now()),
  };
}

function initiatorOf(by: Actor): NonNullable<NonNullable<DirectoryAudit["initiatedBy"]>["app"]> {
  return {
    appId: by.appId ?? null,
    displayName: by.displayName ?? null,
    servicePrincipalId: by.servicePrincipalId ?? null,
    servicePrincipalName: null,
  };
}

function operationOf(activity: string): string {
  if (/Delete/.test(activity)) return "Delete";
  if (activity.startsWith("Remove")) return "Unassign";
  if (/^Add (user|group)$/.test(activity)) return "Add";
  if (activity.startsWith("Add")) return "Assign";
  return "Update";
}
