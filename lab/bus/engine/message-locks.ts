import { randomUUID } from "node:crypto";
import type { LabClock } from "../../clock.ts";
import { LockTerm } from "./lock-term.ts";
import type { Message } from "./message.ts";

type Options = {
  readonly clock: LabClock;
  readonly lockMs: number;
  /** The lock of the session, when it has one: it covers every message of that session. */
  readonly sessionTerm: (sessionId: string) => LockTerm | undefined;
  readonly onExpiry: (token: string) => void;
};

/**
 * Who holds what. A lock belongs to the queue and not to the link it was handed out on: it outlives a closed
 * receiver and can be settled from elsewhere.
 */
export class MessageLocks {
  readonly #options: Options;
  readonly #messages = new Map<string, Message>();

  constructor(options: Options) {
    this.#options = options;
  }

  /** Locks the message and answers the token that settles it. */
  take(message: Message): string {
    const { clock, lockMs, sessionTerm, onExpiry } = this.#options;
    const token = randomUUID();
    const umbrella = message.sessionId === undefined ? undefined : sessionTerm(message.sessionId);
    message.lock =
      umbrella === undefined
        ? { token, owner: "message", term: new LockTerm(clock, lockMs, () => onExpiry(token)) }
        : { token, owner: "session", term: umbrella };
    this.#messages.set(token, message);
    return token;
  }

  find(token: string): Message | undefined {
    return this.#messages.get(token);
  }

  inSession(sessionId: string): readonly Message[] {
    return [...this.#messages.values()].filter((message) => message.sessionId === sessionId);
  }

  release(message: Message): void {
    if (message.lock === undefined) return;
    this.#messages.delete(message.lock.token);
    if (message.lock.owner === "message") message.lock.term.end();
    message.lock = undefined;
  }

  stop(): void {
    for (const message of this.#messages.values()) message.lock?.term.end();
  }
}
