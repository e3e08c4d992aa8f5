import { readNotifications, type Notification } from "../../graph/notification.ts";
import { errorText } from "../../model/error-text.ts";
import type { AnalystId } from "../../model/ids.ts";
import { heardAt, sessionOf, type AnalystMessage, type ArrivalMessage } from "../../queue/keys.ts";
import type { SubscriptionRow } from "../../state/subscription-rows.ts";
import { prove, subscriptionDirectory, type DropReason, type ProofPorts } from "./prove-notification.ts";
import { isDoubted } from "./silence.ts";

export type ReceivePorts = ProofPorts & {
  /** Graph asks for a subscription to be renewed, or says that it is gone. */
  readonly renewSoon: (resource: string, state: "renew" | "recreate") => Promise<void>;
  /** A subscription that seemed to be silent has announced something. */
  readonly heardAgain: (resource: string) => Promise<void>;
  /** Whether this is, or was, an analyst, as far as this host has heard. */
  readonly isKnown: (id: AnalystId) => Promise<boolean>;
  readonly send: (messages: readonly (AnalystMessage | ArrivalMessage)[]) => Promise<void>;
};

export type Received =
  | {
      readonly kind: "accepted";
      readonly keys: number;
      readonly dropped: Readonly<Record<DropReason | "unreadable", number>>;
    }
  | { readonly kind: "invalid"; readonly problem: string }
  /** Service Bus does not have the keys: Graph has to deliver again. */
  | { readonly kind: "unavailable"; readonly problem: string };

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
  const heard = new Set<string>();
  try {
    for (const item of body.items) {
      const proof = await prove(item, directory);
      if (proof.kind === "dropped") {
        dropped[proof.reason] += 1;
        continue;
      }
      // Of one that was replaced, only what it has to say of people counts.
      const { row, former } = proof;
      if (former === "yes" && item.about.kind === "lifecycle") continue;
      if (former === "no" && item.about.kind !== "lifecycle" && isDoubted(row)) heard.add(row.resource);
      for (const message of await keysOf(item, row, ports)) keys.set(sessionOf(message.key), message);
    }
    if (keys.size > 0) await ports.send([...keys.values()]);
    for (const resource of heard) await ports.heardAgain(resource);
  } catch (error) {
    return { kind: "unavailable", problem: errorText(error) };
  }
  return { kind: "accepted", keys: keys.size, dropped };
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
