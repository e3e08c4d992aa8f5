import { TableClient } from "@azure/data-tables";
import type { RunningLab } from "../../lab/running-lab.ts";
import { subscriptionRows, type SubscriptionRow } from "../../shared/state/subscription-rows.ts";
import { numberHere } from "./load.ts";

/** A delivery as Graph makes it, of one change to a user whom nobody has heard of. */
export async function deliveryFor(lab: RunningLab): Promise<string> {
  const row = await usersRow(lab);
  const id = `00000000-0000-4000-8000-${numberHere}`;
  return JSON.stringify({
    value: [
      {
        changeType: "updated",
        clientState: row.clientState,
        resource: `Users/${id}`,
        resourceData: {
          "@odata.type": "#Microsoft.Graph.User",
          "@odata.id": `Users/${id}`,
          id,
          organizationId: row.tenantId,
          eventTime: new Date().toISOString(),
        },
        subscriptionExpirationDateTime: new Date(row.expiresAt).toISOString(),
        subscriptionId: row.subscriptionId,
        tenantId: row.tenantId,
      },
    ],
  });
}

async function usersRow(lab: RunningLab): Promise<SubscriptionRow> {
  const table = TableClient.fromConnectionString(lab.tables.connectionString, "Subscriptions", {
    allowInsecureConnection: true,
  });
  const found = (await subscriptionRows(table).list()).find(({ resource }) => /^\/?users$/i.test(resource));
  if (found === undefined) throw new Error("Muster has no subscription on users to deliver for");
  return found;
}
