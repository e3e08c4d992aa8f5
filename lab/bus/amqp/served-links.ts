import type { Sender, Session } from "rhea";

/** What the broker does for one receiver. */
export type ServedLink = {
  /** No more deliveries, and no more waiting for a session. */
  stop(): void;
  /** Gives its session back. */
  release(): void;
};

/**
 * The receivers of one connection. rhea has its own list, but it has forgotten links whose attach was held back when
 * a connection is lost, and a forgotten receiver that waits would be given a session that nobody works on.
 */
export class ServedLinks {
  readonly #links = new Map<Sender, ServedLink>();

  add(link: Sender, served: ServedLink): void {
    this.#links.set(link, served);
  }

  /** The client has closed the link. */
  end(link: Sender): void {
    const served = this.#links.get(link);
    this.#links.delete(link);
    served?.stop();
    // rhea reports a close while it reads, but a settlement that came before in the same bytes only afterwards.
    setImmediate(() => served?.release());
  }

  endSession(session: Session | undefined): void {
    for (const link of this.#links.keys()) if (link.session === session) this.end(link);
  }

  /**
   * The connection is lost. Learn, "Message sessions", returns the messages of a session whose receiver closes at once and
   * uncounted; a lost connection takes its links with it (AMQP 1.0, part 2), so here it counts as closing all of them, and
   * a killed process holds up nobody for the rest of its locks. Not compared with Azure.
   * All stop before any gives back, or one dying receiver would be handed what another one returns.
   */
  endAll(): void {
    const all = [...this.#links.values()];
    this.#links.clear();
    for (const served of all) served.stop();
    for (const served of all) served.release();
  }
}
