import type { Receiver, Sender } from "rhea";
import { detachForced } from "./conditions.ts";

/**
 * Learn, "AMQP errors in Azure Service Bus": a link over which nothing was sent or received for ten minutes is detached.
 * Its connection stays. Links for tokens and management are left alone here.
 */
export const azureIdleMs = 10 * 60_000;

// What a client does over a link. Each is also raised after what the broker sent: a delivery is settled, credit is renewed.
const signsOfUse = [
  "message",
  "sender_flow",
  "accepted",
  "released",
  "modified",
  "rejected",
  "settled",
] as const;

/** The links of one connection that are detached when nobody uses them. */
export class IdleLinks {
  readonly #idleMs: number;
  readonly #timers = new Map<Sender | Receiver, NodeJS.Timeout>();

  /** `idleMs` is real time, like everything a client's own timers deal with. */
  constructor(idleMs: number) {
    this.#idleMs = idleMs;
  }

  watch(link: Sender | Receiver): void {
    const timer = setTimeout(() => this.#expire(link), this.#idleMs);
    timer.unref();
    this.#timers.set(link, timer);
    for (const sign of signsOfUse) link.on(sign, () => this.#timers.get(link)?.refresh());
  }

  end(link: Sender | Receiver): void {
    clearTimeout(this.#timers.get(link));
    this.#timers.delete(link);
  }

  endAll(): void {
    for (const link of this.#timers.keys()) this.end(link);
  }

  #expire(link: Sender | Receiver): void {
    // A receiver that waits for a session has no link yet.
    if (!link.is_open()) return void this.#timers.get(link)?.refresh();
    this.end(link);
    link.close(detachForced(link.name, `it was idle for ${this.#idleMs / 1000} s`));
  }
}
