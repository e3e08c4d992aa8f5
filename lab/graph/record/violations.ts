import type { Call } from "../http/call.ts";

/** A breach of manners by the app; an administrator may do as they please. */
export type Violation = {
  /** Virtual time, ISO 8601. */
  readonly at: string;
  readonly kind: ViolationKind;
  readonly tenantId: string;
  /** "METHOD /path". */
  readonly request: string;
  readonly detail: string;
};

type ViolationKind =
  | "early-retry"
  | "missing-select"
  | "too-much-concurrency"
  | "delete-without-ref"
  | "unowned-write"
  | "protected-write"
  | "on-demand-limit"
  | "on-demand-duplicate";

export type Violations = {
  report(call: Call, kind: ViolationKind, detail: string): void;
  all(): readonly Violation[];
};

export function violations(): Violations {
  const reported: Violation[] = [];
  return {
    report(call, kind, detail) {
      if (call.caller.kind !== "app") return;
      const request = `${call.method} ${call.path}`;
      reported.push({ at: new Date(call.at).toISOString(), kind, tenantId: call.tenant.id, request, detail });
    },
    all: () => [...reported],
  };
}
