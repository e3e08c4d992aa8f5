import type { EventContext, Sender } from "rhea";
import type { Consumer, Subscription } from "../engine/feed.ts";
import type { Queue, Settlement, SettleResult } from "../engine/queue.ts";
import { detachForced, messageLockLost, notAllowed, sessionLockLost, type Refusal } from "./conditions.ts";
import { deliveryTag, tokenOfDeliveryTag } from "./lock-token.ts";
import { writeDelivery } from "./message-codec.ts";
import {
  alwaysAnswerDrain,
  answerDrain,
  breakConnection,
  creditLimit,
  describeAttach,
  hasRoom,
  settleDelivery,
} from "./rhea-internals.ts";

// The two bits of the attach that make a receiver peek-lock or receive-and-delete.
const settledByBroker = 1;

/** Answers the attach of a receiver in the terms it asked for. */
export function echoReceiver(link: Sender): void {
  const { snd_settle_mode, rcv_settle_mode } = link;
  describeAttach(link, { snd_settle_mode, rcv_settle_mode });
  link.set_source({ address: link.source.address });
  link.set_target(link.target);
}

/**
 * Delivers to a link as far as its credit goes, and settles what the client decides. `subscribe` says where the
 * messages come from: a queue, or one session of it.
 */
export function deliverTo(
  link: Sender,
  queue: Queue,
  subscribe: (consumer: Consumer) => Subscription,
): Subscription {
  // rhea counts credit down when a frame is written, which is later than when it is used; so count here.
  let allowed = creditLimit(link);
  let sent = 0;
  alwaysAnswerDrain(link);
  const subscription = subscribe({
    mode: link.snd_settle_mode === settledByBroker ? "receiveAndDelete" : "peekLock",
    isReady: (onTheWay) => sent + onTheWay < allowed && hasRoom(link),
    deliver(message, token) {
      sent++;
      link.send(writeDelivery(message), deliveryTag(token), 0);
    },
    drop(what) {
      if (what === "connection") breakConnection(link);
      else link.close(detachForced(link.name, "a fault of the lab"));
    },
  });
  link.on("sender_flow", () => {
    allowed = creditLimit(link);
    subscription.pump();
  });
  link.on("sender_draining", () => {
    sent = allowed;
    subscription.recall();
    answerDrain(link);
  });
  // Also raised when rhea, after many deliveries that nobody had settled, can keep track of more.
  link.on("sendable", () => subscription.pump());
  settleFor(link, queue);
  return subscription;
}

function settleFor(link: Sender, queue: Queue): void {
  const on = (outcome: string, read: (state: Outcome) => Settlement) =>
    link.on(outcome, ({ delivery }: EventContext) => {
      if (delivery === undefined) return;
      const settlement = read(delivery.remote_state ?? {});
      const result = queue.settle(tokenOfDeliveryTag(delivery.tag), settlement);
      settleDelivery(delivery, refusalOf(result, queue));
    });
  on("accepted", () => ({ kind: "complete" }));
  on("released", () => ({ kind: "abandon", changes: {} }));
  on("modified", ({ undeliverable_here: here, message_annotations: changes }) => ({
    kind: here === true ? "defer" : "abandon",
    changes: withoutNulls(changes),
  }));
  on("rejected", ({ error }) => ({ kind: "deadLetter", changes: withoutNulls(error?.info) }));
}

type Outcome = {
  readonly undeliverable_here?: boolean;
  readonly message_annotations?: Readonly<Record<string, unknown>>;
  readonly error?: { readonly info?: Readonly<Record<string, unknown>> };
};

/** Why a settlement was not carried out; undefined when it was. */
export function refusalOf(result: SettleResult, queue: Queue): Refusal | undefined {
  const { name } = queue.settings;
  if (result === "settled") return undefined;
  if (result === "noDeadLetterQueue") {
    return notAllowed(`'${name}' is a dead-letter queue: a message cannot be dead-lettered from it.`);
  }
  return queue.sessions === undefined ? messageLockLost(name) : sessionLockLost(name);
}

// The client sends what it was not given as null.
function withoutNulls(entries: Readonly<Record<string, unknown>> | undefined): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(entries ?? {}).filter(([, value]) => value !== null && value !== undefined),
  );
}
