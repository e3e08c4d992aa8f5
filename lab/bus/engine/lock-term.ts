import type { LabClock } from "../../clock.ts";

/**
 * How long a lock lasts. It runs in real time, so that a jump of the virtual clock takes no lock away from a
 * handler that is working; clients are told virtual time, because that is the only time they see.
 */
export class LockTerm {
  readonly #clock: LabClock;
  readonly #lockMs: number;
  readonly #timer: NodeJS.Timeout;
  #startedAt = 0;

  constructor(clock: LabClock, lockMs: number, onExpiry: () => void) {
    this.#clock = clock;
    this.#lockMs = lockMs;
    this.#timer = setTimeout(onExpiry, lockMs);
    this.#timer.unref();
    this.#startedAt = this.#realNow();
  }

  /** Virtual time, epoch milliseconds. */
  lockedUntil(): number {
    return this.#startedAt + this.#lockMs + this.#clock.offsetMs();
  }

  renew(): void {
    this.#startedAt = this.#realNow();
    this.#timer.refresh();
  }

  end(): void {
    clearTimeout(this.#timer);
  }

  #realNow(): number {
    return this.#clock.now() - this.#clock.offsetMs();
  }
}
