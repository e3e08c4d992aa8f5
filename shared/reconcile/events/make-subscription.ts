import type { SubscriptionWriter } from "../../graph/subscriptions.ts";
import type { TenantId } from "../../model/ids.ts";
import type { SubscriptionRow, SubscriptionRows } from "../../state/subscription-rows.ts";
import type { Subscribed } from "./subscribed.ts";

export type MakePorts = {
  readonly graph: SubscriptionWriter;
  readonly rows: SubscriptionRows;
  readonly notificationUrl: string;
  readonly newClientState: () => string;
  readonly now: () => number;
};

export type Making = { readonly ports: MakePorts; readonly tenantId: TenantId };

/** Graph allows a little under 29 days. */
export const lifeMs = 7 * 24 * 60 * 60_000;

/** The client state is on record before Graph can send it; hosts that do this at the same time use the same one. */
export async function create(
  resource: string,
  pending: SubscriptionRow | undefined,
  making: Making,
): Promise<Subscribed> {
  const { graph, rows, now } = making.ports;
  const wish = wishFor(resource, making);
  const row = pending ?? (await rows.putIfAbsent(wish));
  const created = await graph.create({ ...row, expiresAt: now() + lifeMs });
  if (created === null)
    return adopt(row, row.clientState === wish.clientState ? "unknown" : "on-record", making);
  await rows.put({
    ...row,
    subscriptionId: created.id,
    expiresAt: created.expiresAt,
    madeAt: now(),
    renewedAt: 0,
  });
  return { resource, did: "created", detail: "" };
}

/** Graph does not know it any more. */
export async function recreate(row: SubscriptionRow, making: Making): Promise<Subscribed> {
  // The id is forgotten first, so that a delivery of the new one is known by its client state.
  const pending = { ...retired(row, making.ports.now()), expiresAt: 0 };
  await making.ports.rows.put(pending);
  return anew(await create(row.resource, pending, making), "Graph did not know it any more");
}

/**
 * Ends it and makes another one with a client state of its own. Graph allows no two for one resource, so for a moment there is
 * none: whoever does this has everybody looked at who changes meanwhile.
 */
export async function replace(
  row: SubscriptionRow,
  { why, ...change }: Partial<SubscriptionRow> & { readonly why: string },
  making: Making,
): Promise<Subscribed> {
  const { ports } = making;
  const { clientState, notificationUrl } = wishFor(row.resource, making);
  const pending = { ...retired(row, ports.now()), ...change, clientState, notificationUrl, expiresAt: 0 };
  await ports.rows.put(pending);
  if (row.subscriptionId !== null) await ports.graph.remove(row.subscriptionId);
  return anew(await create(row.resource, pending, making), why);
}

const anew = (made: Subscribed, detail: string): Subscribed =>
  made.did === "created" ? { ...made, did: "recreated", detail } : made;

/** What was sent for it before it ended is on its way for as long as Graph tries to deliver. */
function retired({ subscriptionId: id, ...row }: SubscriptionRow, now: number): SubscriptionRow {
  const late = row.former.filter(({ until }) => until > now);
  const last =
    id === null ? [] : [{ subscriptionId: id, clientState: row.clientState, until: now + deliveryMs }];
  return { ...row, subscriptionId: null, former: [...late, ...last] };
}

/** https://learn.microsoft.com/graph/change-notifications-delivery-webhooks: it tries for up to four hours. */
const deliveryMs = 4 * 60 * 60_000;

function wishFor(
  resource: string,
  { ports: { notificationUrl, newClientState }, tenantId }: Making,
): SubscriptionRow {
  return {
    resource,
    tenantId,
    clientState: newClientState(),
    subscriptionId: null,
    notificationUrl,
    expiresAt: 0,
    madeAt: 0,
    renewedAt: 0,
    former: [],
    missed: 0,
    silentSince: null,
    suspects: [],
  };
}

/**
 * There is one already. Made by Muster's own call whose answer was lost, it carries the client state on record; one
 * from before that record is of no use, because nobody can tell its deliveries from forgeries, and one that was to be replaced
 * was not ended yet.
 */
async function adopt(
  row: SubscriptionRow,
  clientState: "on-record" | "unknown",
  making: Making,
): Promise<Subscribed> {
  const { graph, rows, now } = making.ports;
  const { resource, notificationUrl } = row;
  const former = new Set(row.former.map(({ subscriptionId }) => subscriptionId));
  const same = (await graph.list()).find(
    (other) =>
      other.resource.toLowerCase() === resource.toLowerCase() &&
      (other.notificationUrl === notificationUrl || former.has(other.id)),
  );
  if (same === undefined) {
    const detail =
      "Graph says there is one already, but lists none for this URL: delete it by hand, or let it expire";
    return { resource, did: "failed", detail };
  }
  if (clientState === "unknown" || former.has(same.id)) {
    await graph.remove(same.id);
    return create(resource, row, making);
  }
  const renewed = await graph.renew(same.id, now() + lifeMs);
  await rows.put({
    ...row,
    subscriptionId: same.id,
    expiresAt: renewed?.expiresAt ?? 0,
    madeAt: row.madeAt === 0 ? now() : row.madeAt,
    renewedAt: now(),
  });
  return { resource, did: "renewed", detail: "it was there already" };
}
