import type { LabClock } from "../../clock.ts";
import type { Chances } from "./chances.ts";
import { Feed, type Consumer, type Route, type Subscription } from "./feed.ts";
import { LockTerm } from "./lock-term.ts";
import type { Message } from "./message.ts";

/** Who asks for a session: the link it will be delivered over, and how to tell it that the lock is gone. */
export type Claim = { readonly linkName: string; readonly onLost: () => void };

/** A session that is locked for one receiver. */
export type SessionLease = {
  readonly sessionId: string;
  /** Virtual time, epoch milliseconds. */
  lockedUntil(): number;
  subscribe(consumer: Consumer): Subscription;
  release(): void;
};

type Session = {
  readonly id: string;
  readonly feed: Feed;
  state: Buffer | undefined;
  holder: Holder | undefined;
};

type Holder = { readonly claim: Claim; readonly term: LockTerm; subscription: Subscription | undefined };

type Waiter = { readonly claim: Claim; readonly grant: (lease: SessionLease) => void };

/** What the table asks of its queue. */
type Owner = {
  readonly name: string;
  readonly route: Route;
  readonly chances: Chances;
  /** A lock has ended: put back what was delivered under it. A lock that ran out counts as a failed delivery. */
  readonly takeBack: (sessionId: string, why: "released" | "expired") => void;
};

/** The sessions of one queue: at most one receiver each, and a queue of receivers that take any. */
export class SessionTable {
  readonly #clock: LabClock;
  readonly #lockMs: number;
  readonly #owner: Owner;
  readonly #sessions = new Map<string, Session>();
  /** Unlocked sessions with messages, the longest-waiting first, and the lot that each drew when it became ready. */
  readonly #ready = new Map<Session, number>();
  readonly #waiters = new Set<Waiter>();

  constructor({ clock, lockMs, owner }: { clock: LabClock; lockMs: number; owner: Owner }) {
    this.#clock = clock;
    this.#lockMs = lockMs;
    this.#owner = owner;
  }

  put(sessionId: string, message: Message): void {
    const session = this.#session(sessionId);
    session.feed.put(message);
    this.#offer(session);
  }

  remove(sessionId: string, message: Message): void {
    const session = this.#session(sessionId);
    session.feed.remove(message);
    if (session.feed.size === 0) this.#ready.delete(session);
    this.#forgetIfEmpty(session);
  }

  /** Locks one session, with or without messages in it; undefined when another receiver has it. */
  accept(sessionId: string, claim: Claim): SessionLease | undefined {
    const session = this.#session(sessionId);
    return session.holder === undefined ? this.#lock(session, claim) : undefined;
  }

  /** Grants the next session that has messages and no receiver, at once or when there is one. */
  acceptNext(claim: Claim, grant: (lease: SessionLease) => void): { cancel(): void } {
    const waiter: Waiter = { claim, grant };
    this.#waiters.add(waiter);
    this.#grantReady();
    return { cancel: () => void this.#waiters.delete(waiter) };
  }

  /** New end of the lock (virtual epoch milliseconds); undefined when that link does not hold the session. */
  renew(sessionId: string, linkName: string | undefined): number | undefined {
    const holder = this.#sessions.get(sessionId)?.holder;
    if (holder === undefined || (linkName !== undefined && holder.claim.linkName !== linkName))
      return undefined;
    holder.term.renew();
    return holder.term.lockedUntil();
  }

  term(sessionId: string): LockTerm | undefined {
    return this.#sessions.get(sessionId)?.holder?.term;
  }

  state(sessionId: string): Buffer | undefined {
    return this.#sessions.get(sessionId)?.state;
  }

  setState(sessionId: string, state: Buffer | undefined): void {
    const session = this.#session(sessionId);
    session.state = state;
    this.#forgetIfEmpty(session);
  }

  /** Ends the lock as if its time had run out. */
  expire(sessionId: string): void {
    const session = this.#sessions.get(sessionId);
    const claim = session?.holder?.claim;
    if (session === undefined || claim === undefined) return;
    claim.onLost();
    this.#unlock(session, "expired");
  }

  /** Frees a session as if its receiver had closed. */
  release(sessionId: string): void {
    const session = this.#sessions.get(sessionId);
    if (session?.holder !== undefined) this.#unlock(session, "released");
  }

  stop(): void {
    this.#waiters.clear();
    for (const session of this.#sessions.values()) session.holder?.term.end();
  }

  #session(id: string): Session {
    const known = this.#sessions.get(id);
    if (known !== undefined) return known;
    const session: Session = { id, feed: new Feed(this.#owner.route), state: undefined, holder: undefined };
    this.#sessions.set(id, session);
    return session;
  }

  #lock(session: Session, claim: Claim): SessionLease {
    const term = new LockTerm(this.#clock, this.#lockMs, () => this.expire(session.id));
    const holder: Holder = { claim, term, subscription: undefined };
    session.holder = holder;
    this.#ready.delete(session);
    return {
      sessionId: session.id,
      lockedUntil: () => term.lockedUntil(),
      subscribe: (consumer) => (holder.subscription = session.feed.subscribe(consumer)),
      release: () => {
        if (session.holder === holder) this.#unlock(session, "released");
      },
    };
  }

  #unlock(session: Session, why: "released" | "expired"): void {
    session.holder?.term.end();
    session.holder?.subscription?.cancel();
    // Still held meanwhile: nobody may get the session before all of it is back in place.
    this.#owner.takeBack(session.id, why);
    session.holder = undefined;
    this.#offer(session);
    this.#forgetIfEmpty(session);
  }

  #offer(session: Session): void {
    if (session.holder !== undefined || session.feed.size === 0) return;
    const { chances, name } = this.#owner;
    if (!this.#ready.has(session)) this.#ready.set(session, chances.lot(name, session.id));
    this.#grantReady();
  }

  #grantReady(): void {
    for (;;) {
      const [waiter] = this.#waiters;
      const session = waiter === undefined ? undefined : this.#nextReady();
      if (waiter === undefined || session === undefined) return;
      this.#waiters.delete(waiter);
      waiter.grant(this.#lock(session, waiter.claim));
    }
  }

  /** Learn, "Message sessions", orders the messages of a session and says nothing about the order of sessions. */
  #nextReady(): Session | undefined {
    const { chances, name } = this.#owner;
    const [longest] = this.#ready.keys();
    if (longest === undefined || !chances.strikes("unorderedSessions", name)) return longest;
    const [drawn] = [...this.#ready].reduce((least, each) => (each[1] < least[1] ? each : least));
    return drawn;
  }

  /** Session ids never repeat in a long run, so a session without content must not stay. */
  #forgetIfEmpty(session: Session): void {
    const isUsed = session.holder !== undefined || session.state !== undefined || session.feed.size > 0;
    if (!isUsed) this.#sessions.delete(session.id);
  }
}
