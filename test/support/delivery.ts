import type { SubscriptionRow } from "../../shared/state/subscription-rows.ts";
import { ana, groupId } from "./fixtures.ts";

/** Change notifications as Graph sends them. https://learn.microsoft.com/graph/change-notifications-delivery-webhooks */
export const sourceTenant = "11111111-1111-4111-8111-111111111111";
export const usersId = "d850b120-0000-4000-8000-000000000001";
export const groupsId = "d850b120-0000-4000-8000-000000000002";
export const usersSecret = "the client state of users";
export const groupsSecret = "the client state of a group";
export const roleGroup = groupId(1);

export type Item = Readonly<Record<string, unknown>>;

const envelope = {
  changeType: "updated",
  subscriptionExpirationDateTime: "2026-11-24T18:13:08.914+00:00",
  tenantId: sourceTenant,
};

export function userItem(id: string = ana, changes: Item = {}): Item {
  return {
    ...envelope,
    subscriptionId: usersId,
    clientState: usersSecret,
    resource: `Users/${id}`,
    resourceData: {
      "@odata.type": "#Microsoft.Graph.User",
      "@odata.id": `Users/${id}`,
      id,
      organizationId: sourceTenant,
      eventTime: "2026-11-20T12:00:00.2455823Z",
      sequenceNumber: 636784480202455800,
    },
    ...changes,
  };
}

/** @param members elements of `members@delta`; none at all when left out */
export function groupItem(members?: readonly unknown[], changes: Item = {}): Item {
  return {
    ...envelope,
    subscriptionId: groupsId,
    clientState: groupsSecret,
    resource: `Groups/${roleGroup}`,
    resourceData: {
      "@odata.type": "#Microsoft.Graph.Group",
      "@odata.id": `Groups/${roleGroup}`,
      id: roleGroup,
      ...(members === undefined ? {} : { "members@delta": members }),
    },
    ...changes,
  };
}

/** Samples of these have neither a change type nor a resource. */
export function lifecycleItem(event: string): Item {
  return {
    subscriptionId: usersId,
    subscriptionExpirationDateTime: envelope.subscriptionExpirationDateTime,
    tenantId: sourceTenant,
    clientState: usersSecret,
    lifecycleEvent: event,
  };
}

export const delivery = (...items: readonly unknown[]) => JSON.stringify({ value: items });

export function subscriptionRow(changes: Partial<SubscriptionRow> = {}): SubscriptionRow {
  return {
    resource: "users",
    tenantId: sourceTenant,
    clientState: usersSecret,
    subscriptionId: usersId,
    notificationUrl: "https://muster.example/api/notifications",
    expiresAt: 0,
    madeAt: 0,
    renewedAt: 0,
    former: [],
    missed: 0,
    silentSince: null,
    suspects: [],
    ...changes,
  };
}
