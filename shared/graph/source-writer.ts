import type { AnalystId, GroupId } from "../model/ids.ts";
import { addMember, removeMember, type Written } from "./group-members.ts";
import type { GraphTenant, Priority } from "./tenant.ts";

/** Writes the source tenant. Every method is safe to repeat and throws GraphError when it could not be done. */
export type SourceWriter = {
  readonly stamp: (
    id: AnalystId,
    values: Readonly<Record<string, string>>,
    priority: Priority,
  ) => Promise<Written>;
  /** Signs the analyst out everywhere, targets included: sessions of a guest end only in the home tenant. */
  readonly revokeSessions: (id: AnalystId, priority: Priority) => Promise<Written>;
  readonly joinScope: (group: GroupId, id: AnalystId, priority: Priority) => Promise<Written>;
  readonly leaveScope: (group: GroupId, id: AnalystId, priority: Priority) => Promise<Written>;
};

export function sourceWriter(tenant: GraphTenant): SourceWriter {
  return {
    async stamp(id, values, priority) {
      const reply = await tenant.send({
        method: "PATCH",
        path: `/users/${id}`,
        template: "/users/{id}",
        body: values,
        priority,
      });
      return { result: "done", appliedBefore: reply.appliedBefore, trace: reply.trace };
    },
    async revokeSessions(id, priority) {
      const reply = await tenant.send({
        method: "POST",
        path: `/users/${id}/revokeSignInSessions`,
        template: "/users/{id}/revokeSignInSessions",
        priority,
      });
      return { result: "done", appliedBefore: reply.appliedBefore, trace: reply.trace };
    },
    joinScope: (group, member, priority) => addMember(tenant, { group, member, priority }),
    leaveScope: (group, member, priority) => removeMember(tenant, { group, member, priority }),
  };
}
