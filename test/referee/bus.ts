import type { Chance } from "./chance.ts";
import type { Time } from "./time.ts";

type Item = {
  readonly id: number;
  readonly body: string;
  readonly session: string;
  deliveries: number;
};

/** A message in a worker's hands. It stays theirs until the lock is lost, whether they notice or not. */
type Delivery = { readonly item: Item; readonly queue: string; readonly token: number };

/** Service Bus with sessions: at least once, in order within a session as a rule, one receiver a session as a rule. */
export type Bus = {
  readonly send: (queue: string, session: string, body: unknown) => void;
  readonly schedule: (queue: string, session: string, body: unknown, at: number) => void;
  /** The next message of any free session; waits until there is one, and asks first whether it is still wanted. */
  readonly receive: (queue: string, isGone: () => boolean) => Promise<Delivery>;
  readonly complete: (delivery: Delivery) => void;
  readonly abandon: (delivery: Delivery) => void;
  /** The links of a process that is gone are closed: what its workers held is there again. */
  readonly closeLinks: () => void;
};

export type BusTrouble = {
  readonly lostLocks: number;
  readonly doubled: number;
  readonly disorder: number;
  readonly longestDelayMs: number;
  /** Share of the scheduled messages that never come. */
  readonly lostWakes: number;
};

type Worker = { readonly isGone: () => boolean; readonly take: (delivery: Delivery) => void };

type Session = {
  readonly items: Item[];
  holder: { readonly worker: Worker; readonly delivery: Delivery } | null;
};

const mostDeliveries = 10;
/** A message may be unlucky this often in a row. Whatever dies after that was given back by the app. */
const mostLostLocks = 5;

type BusOptions = {
  readonly time: Time;
  readonly chance: Chance;
  readonly trouble: () => BusTrouble;
  /** Hears of a message that was delivered for the last time and not settled. */
  readonly onDeath: (queue: string, body: string) => void;
};

export function busOf({ time, chance, trouble, onDeath }: BusOptions): Bus {
  const queues = new Map<string, { sessions: Map<string, Session>; waiting: Worker[] }>();
  let ids = 0;
  let tokens = 0;

  const queueOf = (name: string) => {
    const known = queues.get(name) ?? { sessions: new Map<string, Session>(), waiting: [] as Worker[] };
    queues.set(name, known);
    return known;
  };

  const sessionOf = (queue: string, name: string) => {
    const { sessions } = queueOf(queue);
    const known = sessions.get(name) ?? { items: [], holder: null };
    sessions.set(name, known);
    return known;
  };

  const arrive = (queue: string, item: Item) => {
    const { items } = sessionOf(queue, item.session);
    const swaps = items.length > 0 && chance.happens("bus: disorder", trouble().disorder);
    items.splice(swaps ? items.length - 1 : items.length, 0, item);
    hand(queue);
  };

  const bring = (queue: string, item: Item) => {
    const delay = chance.between("bus: delay", 5, 100 + trouble().longestDelayMs);
    time.at(time.now() + delay, () => arrive(queue, item));
  };

  const put = (queue: string, session: string, body: string) => {
    bring(queue, { id: (ids += 1), body, session, deliveries: 0 });
    if (chance.happens("bus: doubled", trouble().doubled))
      bring(queue, { id: (ids += 1), body, session, deliveries: 0 });
  };

  function hand(queue: string): void {
    const { sessions, waiting } = queueOf(queue);
    for (;;) {
      while (waiting[0]?.isGone() === true) waiting.shift();
      const free = [...sessions].filter(([, { items, holder }]) => items.length > 0 && holder === null);
      const [first, ...others] = free;
      const worker = waiting[0];
      if (first === undefined || worker === undefined) return;
      waiting.shift();
      const [, session] = chance.pick("bus: next session", [first, ...others]);
      const item = session.items[0];
      if (item === undefined) return;
      item.deliveries += 1;
      const delivery = { item, queue, token: (tokens += 1) };
      session.holder = { worker, delivery };
      if (item.deliveries <= mostLostLocks && chance.happens("bus: lost lock", trouble().lostLocks)) {
        const afterMs = Math.ceil(10 ** (4.7 * chance.share("bus: lost after")));
        time.at(time.now() + afterMs, () => release(delivery, "counts"));
      }
      worker.take(delivery);
    }
  }

  /** The lock ends; what was not settled is there again. */
  function release({ queue, item, token }: Delivery, delivered: "counts" | "does not count"): void {
    const session = sessionOf(queue, item.session);
    if (session.holder?.delivery.token !== token) return;
    session.holder = null;
    if (delivered === "does not count") item.deliveries -= 1;
    if (item.deliveries >= mostDeliveries) {
      session.items.splice(session.items.indexOf(item), 1);
      onDeath(queue, item.body);
    }
    hand(queue);
  }

  return {
    send: (queue, session, body) => put(queue, session, JSON.stringify(body)),
    schedule: (queue, session, body, at) => {
      const text = JSON.stringify(body);
      if (chance.happens("bus: lost wake", trouble().lostWakes)) return;
      time.at(at, () => put(queue, session, text));
    },
    receive: (queue, isGone) =>
      new Promise((take) => {
        queueOf(queue).waiting.push({ isGone, take });
        hand(queue);
      }),
    complete(delivery) {
      const { queue, item, token } = delivery;
      const session = sessionOf(queue, item.session);
      if (session.holder?.delivery.token !== token) return;
      session.items.splice(session.items.indexOf(item), 1);
      session.holder = null;
      hand(queue);
    },
    abandon: (delivery) => release(delivery, "counts"),
    closeLinks() {
      for (const { sessions } of queues.values()) {
        for (const { holder } of sessions.values())
          if (holder?.worker.isGone() === true) release(holder.delivery, "does not count");
      }
    },
  };
}
