import type { Appointment, LabClock } from "../../clock.ts";
import { calmChances, type Chances } from "./chances.ts";
import { DueList } from "./due-list.ts";
import { Feed, type Consumer, type Subscription } from "./feed.ts";
import { MessageLocks } from "./message-locks.ts";
import type { Message, Parcel } from "./message.ts";
import { Mishaps, nameOf, type Mishap } from "./mishaps.ts";
import { SessionTable } from "./session-table.ts";
import { Transit } from "./transit.ts";

export type QueueSettings = {
  readonly name: string;
  readonly sessions: "required" | "none";
  readonly lockMs: number;
  /** Undefined in a dead-letter queue: there a message stays until somebody completes it. */
  readonly maxDeliveryCount: number | undefined;
  readonly ttlMs: number | undefined;
  readonly deadLetterOnExpiry: "yes" | "no";
};

/** What a receiver wants done with a message it holds; `changes` are application properties to add. */
export type Settlement =
  | { readonly kind: "complete" }
  | {
      readonly kind: "abandon" | "defer" | "deadLetter";
      readonly changes: Readonly<Record<string, unknown>>;
    };

export type SettleResult = "settled" | "lockLost" | "noDeadLetterQueue";

/** A delivery that something is about to happen to. */
type Doom = { readonly appointment: Appointment; readonly strike: () => void };

/** One queue: what is in it, who gets it next, and what happens when a message or its lock runs out. */
export class Queue {
  readonly settings: QueueSettings;
  readonly deadLetters: Queue | undefined;
  readonly sessions: SessionTable | undefined;
  readonly counters = { sent: 0, completed: 0, abandoned: 0, expired: 0, deadLettered: 0, redelivered: 0 };
  readonly mishaps: Mishaps;
  readonly #clock: LabClock;
  readonly #messages = new Map<number, Message>();
  readonly #feed: Feed;
  readonly #locks: MessageLocks;
  readonly #scheduled: DueList<Message>;
  readonly #expiring: DueList<Message>;
  readonly #transit: Transit;
  /** By lock token. */
  readonly #doomed = new Map<string, Doom>();
  #lastSequence = 0;

