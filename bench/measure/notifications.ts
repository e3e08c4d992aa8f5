import { TableClient } from "@azure/data-tables";
import type { RunningLab } from "../../lab/running-lab.ts";
import { subscriptionRows, type SubscriptionRow } from "../../shared/state/subscription-rows.ts";

/** Deliveries as Graph makes them, each of one change to a user whom nobody has heard of: none is like another. */
export async function deliveriesFor(lab: RunningLab): Promise<(number: number) => string> {
  const row = await usersRow(lab);
  return (number) => {
    const id = `00000000-0000-4000-8000-${String(number).padStart(12, "0")}`;
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
            sequenceNumber: (Date.now() + 62_135_596_800_000) * 10_000,
          },
          subscriptionExpirationDateTime: new Date(row.expiresAt).toISOString(),
          subscriptionId: row.subscriptionId,
          tenantId: row.tenantId,
        },
      ],
    });
  };
}

async function usersRow(lab: RunningLab): Promise<SubscriptionRow> {
  const table = TableClient.fromConnectionString(lab.tables.connectionString, "Subscriptions", {
    allowInsecureConnection: true,
  });
  const found = (await subscriptionRows(table).list()).find(({ resource }) => /^\/?users$/i.test(resource));
  if (found === undefined) throw new Error("Muster has no subscription on users to deliver for");
  return found;
}
