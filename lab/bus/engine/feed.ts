import type { Message } from "./message.ts";
import type { Journey, Transit } from "./transit.ts";

/** Something that takes messages: a receiver link with credit. */
export type Consumer = {
  /** `receiveAndDelete` takes a message for good at the moment of delivery. */
  readonly mode: "peekLock" | "receiveAndDelete";
  /** Whether it would take one more, with so many on their way to it. */
  isReady(onTheWay: number): boolean;
  deliver(message: Message, token: string): void;
  /** Its link, or its whole connection, breaks. */
  drop?(what: "link" | "connection"): void;
};

export type Subscription = {
  /** Tells the feed that the consumer may have become ready. */
  pump(): void;
  /** The consumer takes its credit back: what is on its way to it returns. */
  recall(): void;
  cancel(): void;
};

/** How messages get from a feed to its consumers. */
export type Route = {
  readonly hand: (message: Message, consumer: Consumer) => void;
  /** How long this delivery takes. */
  readonly takesMs: (message: Message) => number;
  readonly transit: Transit;
};

type Travelling = { readonly message: Message; readonly consumer: Consumer; readonly journey: Journey };

/**
 * Messages that wait, in order of sequence number, and the consumers that take them in turn. A message is locked when it
 * arrives: until then it is waiting, and its consumer may still go away.
 */
export class Feed {
  readonly #route: Route;
  readonly #waiting: Message[] = [];
  readonly #travelling = new Set<Travelling>();
  readonly #consumers = new Set<Consumer>();

  constructor(route: Route) {
    this.#route = route;
  }

  get size(): number {
    return this.#waiting.length + this.#travelling.size;
  }

  /** A returned message goes back to its old place: that is what keeps a session in order. */
  put(message: Message): void {
    this.#insert(message);
    this.pump();
  }

  remove(message: Message): void {
    const index = this.#waiting.indexOf(message);
    if (index >= 0) this.#waiting.splice(index, 1);
    for (const each of this.#travelling) if (each.message === message) this.#stop(each);
  }

  subscribe(consumer: Consumer): Subscription {
    this.#consumers.add(consumer);
    this.pump();
    return {
      pump: () => this.pump(),
      recall: () => this.#recall(consumer),
      cancel: () => {
        this.#consumers.delete(consumer);
        this.#recall(consumer);
      },
    };
  }

  pump(): void {
    for (;;) {
      const consumer = this.#waiting.length > 0 ? this.#nextReady() : undefined;
      const message = consumer === undefined ? undefined : this.#waiting.shift();
      if (consumer === undefined || message === undefined) return;
      this.#send(message, consumer);
    }
  }

  #insert(message: Message): void {
    const before = this.#waiting.findLastIndex((other) => other.sequence < message.sequence);
    this.#waiting.splice(before + 1, 0, message);
  }

  #send(message: Message, consumer: Consumer): void {
    const { hand, takesMs, transit } = this.#route;
    const ahead = this.#onTheWayTo(consumer).at(-1);
    const ms = takesMs(message);
    if (ms === 0 && ahead === undefined) return hand(message, consumer);
    const journey = transit.begin(ms, ahead?.journey.arrivesAt ?? 0, () => this.#arrive(travelling));
    const travelling: Travelling = { message, consumer, journey };
    this.#travelling.add(travelling);
  }

  #arrive(travelling: Travelling): void {
    const { message, consumer } = travelling;
    this.#travelling.delete(travelling);
    if (consumer.isReady(0)) this.#route.hand(message, consumer);
    else this.put(message);
  }

  #recall(consumer: Consumer): void {
    const returning = this.#onTheWayTo(consumer);
    for (const each of returning) {
      this.#stop(each);
      this.#insert(each.message);
    }
    // Later: of several receivers that go at once, none may be given what another one returns.
    if (returning.length > 0) setImmediate(() => this.pump());
  }

  #stop(travelling: Travelling): void {
    travelling.journey.cancel();
    this.#travelling.delete(travelling);
  }

  #onTheWayTo(consumer: Consumer): readonly Travelling[] {
    return [...this.#travelling].filter((each) => each.consumer === consumer);
  }

  #nextReady(): Consumer | undefined {
    for (const consumer of this.#consumers) {
      if (!consumer.isReady(this.#onTheWayTo(consumer).length)) continue;
      // To the back of the row, so that consumers share the messages.
      this.#consumers.delete(consumer);
      this.#consumers.add(consumer);
      return consumer;
    }
    return undefined;
  }
}