  constructor(
    settings: QueueSettings,
    clock: LabClock,
    { deadLetters, chances = calmChances }: { deadLetters?: Queue; chances?: Chances } = {},
  ) {
    const { name, lockMs } = settings;
    this.settings = settings;
    this.deadLetters = deadLetters;
    this.#clock = clock;
    this.#transit = new Transit(clock, name);
    this.mishaps = new Mishaps({ clock, chances, queue: name });
    const route = {
      hand: (message: Message, consumer: Consumer) => this.#hand(message, consumer),
      takesMs: (message: Message) => chances.deliveryMs(name, nameOf(message)),
      transit: this.#transit,
    };
    const takeBack = (id: string, why: "released" | "expired") => this.#takeBackSession(id, why);
    const onDue = (message: Message) => this.#activate(message);
    const onOld = (message: Message) => this.#expire(message);
    this.#feed = new Feed(route);
    if (settings.sessions === "required") {
      this.sessions = new SessionTable({ clock, lockMs, owner: { name, route, chances, takeBack } });
    }
    this.#locks = new MessageLocks({
      clock,
      lockMs,
      sessionTerm: (id) => this.sessions?.term(id),
      onExpiry: (token) => this.#loseLock(token),
    });
    this.#scheduled = new DueList({ clock, label: `${name}: scheduled message`, onDue });
    this.#expiring = new DueList({ clock, label: `${name}: message expires`, onDue: onOld });
  }

  /** Takes all of them or none; answers their sequence numbers. */
  send(parcels: readonly Parcel[]): readonly number[] | "sessionIdMissing" {
    const needsSession = this.sessions !== undefined;
    if (needsSession && parcels.some((parcel) => parcel.sessionId === undefined)) return "sessionIdMissing";
    return parcels.map((parcel) => this.#enqueue(parcel));
  }

  /** Takes back messages that are not due yet: all of them or none. */
  cancelScheduled(sequences: readonly number[]): "cancelled" | "notFound" {
    const found = this.#find(sequences, (message) => message.state === "scheduled");
    if (found === undefined) return "notFound";
    for (const message of found) this.#remove(message);
    return "cancelled";
  }

  /** Serves a receiver that wants any message. Queues with sessions are served through `sessions`. */
  subscribe(consumer: Consumer): Subscription {
    return this.#feed.subscribe(consumer);
  }

  settle(token: string, settlement: Settlement): SettleResult {
    this.#clock.stir();
    this.#strike(token);
    const message = this.#locks.find(token);
    if (message === undefined) return "lockLost";
    if (settlement.kind === "deadLetter" && this.deadLetters === undefined) return "noDeadLetterQueue";
    if (settlement.kind !== "complete") message.changes = { ...message.changes, ...settlement.changes };
    switch (settlement.kind) {
      case "complete":
        this.#complete(message);
        break;
      case "abandon":
        this.counters.abandoned++;
        this.#takeBack(message, "failed");
        break;
      case "defer":
        this.#locks.release(message);
        message.state = "deferred";
        break;
      case "deadLetter":
        this.#deadLetter(message, {});
        break;
    }
    return "settled";
  }

  /** New end of the lock (virtual epoch milliseconds), or undefined when the lock is gone. */
  renew(token: string): number | undefined {
    const lock = this.#locks.find(token)?.lock;
    lock?.term.renew();
    return lock?.term.lockedUntil();
  }

  /** Locks deferred messages for the caller, or with `receiveAndDelete` removes them: all of them or none. */
  receiveDeferred(sequences: readonly number[], mode: Consumer["mode"]): readonly Message[] | "notFound" {
    const isFree = (message: Message) => message.state === "deferred" && message.lock === undefined;
    const found = this.#find(sequences, isFree);
    for (const message of found ?? []) {
      message.deliveries++;
      if (mode === "peekLock") this.#locks.take(message);
      else this.#remove(message);
    }
    return found ?? "notFound";
  }

  /** Everything in the queue, whatever its state, in no order. */
  messages(): Iterable<Message> {
    return this.#messages.values();
  }

  /** The same in order of sequence number. */
  contents(): readonly Message[] {
    return [...this.messages()].toSorted((a, b) => a.sequence - b.sequence);
  }

  /** How many messages are on their way to a receiver. */
  inTransit(): number {
    return this.#transit.count();
  }

  /** Virtual time of the earliest message that is not due yet. */
  nextScheduledAt(): number | undefined {
    return this.#scheduled.next();
  }

  /** Cancels everything that would happen by itself. */
  stop(): void {
    this.#scheduled.clear();
    this.#expiring.clear();
    this.#transit.stop();
    for (const { appointment } of this.#doomed.values()) appointment.cancel();
    this.#locks.stop();
    this.sessions?.stop();
    this.deadLetters?.stop();
  }

  #find(sequences: readonly number[], fits: (message: Message) => boolean): readonly Message[] | undefined {
    const found = sequences.flatMap((sequence) => this.#messages.get(sequence) ?? []);
    return found.length === sequences.length && found.every(fits) ? found : undefined;
  }

  #enqueue(parcel: Parcel): number {
    this.#clock.stir();
    const now = this.#clock.now();
    const isEarly = (parcel.scheduledFor ?? 0) > now;
    const availableAt = isEarly ? (parcel.scheduledFor ?? now) : now;
    const ttlMs = Math.min(parcel.ttlMs ?? Infinity, this.settings.ttlMs ?? Infinity);
    const message: Message = {
      ...parcel,
      sequence: ++this.#lastSequence,
      enqueuedAt: now,
      expiresAt: ttlMs === Infinity ? undefined : availableAt + ttlMs,
      state: isEarly ? "scheduled" : "active",
      deliveryCount: 0,
      deliveries: 0,
      lock: undefined,
      changes: {},
      deadLetterSource: undefined,
      losesCompletion: false,
    };
    this.counters.sent++;
    this.#messages.set(message.sequence, message);
    if (message.expiresAt !== undefined) this.#expiring.add(message.expiresAt, message);
    if (isEarly) this.#scheduled.add(availableAt, message);
    else this.#makeAvailable(message);
    return message.sequence;
  }

  /**
   * A message that falls due is enqueued at that moment and gets a new sequence number
   * (Learn, "Message sequencing and timestamps", Scheduled messages).
   */
  #activate(message: Message): void {
    this.#messages.delete(message.sequence);
    message.sequence = ++this.#lastSequence;
    message.enqueuedAt = this.#clock.now();
    message.state = "active";
    this.#messages.set(message.sequence, message);
    this.#makeAvailable(message);
  }

  #makeAvailable(message: Message): void {
    if (this.sessions !== undefined && message.sessionId !== undefined) {
      this.sessions.put(message.sessionId, message);
    } else {
      this.#feed.put(message);
    }
  }

  #hand(message: Message, consumer: Consumer): void {
    this.#clock.stir();
    const token = this.#locks.take(message);
    message.deliveries++;
    if (message.deliveries > 1) this.counters.redelivered++;
    else message.losesCompletion = this.mishaps.doubles(message);
    consumer.deliver(message, token);
    if (consumer.mode === "receiveAndDelete") return this.#complete(message);
    const mishap = this.mishaps.ofDelivery(message);
    if (mishap !== undefined) this.#doom(token, mishap, consumer);
  }

  #doom(token: string, { kind, afterMs }: Mishap, consumer: Consumer): void {
    const strike = () => {
      if (kind === "lockLost") this.#loseLock(token);
      else this.#dropLink(token, kind === "linkDropped" ? "link" : "connection", consumer);
    };
    const at = this.#clock.now() + afterMs;
    const label = `${this.settings.name}: ${kind}`;
    const appointment = this.#clock.at(at, label, () => this.#strike(token));
    this.#doomed.set(token, { appointment, strike });
  }

  #strike(token: string): void {
    const doom = this.#doomed.get(token);
    this.#doomed.delete(token);
    doom?.appointment.cancel();
    doom?.strike();
  }

  #loseLock(token: string): void {
    const message = this.#locks.find(token);
    if (message?.lock?.owner === "session" && message.sessionId !== undefined) {
      this.sessions?.expire(message.sessionId);
    } else if (message !== undefined) {
      this.#takeBack(message, "failed");
    }
  }

  /** A session is free with its link. The lock of a message without a session belongs to the queue and stays. */
  #dropLink(token: string, what: "link" | "connection", consumer: Consumer): void {
    const message = this.#locks.find(token);
    if (message === undefined) return;
    consumer.drop?.(what);
    if (message.sessionId !== undefined) this.sessions?.release(message.sessionId);
  }

  #complete(message: Message): void {
    if (message.losesCompletion) {
      message.losesCompletion = false;
      this.#takeBack(message, "failed");
    } else {
      this.counters.completed++;
      this.#remove(message);
    }
  }

  /**
   * Learn, "Message sessions", impact of delivery count: it grows when a session's lock runs out, and not when
   * the session is closed, even with messages locked.
   */
  #takeBackSession(sessionId: string, why: "released" | "expired"): void {
    const delivery = why === "expired" ? "failed" : "untouched";
    for (const message of this.#locks.inSession(sessionId)) this.#takeBack(message, delivery);
  }

  #takeBack(message: Message, delivery: "failed" | "untouched"): void {
    this.#locks.release(message);
    if (delivery === "failed") message.deliveryCount++;
    const { maxDeliveryCount } = this.settings;
    if (maxDeliveryCount !== undefined && message.deliveryCount >= maxDeliveryCount) {
      this.#deadLetter(message, {
        DeadLetterReason: "MaxDeliveryCountExceeded",
        DeadLetterErrorDescription: `Message could not be consumed after ${maxDeliveryCount} delivery attempts.`,
      });
    } else if (message.expiresAt !== undefined && message.expiresAt <= this.#clock.now()) {
      this.#expire(message);
    } else if (message.state === "active") {
      this.#makeAvailable(message);
    }
  }

  /** Locked messages are looked at again when they come back. Deferred ones stay until somebody asks for them. */
  #expire(message: Message): void {
    if (message.lock !== undefined || message.state !== "active") return;
    this.counters.expired++;
    if (this.settings.deadLetterOnExpiry === "no") return this.#remove(message);
    this.#deadLetter(message, {
      DeadLetterReason: "TTLExpiredException",
      DeadLetterErrorDescription: "The message expired and was dead lettered.",
    });
  }

  #deadLetter(message: Message, cause: Readonly<Record<string, unknown>>): void {
    this.counters.deadLettered++;
    this.#remove(message);
    if (this.deadLetters === undefined) return;
    this.deadLetters.#admit({
      ...message,
      state: "active",
      expiresAt: undefined,
      changes: { ...message.changes, ...cause },
      deadLetterSource: this.settings.name,
      losesCompletion: false,
    });
  }

  /** A dead-lettered message keeps its number here; what Azure does is not documented. */
  #admit(message: Message): void {
    this.#messages.set(message.sequence, message);
    this.#makeAvailable(message);
  }

  #remove(message: Message): void {
    const isWaiting = message.lock === undefined && message.state === "active";
    this.#locks.release(message);
    this.#messages.delete(message.sequence);
    if (message.state === "scheduled") this.#scheduled.remove(message);
    if (message.expiresAt !== undefined) this.#expiring.remove(message);
    if (!isWaiting) return;
    if (this.sessions !== undefined && message.sessionId !== undefined) {
      this.sessions.remove(message.sessionId, message);
    } else {
      this.#feed.remove(message);
    }
  }
}
