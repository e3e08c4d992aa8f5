import { GraphError, type GraphFailure } from "../../shared/graph/error.ts";

/** A call of Graph's that did not give what was asked for. */
export function graphFailure(status: number, changes: Partial<GraphFailure> = {}): GraphError {
  return new GraphError({
    status,
    code: status === 0 ? "timeout" : "Code",
    message: "Words.",
    method: "GET",
    template: "/users/{id}",
    tenantId: "a tenant",
    requestId: status === 0 ? null : "r-1",
    clientRequestId: "c-1",
    retryAfterMs: null,
    ...changes,
  });
}
