import { createHash, timingSafeEqual } from "node:crypto";
import { readNotifications, type Notification } from "../../graph/notification.ts";
import { errorText } from "../../model/error-text.ts";
import type { AnalystId } from "../../model/ids.ts";
import { heardAt, sessionOf, type AnalystMessage, type ArrivalMessage } from "../../queue/keys.ts";
import type { SubscriptionRow } from "../../state/subscription-rows.ts";

export type ReceivePorts = {
  /** The subscriptions Muster made; `fresh` reads them again. */
  readonly subscriptions: (how: "remembered" | "fresh") => Promise<readonly SubscriptionRow[]>;
  /** Graph asks for a subscription to be renewed, or says that it is gone. */
  readonly renewSoon: (resource: string, state: "renew" | "recreate") => Promise<void>;
  /** Whether this is, or was, an analyst, as far as this host has heard. */
  readonly isKnown: (id: AnalystId) => Promise<boolean>;
  readonly send: (messages: readonly (AnalystMessage | ArrivalMessage)[]) => Promise<void>;
  readonly now: () => number;
};

export type Received =
  | {
      readonly kind: "accepted";
      readonly keys: number;
      readonly dropped: Readonly<Record<DropReason, number>>;
    }
  | { readonly kind: "invalid"; readonly problem: string }
  /** Service Bus does not have the keys: Graph has to deliver again. */
  | { readonly kind: "unavailable"; readonly problem: string };

type DropReason = "unreadable" | "unknownSubscription" | "wrongClientState" | "wrongTenant";

/**
 * Turns a delivery into keys. An item that cannot be proven to come from Muster's own subscription is dropped and
 * counted; it never spoils its neighbours. Accepted means that Service Bus has every key.
 */
export async function receiveNotifications(text: string, ports: ReceivePorts): Promise<Received> {
  const body = readNotifications(text);
  if (body.kind === "invalid") return body;
  const dropped = {
    unreadable: body.unreadable,
    unknownSubscription: 0,
    wrongClientState: 0,
    wrongTenant: 0,
  };
  const keys = new Map<string, AnalystMessage | ArrivalMessage>();
  const directory = subscriptionDirectory(ports);
  try {
    for (const item of body.items) {
      const proof = await prove(item, directory);
      if (proof.kind === "dropped") dropped[proof.reason] += 1;
      else
        for (const message of await keysOf(item, proof.row, ports)) keys.set(sessionOf(message.key), message);
    }
    if (keys.size > 0) await ports.send([...keys.values()]);
  } catch (error) {
    return { kind: "unavailable", problem: errorText(error) };
  }
  return { kind: "accepted", keys: keys.size, dropped };
}

type Proof =
  | { readonly kind: "proven"; readonly row: SubscriptionRow }
  | { readonly kind: "dropped"; readonly reason: DropReason };

type Directory = (item: Notification) => Promise<SubscriptionRow | undefined>;

/** Looks the rows up again at most once a delivery: anybody can make up subscription ids. */
function subscriptionDirectory({ subscriptions }: ReceivePorts): Directory {
  let fresh: readonly SubscriptionRow[] | undefined;
  return async (item) => {
    const known = findRow(item, fresh ?? (await subscriptions("remembered")));
    if (known !== undefined || fresh !== undefined) return known;
    fresh = await subscriptions("fresh");
    return findRow(item, fresh);
  };
}

async function prove(item: Notification, find: Directory): Promise<Proof> {
  const row = await find(item);
  if (row === undefined) return { kind: "dropped", reason: "unknownSubscription" };
  if (row.tenantId !== item.tenantId) return { kind: "dropped", reason: "wrongTenant" };
  if (!sameSecret(row.clientState, item.clientState)) return { kind: "dropped", reason: "wrongClientState" };
  return { kind: "proven", row };
}

/** A notification may overtake the answer that tells its subscription's id; then the client state has to do. */
function findRow(item: Notification, rows: readonly SubscriptionRow[]): SubscriptionRow | undefined {
  return (
    rows.find(({ subscriptionId }) => subscriptionId === item.subscriptionId) ??
    rows.find(
      ({ subscriptionId, clientState }) =>
        subscriptionId === null && sameSecret(clientState, item.clientState),
    )
  );
}

/** Compared by digest, so that neither content nor length shows in the time it takes. */
function sameSecret(a: string, b: string): boolean {
  const digest = (text: string) => createHash("sha256").update(text).digest();
  return timingSafeEqual(digest(a), digest(b));
}

async function keysOf(
  { about }: Notification,
  row: SubscriptionRow,
  ports: ReceivePorts,
): Promise<readonly (AnalystMessage | ArrivalMessage)[]> {
  const common = { heardAt: heardAt(ports), occasion: "event" } as const;
  switch (about.kind) {
    case "user": {
      const cause = "notification: user";
      // Most people of a tenant are nobody to Muster, and a nightly import changes them all: they wait in a queue of their own.
      return (await ports.isKnown(about.id))
        ? [{ key: { kind: "analyst", analyst: about.id }, cause, ...common }]
        : [{ key: { kind: "arrival", user: about.id }, cause, ...common, tries: 0 }];
    }
    case "group":
      // The members that Graph names get their look at once; the group as a whole is compared as well, because a member
      // may be a group itself, and nobody promises that the list is complete.
      return [
        ...about.members.map((analyst) => ({
          key: { kind: "analyst", analyst } as const,
          cause: "notification: group members",
          ...common,
        })),
        { key: { kind: "role-group", group: about.id }, cause: "notification: group", ...common },
      ];
    case "lifecycle":
      await ports.renewSoon(row.resource, about.event === "reauthorizationRequired" ? "renew" : "recreate");
      return [];
    default:
      return about satisfies never;
  }
}
