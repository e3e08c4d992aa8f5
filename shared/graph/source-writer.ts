import type { Scope } from "../model/grant.ts";
import { accountIdSchema, type AnalystId } from "../model/ids.ts";
import { grantWriters } from "./grants/by-kind.ts";
import { write, type NotYet, type Way } from "./grants/kind.ts";
import type { Written } from "./group-members.ts";
import type { GraphTenant, Refusal, SendLimits } from "./tenant.ts";

/** Writes the source tenant. Every method is safe to repeat and throws GraphError when it could not be done. */
export type SourceWriter = {
  readonly stamp: (
    id: AnalystId,
    values: Readonly<Record<string, string>>,
    limits: SendLimits,
  ) => Promise<Written>;
  /** The same for a property that somebody may have deleted since. `missing`: they have, so nothing is in it. */
  readonly clearStamp: (
    id: AnalystId,
    values: Readonly<Record<string, string>>,
    limits: SendLimits,
  ) => Promise<Written>;
  /** Signs the analyst out everywhere, targets included: sessions of a guest end only in the home tenant. */
  readonly revokeSessions: (id: AnalystId, limits: SendLimits) => Promise<Written>;
  /** Gives what lets the analyst reach a target, makes it last longer, or takes it. */
  readonly writeScope: (
    way: Way,
    scope: Scope,
    whom: { readonly analyst: AnalystId; readonly limits: SendLimits },
  ) => Promise<Written | NotYet>;
};

export function sourceWriter(tenant: GraphTenant): SourceWriter {
  const grants = grantWriters(tenant);
  return {
    async stamp(id, values, limits) {
      const reply = await tenant.send({
        method: "PATCH",
        path: `/users/${id}`,
        template: "/users/{id}",
        body: values,
        ...limits,
      });
      return { result: "done", appliedBefore: reply.appliedBefore, trace: reply.trace };
    },
    async clearStamp(id, values, limits) {
      const reply = await tenant.send({
        method: "PATCH",
        path: `/users/${id}`,
        template: "/users/{id}",
        body: values,
        ...limits,
        accepts: isUnavailable,
      });
      return {
        result: reply.status === 400 ? "missing" : "done",
        appliedBefore: reply.appliedBefore,
        trace: reply.trace,
      };
    },
    async revokeSessions(id, limits) {
      const reply = await tenant.send({
        method: "POST",
        path: `/users/${id}/revokeSignInSessions`,
        template: "/users/{id}/revokeSignInSessions",
        ...limits,
      });
      return { result: "done", appliedBefore: reply.appliedBefore, trace: reply.trace };
    },
    writeScope: (way, grant, { analyst, limits }) =>
      write(grants, way, { grant, account: accountIdSchema.parse(analyst), limits }),
  };
}

/** Graph has no code of its own for this; the sentence is the only sign. */
function isUnavailable({ status, message }: Refusal): boolean {
  return status === 400 && message.includes("extension properties are not available");
}
