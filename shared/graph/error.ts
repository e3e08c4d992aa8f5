/** What is known about a Graph call that did not give what was asked for. */
export type GraphFailure = {
  /** HTTP status; 0 when no answer came. */
  readonly status: number;
  /** Graph's `error.code`, or `network`, `timeout`, `token`. */
  readonly code: string;
  readonly message: string;
  readonly method: string;
  /** The path with `{id}` in place of ids: no people's data in logs. */
  readonly template: string;
  readonly tenantId: string;
  readonly requestId: string | null;
  readonly clientRequestId: string;
  /** How long the service asks to wait, milliseconds; null when it did not say. */
  readonly retryAfterMs: number | null;
  /** An earlier try of this call was not refused, and may have gone through. */
  readonly appliedBefore?: "unlikely" | "maybe";
  /** The tenant has answered nobody on this host for a while: what failed says nothing about who it was asked for. */
  readonly silent?: "yes";
};

/** The one error of the gateway; `classify` says what it means. */
export class GraphError extends Error {
  readonly failure: GraphFailure;

  constructor(failure: GraphFailure, options?: ErrorOptions) {
    const answer = failure.status === 0 ? failure.code : `${failure.status} ${failure.code}`;
    super(
      `${failure.method} ${failure.template} in tenant ${failure.tenantId}: ${answer}: ${failure.message}` +
        ` (request ${failure.requestId ?? failure.clientRequestId})`,
      options,
    );
    this.name = "GraphError";
    this.failure = failure;
  }
}

export type Classification =
  /** Passing trouble: the same call may succeed soon. */
  | { readonly kind: "retry" }
  /** The service said when to come back. */
  | { readonly kind: "wait"; readonly ms: number }
  /** It will not succeed until somebody changes something. `cause`: it hits every such call in the tenant alike. */
  | { readonly kind: "stop"; readonly reason: string; readonly advice: string; readonly cause: string | null }
  /** The object is not there. */
  | { readonly kind: "gone" };

/** The single place that says what a failed call means. */
export function classify({ failure }: GraphError): Classification {
  if (failure.code === "token") return classifyToken(failure);
  if (failure.retryAfterMs !== null) return { kind: "wait", ms: Math.max(failure.retryAfterMs, restMs) };
  if (failure.status === 404 || failure.status === 410) return { kind: "gone" };
  if (isPassing(failure.status)) return { kind: "retry" };
  return {
    kind: "stop",
    reason: `Graph answered ${failure.status} ${failure.code} to ${failure.method} ${failure.template} in tenant ${failure.tenantId}: ${failure.message}`,
    advice: isRefusal(failure)
      ? "check the admin consent of Muster's application in that tenant against docs/graph-permissions.md"
      : "look the request up by its id in the tenant's logs; if the policy is right, this is a bug in Muster",
    cause: isRefusal(failure) && !isAboutOne(failure) ? causeOf(failure) : null,
  };
}

/** It was asked a few times already: "at once" is not believed any more. */
const restMs = 2_000;

/** @returns null when the object is not there. @throws GraphError for all else */
export async function unlessGone<T>(asked: Promise<T>): Promise<T | null> {
  try {
    return await asked;
  } catch (error) {
    if (isGone(error)) return null;
    throw error;
  }
}

/** Graph does not know what was asked for, or not any more. */
export const isGone = (error: unknown): boolean =>
  error instanceof GraphError && classify(error).kind === "gone";

/** Graph knows what is asked for, and does not allow it; for some of it the tenant lacks a licence, which is said with a 400. */
export const isRefusal = ({ status, code }: GraphFailure): boolean =>
  status === 401 || status === 403 || code === "AadPremiumLicenseRequired";

/**
 * Without consent every read is refused, and it is chance which is the first; a write may be refused by itself. Who works in a target
 * meets refusals of the source as well.
 */
function causeOf({ status, method, template, tenantId }: GraphFailure): string {
  return `${status} to ${method === "GET" ? "reads" : `${method} ${template}`} in ${tenantId}`;
}

/** Writes to one person's account are refused for what that person is, an administrator for example. */
function isAboutOne({ method, template }: GraphFailure): boolean {
  return (method !== "GET" && template.startsWith("/users/{id}")) || template.endsWith("/restore");
}

/** Statuses worth another try: no answer, throttled, timeouts, conflicts of concurrent writes, server trouble. */
export function isPassing(status: number): boolean {
  return status === 0 || [408, 409, 423, 424, 425, 429].includes(status) || status >= 500;
}

/** Errors that Microsoft's token service gives when the application is not (or no longer) welcome in a tenant. */
const notWelcome = /AADSTS(?:700016|90002|650052|65001|7000215|7000229|700027|70021|500011|7000112)\b/;

function classifyToken(failure: GraphFailure): Classification {
  if (!notWelcome.test(failure.message)) return { kind: "retry" };
  return {
    kind: "stop",
    // Without the ids of this one attempt: the same trouble is the same words.
    reason: `no token for tenant ${failure.tenantId}: ${/AADSTS\d+:[^]*?(?=\s*(?:Trace ID|- Trace|$))/.exec(failure.message)?.[0] ?? "refused"}`,
    advice:
      "an administrator of that tenant has to consent to Muster's application (again); check the tenant id in the policy, and the federated credential of the application",
    cause: "token",
  };
}
