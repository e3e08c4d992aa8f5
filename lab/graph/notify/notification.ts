import type { Change } from "../directory/change-log.ts";
import { normalized, type SubscriptionRecord } from "./subscriptions.ts";

/** One element of the `value` array that Graph posts. */
export type Notification = Readonly<Record<string, unknown>>;

/** Which change types a subscription can name for users and groups; creation and soft deletion are "updated". */
type ChangeType = "updated" | "deleted";

function changeTypeOf(change: Change): ChangeType {
  return change.event === "purged" ? "deleted" : "updated";
}

export function concerns(subscription: SubscriptionRecord, change: Change): boolean {
  if (!subscription.changeType.split(",").includes(changeTypeOf(change))) return false;
  const [collection, id, relation] = normalized(subscription.resource).split("/");
  if (collection !== `${change.kind}s` || (id !== undefined && id !== change.id)) return false;
  return relation === undefined || (relation === "members" && change.members.length > 0);
}

/** The shape really received (facts 1.4): other casing than subscribed, and properties nobody documents. */
export function notificationOf(
  subscription: SubscriptionRecord,
  change: Change,
  members: "with members" | "without members",
): Notification {
  const type = change.kind === "user" ? "User" : "Group";
  const resource = `${type}s/${change.id}`;
  return {
    changeType: changeTypeOf(change),
    ...(subscription.clientState !== null && { clientState: subscription.clientState }),
    resource,
    resourceData: {
      "@odata.type": `#Microsoft.Graph.${type}`,
      "@odata.id": resource,
      id: change.id,
      organizationId: change.tenantId,
      eventTime: new Date(change.at).toISOString(),
      sequenceNumber: dotNetTicks(change.at),
      ...(members === "with members" &&
        change.members.length > 0 && { "members@delta": change.members.map(memberDelta) }),
    },
    ...envelopeOf(subscription),
  };
}

export function lifecycleNotificationOf(
  subscription: SubscriptionRecord,
  lifecycleEvent: "reauthorizationRequired",
): Notification {
  const clientState = subscription.clientState === null ? {} : { clientState: subscription.clientState };
  return { ...envelopeOf(subscription), ...clientState, lifecycleEvent };
}

function envelopeOf(subscription: SubscriptionRecord) {
  return {
    subscriptionExpirationDateTime: new Date(subscription.expiresAt).toISOString(),
    subscriptionId: subscription.id,
    tenantId: subscription.tenantId,
  };
}

// A string here, an object in delta queries.
function memberDelta({ id, change }: Change["members"][number]) {
  return change === "added" ? { id } : { id, "@removed": "deleted" };
}

/** 100 ns since the year 1: larger than a JavaScript number can hold exactly, as in Graph. */
function dotNetTicks(ms: number): number {
  return (ms + 62_135_596_800_000) * 10_000;
}
