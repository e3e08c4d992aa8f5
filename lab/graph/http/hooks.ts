import type { Call } from "./call.ts";

/** A request as tests see it while it happens. */
type RequestMoment = {
  readonly seq: number;
  readonly phase: "received" | "answered";
  readonly tenantId: string;
  readonly caller: "app" | "admin";
  readonly method: string;
  /** Without `/v1.0`. */
  readonly path: string;
  /** A request of its own, or one of those that came in a batch. */
  readonly sent: "alone" | "in a batch";
};

export type RequestListener = (moment: RequestMoment) => void | Promise<void>;

/** Listeners that every request waits for, before it is handled and before its answer is sent. */
export type RequestHooks = {
  /** Returns what removes the listener. */
  add(listener: RequestListener): () => void;
  reached(call: Call, phase: RequestMoment["phase"]): Promise<void>;
};

export function requestHooks(): RequestHooks {
  const listeners = new Set<RequestListener>();
  return {
    add(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    async reached(call, phase) {
      if (listeners.size === 0) return;
      const { seq, method, path } = call;
      const sent = call.batch === undefined ? "alone" : "in a batch";
      const moment = {
        seq,
        phase,
        tenantId: call.tenant.id,
        caller: call.caller.kind,
        method,
        path,
        sent,
      } as const;
      for (const listener of listeners) await listener(moment);
    },
  };
}
