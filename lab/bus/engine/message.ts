import type { LockTerm } from "./lock-term.ts";

/** What a sender hands in. `content` is the encoded message; the engine keeps it and never looks inside. */
export type Parcel = {
  readonly content: Buffer;
  readonly messageId: string;
  readonly sessionId: string | undefined;
  readonly ttlMs: number | undefined;
  /** Virtual time, epoch milliseconds. */
  readonly scheduledFor: number | undefined;
};

/** A message in a queue. Times are virtual, epoch milliseconds. */
export type Message = Parcel & {
  sequence: number;
  enqueuedAt: number;
  expiresAt: number | undefined;
  state: "active" | "scheduled" | "deferred";
  /** Failed deliveries, the number a client reads as its delivery count. */
  deliveryCount: number;
  /** How often it was handed out, failed or not. */
  deliveries: number;
  lock: MessageLock | undefined;
  /** Application properties added after sending: by an abandon, a defer or a dead-lettering. */
  changes: Readonly<Record<string, unknown>>;
  deadLetterSource: string | undefined;
  /** Its next completion is lost, so that it is delivered once more. */
  losesCompletion: boolean;
};

/** A hold on one delivered message. */
type MessageLock = {
  readonly token: string;
  /** In a session the messages live as long as the session's lock. */
  readonly owner: "message" | "session";
  readonly term: LockTerm;
};
