/** An error of the token endpoint; the code people search for is in the description. */
export class EntraError extends Error {
  readonly status: number;
  readonly error: string;
  readonly aadsts: number;

  constructor(status: number, error: string, aadsts: number, text: string) {
    super(`AADSTS${aadsts}: ${text}`);
    this.status = status;
    this.error = error;
    this.aadsts = aadsts;
  }
}

export function entraErrorBody(problem: EntraError, ids: { traceId: string; at: number }) {
  const timestamp = new Date(ids.at)
    .toISOString()
    .replace("T", " ")
    .replace(/\.\d+Z$/, "Z");
  return {
    error: problem.error,
    error_description: `${problem.message} Trace ID: ${ids.traceId} Correlation ID: ${ids.traceId} Timestamp: ${timestamp}`,
    error_codes: [problem.aadsts],
    timestamp,
    trace_id: ids.traceId,
    correlation_id: ids.traceId,
  };
}
