import rhea from "rhea";
import type { Sender } from "rhea";
import type { Queue } from "../engine/queue.ts";
import type { Claim, SessionLease, SessionTable } from "../engine/session-table.ts";
import { deliverTo } from "./client-receiver.ts";
import { noSessionInTime, sessionLockLost, sessionTaken } from "./conditions.ts";
import { describeAttach, holdAttach } from "./rhea-internals.ts";
import type { ServedLink } from "./served-links.ts";

const sessionFilter = "com.microsoft:session-filter";

// What the client waits when it does not say.
const defaultWaitMs = 60_000;

const nothing: ServedLink = { stop() {}, release() {} };

/** Which session a receiver asks for: one by name, or the next that has messages and no receiver. */
export type SessionWish = { readonly kind: "named"; readonly sessionId: string } | { readonly kind: "next" };

/** Undefined when the receiver asks for no session at all. */
export function readSessionWish(link: Sender): SessionWish | undefined {
  const wanted: unknown = link.source.filter?.[sessionFilter];
  if (wanted === undefined) return undefined;
  return typeof wanted === "string" ? { kind: "named", sessionId: wanted } : { kind: "next" };
}

/** Serves a receiver of one session. */
export function serveSession(
  link: Sender,
  { queue, sessions, wish }: { queue: Queue; sessions: SessionTable; wish: SessionWish },
): ServedLink {
  const { name } = queue.settings;
  const claim = { linkName: link.name, onLost: () => link.close(sessionLockLost(name)) };
  if (wish.kind === "next") return waitForSession(link, queue, { sessions, claim });
  const lease = sessions.accept(wish.sessionId, claim);
  if (lease !== undefined) return serveLease(link, queue, lease);
  link.close(sessionTaken(name, wish.sessionId));
  return nothing;
}

/** Holds the attach back until there is a session: an attach without one would end the client's wait. */
function waitForSession(
  link: Sender,
  queue: Queue,
  { sessions, claim }: { sessions: SessionTable; claim: Claim },
): ServedLink {
  const asked: unknown = link.properties?.["com.microsoft:timeout"];
  const timeoutMs = typeof asked === "number" ? asked : defaultWaitMs;
  // What serves the link now; while it waits, to stop means to give up.
  let current: ServedLink = { stop: giveUp, release() {} };
  holdAttach(link);
  const timer = setTimeout(giveUp, timeoutMs);
  const waiting = sessions.acceptNext(claim, (lease) => {
    clearTimeout(timer);
    current = serveLease(link, queue, lease);
  });
  return { stop: () => current.stop(), release: () => current.release() };

  // Attach and detach go out in one go: the client looks for the detach one millisecond after the attach.
  function giveUp(): void {
    clearTimeout(timer);
    waiting.cancel();
    current = nothing;
    link.open();
    link.close(noSessionInTime(queue.settings.name, timeoutMs));
  }
}

function serveLease(link: Sender, queue: Queue, lease: SessionLease): ServedLink {
  link.set_source({ address: link.source.address, filter: { [sessionFilter]: lease.sessionId } });
  describeAttach(link, {
    properties: {
      "com.microsoft:locked-until-utc": rhea.types.wrap_long(dotnetTicks(lease.lockedUntil())),
    },
  });
  link.open();
  const subscription = deliverTo(link, queue, (consumer) => lease.subscribe(consumer));
  return { stop: () => subscription.cancel(), release: () => lease.release() };
}

/** The client wants 100-nanosecond steps since year 1, in a buffer because they do not fit a JavaScript number. */
function dotnetTicks(epochMs: number): Buffer {
  const ticks = Buffer.alloc(8);
  ticks.writeBigInt64BE(BigInt(Math.round(epochMs)) * 10_000n + 621_355_968_000_000_000n);
  return ticks;
}
