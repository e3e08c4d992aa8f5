import type { LabClock } from "../../clock.ts";
import type { Chances } from "./chances.ts";
import type { Message } from "./message.ts";

/** What can go wrong with a delivery while its receiver works. */
export type Mishap = {
  readonly kind: "lockLost" | "linkDropped" | "connectionDropped";
  /** From the delivery on, virtual time. */
  readonly afterMs: number;
};

type MishapKind = Mishap["kind"] | "doubled";

/** Which deliveries it happens to: the next `times`, all within `forMs` of virtual time, or both, whichever ends first. */
export type Extent = {
  readonly times?: number | undefined;
  readonly forMs?: number | undefined;
  readonly afterMs?: number | undefined;
};

/** A mishap that was ordered, and may be called off. */
export type Ordered = {
  /** How often it is still to happen; undefined: no number was given. 0: it is over. */
  timesLeft(): number | undefined;
  cancel(): void;
};

type Order = {
  readonly kind: MishapKind;
  readonly until: number;
  readonly afterMs: number;
  timesLeft: number;
};

// By then a handler has begun and not ended its work. If it is quicker, its settlement comes too late all the same.
const defaultAfterMs = 50;

/** Says what goes wrong on one queue: first what was ordered as a fault, then what the weather brings. */
export class Mishaps {
  readonly #clock: LabClock;
  readonly #chances: Chances;
  readonly #queue: string;
  readonly #orders = new Set<Order>();

  constructor({ clock, chances, queue }: { clock: LabClock; chances: Chances; queue: string }) {
    this.#clock = clock;
    this.#chances = chances;
    this.#queue = queue;
  }

  order(kind: MishapKind, { times, forMs, afterMs = defaultAfterMs }: Extent): Ordered {
    const until = forMs === undefined ? Infinity : this.#clock.now() + forMs;
    const order: Order = { kind, until, afterMs, timesLeft: times ?? Infinity };
    this.#orders.add(order);
    return {
      timesLeft: () => {
        if (!this.#isLive(order)) return 0;
        return order.timesLeft === Infinity ? undefined : order.timesLeft;
      },
      cancel: () => void this.#orders.delete(order),
    };
  }

  /** What happens to this delivery. */
  ofDelivery(message: Message): Mishap | undefined {
    const ordered = this.#take(({ kind }) => kind !== "doubled");
    if (ordered !== undefined && ordered.kind !== "doubled") {
      return { kind: ordered.kind, afterMs: ordered.afterMs };
    }
    const names = [this.#queue, nameOf(message)];
    if (this.#chances.strikes("lostLocks", ...names)) return { kind: "lockLost", afterMs: defaultAfterMs };
    if (this.#chances.strikes("droppedLinks", ...names)) {
      return { kind: "linkDropped", afterMs: defaultAfterMs };
    }
    return undefined;
  }

  /** Whether the completion of this message is lost. Asked at its first delivery. */
  doubles(message: Message): boolean {
    if (this.#take(({ kind }) => kind === "doubled") !== undefined) return true;
    return this.#chances.strikes("doubledMessages", this.#queue, nameOf(message));
  }

  #take(isWanted: (order: Order) => boolean): Order | undefined {
    for (const order of this.#orders) if (!this.#isLive(order)) this.#orders.delete(order);
    const order = [...this.#orders].find(isWanted);
    if (order !== undefined) order.timesLeft--;
    return order;
  }

  #isLive(order: Order): boolean {
    return this.#orders.has(order) && order.timesLeft > 0 && this.#clock.now() < order.until;
  }
}

/** A name that is the same in every run with the same events: sessions are named by the app. */
export function nameOf({ sessionId, sequence }: Message): string {
  return sessionId ?? `#${sequence}`;
}
