import type { LabClock } from "../../clock.ts";
import { DueList } from "./due-list.ts";

export type Journey = {
  /** Virtual time, epoch milliseconds. */
  readonly arrivesAt: number;
  cancel(): void;
};

/** Where messages are between a queue and the receiver that they were given to. */
export class Transit {
  readonly #clock: LabClock;
  readonly #arrivals: DueList<() => void>;

  constructor(clock: LabClock, queue: string) {
    this.#clock = clock;
    const label = `${queue}: a message is on its way`;
    this.#arrivals = new DueList({ clock, label, kind: "expected", onDue: (arrive) => arrive() });
  }

  count(): number {
    return this.#arrivals.count();
  }

  /** `notBefore` is the arrival of what was sent the same way before: a link keeps the order. */
  begin(takesMs: number, notBefore: number, arrive: () => void): Journey {
    const arrivesAt = Math.max(notBefore, this.#clock.now() + takesMs);
    this.#arrivals.add(arrivesAt, arrive);
    return { arrivesAt, cancel: () => this.#arrivals.remove(arrive) };
  }

  stop(): void {
    this.#arrivals.clear();
  }
}
