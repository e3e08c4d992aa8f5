import type { LabClock } from "../clock.ts";

export type HttpRequest = {
  readonly host: string;
  /** Whether it is the first one since the process was started. */
  readonly isFirst: boolean;
};

/** Makes HTTP requests wait for a host that has to wake up first. */
export type ColdStarts = {
  /** The next `times` requests, or without that the first request to the next process that has had none. */
  order(ms: number, times?: number): { timesLeft(): number; cancel(): void };
  /** Resolves when the host is awake. */
  wakeUp(request: HttpRequest): Promise<void>;
};

type Order = { readonly ms: number; readonly of: "fresh processes" | "all"; timesLeft: number };

export function coldStarts(clock: LabClock): ColdStarts {
  const orders = new Set<Order>();

  function take({ isFirst }: HttpRequest): Order | undefined {
    const order = [...orders].find(({ of }) => of === "all" || isFirst);
    if (order === undefined) return undefined;
    order.timesLeft--;
    if (order.timesLeft === 0) orders.delete(order);
    return order;
  }

  return {
    order(ms, times) {
      const order: Order = { ms, of: times === undefined ? "fresh processes" : "all", timesLeft: times ?? 1 };
      orders.add(order);
      return {
        timesLeft: () => (orders.has(order) ? order.timesLeft : 0),
        cancel: () => void orders.delete(order),
      };
    },
    async wakeUp(request) {
      const order = take(request);
      if (order !== undefined) await clock.hold(order.ms, `${request.host}: a cold start`);
    },
  };
}
