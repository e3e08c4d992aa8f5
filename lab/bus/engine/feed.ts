import type { Message } from "./message.ts";

/** Something that takes messages: a receiver link with credit. */
export type Consumer = {
  /** `receiveAndDelete` takes a message for good at the moment of delivery. */
  readonly mode: "peekLock" | "receiveAndDelete";
  isReady(): boolean;
  deliver(message: Message, token: string): void;
};

export type Subscription = {
  /** Tells the feed that the consumer may have become ready. */
  pump(): void;
  cancel(): void;
};

/** Messages that wait, in order of sequence number, and the consumers that take them in turn. */
export class Feed {
  readonly #hand: (message: Message, consumer: Consumer) => void;
  readonly #waiting: Message[] = [];
  readonly #consumers = new Set<Consumer>();

  constructor(hand: (message: Message, consumer: Consumer) => void) {
    this.#hand = hand;
  }

  get size(): number {
    return this.#waiting.length;
  }

  /** A returned message goes back to its old place: that is what keeps a session in order. */
  put(message: Message): void {
    const before = this.#waiting.findLastIndex((other) => other.sequence < message.sequence);
    this.#waiting.splice(before + 1, 0, message);
    this.pump();
  }

  remove(message: Message): void {
    const index = this.#waiting.indexOf(message);
    if (index >= 0) this.#waiting.splice(index, 1);
  }

  subscribe(consumer: Consumer): Subscription {
    this.#consumers.add(consumer);
    this.pump();
    return { pump: () => this.pump(), cancel: () => void this.#consumers.delete(consumer) };
  }

  pump(): void {
    for (;;) {
      const consumer = this.#waiting.length > 0 ? this.#nextReady() : undefined;
      const message = consumer === undefined ? undefined : this.#waiting.shift();
      if (consumer === undefined || message === undefined) return;
      this.#hand(message, consumer);
    }
  }

  #nextReady(): Consumer | undefined {
    for (const consumer of this.#consumers) {
      if (!consumer.isReady()) continue;
      // To the back of the row, so that consumers share the messages.
      this.#consumers.delete(consumer);
      this.#consumers.add(consumer);
      return consumer;
    }
    return undefined;
  }
}
