import type { GroupDirectory } from "../../graph/group-directory.ts";
import type { SourceReader } from "../../graph/source-reader.ts";
import type { SubscriptionWriter } from "../../graph/subscriptions.ts";
import type { TenantId } from "../../model/ids.ts";
import type { SubscriptionRow, SubscriptionRows } from "../../state/subscription-rows.ts";
import type { PolicyNow } from "../run/policy-in-force.ts";
import { failure, type Subscribed } from "./subscribed.ts";
import { wantedResources } from "./wanted-subscriptions.ts";

export type SubscribePorts = {
  readonly policy: () => Promise<PolicyNow>;
  readonly groups: GroupDirectory;
  readonly reader: Pick<SourceReader, "listMembers">;
  readonly graph: SubscriptionWriter;
  readonly rows: SubscriptionRows;
  readonly notificationUrl: string;
  readonly newClientState: () => string;
  /** Something may have gone unheard: everybody has to be looked at. */
  readonly catchUp: (why: string) => Promise<void>;
  readonly now: () => number;
};

/** Graph allows a little under 29 days. */
const lifeMs = 7 * 24 * 60 * 60_000;
/**
 * A subscription falls silent when the token that came with its last call has expired, after about an hour, however long it has
 * still to live. Graph asks for a renewal before that, and nobody may be there to hear it.
 * https://learn.microsoft.com/graph/change-notifications-lifecycle-events
 */
const accessMs = 60 * 60_000;
const renewAfterMs = 45 * 60_000;
/** Two calls that reauthorize should be this far apart; what Graph asks for so soon has crossed with the first. */
const apartMs = 10 * 60_000;

/**
 * Keeps one subscription for all users and one for each role group and each group in it, which is what the policy needs to
 * hear of every joiner, mover and leaver. One that fails does not stop the others. What Graph does not know any more, or
 * knew too late, is made anew; then, and when one was renewed late, everybody is looked at: what happened in between was not announced.
 */
export async function keepSubscriptions(ports: SubscribePorts): Promise<readonly Subscribed[]> {
  const { policy } = await ports.policy();
  const wanted = await wantedResources(policy, ports);
  const rows = await ports.rows.list();
  const results: Subscribed[] = [...wanted.missing, ...wanted.leftOut];
  // A role group that cannot be found today may be found tomorrow: nothing is unsubscribed on a doubt.
  const idle =
    wanted.missing.length > 0 ? [] : rows.filter(({ resource }) => !wanted.resources.includes(resource));
  for (const row of idle) results.push(await attempt(row.resource, () => remove(row, ports)));
  for (const resource of wanted.resources) {
    const row = rows.find((one) => one.resource === resource);
    results.push(await keep(resource, row, { ports, tenantId: policy.source.tenantId }));
  }
  if (results.some(({ did }) => did === "recreated")) await ports.catchUp("a subscription was made anew");
  return results;
}

type Keeping = { readonly ports: SubscribePorts; readonly tenantId: TenantId };

function keep(resource: string, row: SubscriptionRow | undefined, keeping: Keeping): Promise<Subscribed> {
  const { ports } = keeping;
  const current = row !== undefined && row.notificationUrl === ports.notificationUrl ? row : undefined;
  return attempt(resource, async () => {
    if (row !== undefined && current === undefined) await remove(row, ports);
    const id = current?.subscriptionId ?? null;
    if (id === null || current === undefined) return create(resource, current, keeping);
    return isDue(current, ports.now()) ? renew(current, id, keeping) : readBack(current, id, keeping);
  });
}

/** Also when nobody has asked for it: the request may be lost. */
function isDue(row: SubscriptionRow, now: number): boolean {
  const isAsked = row.expiresAt === 0 && now - row.renewedAt >= apartMs;
  return isAsked || now - authorizedAt(row) >= renewAfterMs;
}

const authorizedAt = ({ madeAt, renewedAt }: SubscriptionRow) => Math.max(madeAt, renewedAt);

/** Graph says nothing when a subscription is gone. */
async function readBack(row: SubscriptionRow, id: string, keeping: Keeping): Promise<Subscribed> {
  const there = await keeping.ports.graph.get(id);
  if (there !== null && there.expiresAt > keeping.ports.now())
    return { resource: row.resource, did: "nothing", detail: "" };
  return recreate(row, keeping);
}

async function renew(row: SubscriptionRow, id: string, keeping: Keeping): Promise<Subscribed> {
  const { ports } = keeping;
  const now = ports.now();
  const renewed = await ports.graph.renew(id, now + lifeMs);
  if (renewed === null) return recreate(row, keeping);
  if (now - authorizedAt(row) >= accessMs) await ports.catchUp("a subscription was renewed late");
  await ports.rows.put({ ...row, expiresAt: renewed.expiresAt, renewedAt: now });
  return { resource: row.resource, did: "renewed", detail: "" };
}

async function recreate(row: SubscriptionRow, keeping: Keeping): Promise<Subscribed> {
  // The id is forgotten first, so that a delivery of the new one is known by its client state.
  const pending = { ...row, subscriptionId: null, expiresAt: 0 };
  await keeping.ports.rows.put(pending);
  const made = await create(row.resource, pending, keeping);
  return made.did === "created"
    ? { ...made, did: "recreated", detail: "Graph did not know it any more" }
    : made;
}

/** The client state is on record before Graph can send it; hosts that do this at the same time use the same one. */
async function create(
  resource: string,
  pending: SubscriptionRow | undefined,
  keeping: Keeping,
): Promise<Subscribed> {
  const { graph, rows, notificationUrl, newClientState, now } = keeping.ports;
  const wish = {
    resource,
    tenantId: keeping.tenantId,
    clientState: newClientState(),
    subscriptionId: null,
    notificationUrl,
    expiresAt: 0,
    madeAt: 0,
    renewedAt: 0,
  };
  const row = pending ?? (await rows.putIfAbsent(wish));
  const created = await graph.create({ ...row, expiresAt: now() + lifeMs });
  if (created === null)
    return adopt(row, row.clientState === wish.clientState ? "unknown" : "on-record", keeping);
  await rows.put({
    ...row,
    subscriptionId: created.id,
    expiresAt: created.expiresAt,
    madeAt: now(),
    renewedAt: 0,
  });
  return { resource, did: "created", detail: "" };
}

/**
 * There is one already. Made by Muster's own call whose answer was lost, it carries the client state on record; one
 * from before that record is of no use, because nobody can tell its deliveries from forgeries.
 */
async function adopt(
  row: SubscriptionRow,
  clientState: "on-record" | "unknown",
  keeping: Keeping,
): Promise<Subscribed> {
  const { ports } = keeping;
  const { resource, notificationUrl } = row;
  const same = (await ports.graph.list()).find(
    (other) =>
      other.resource.toLowerCase() === resource.toLowerCase() && other.notificationUrl === notificationUrl,
  );
  if (same === undefined) {
    const detail =
      "Graph says there is one already, but lists none for this URL: delete it by hand, or let it expire";
    return { resource, did: "failed", detail };
  }
  if (clientState === "unknown") {
    await ports.graph.remove(same.id);
    return create(resource, row, keeping);
  }
  const renewed = await ports.graph.renew(same.id, ports.now() + lifeMs);
  const renewedAt = ports.now();
  await ports.rows.put({ ...row, subscriptionId: same.id, expiresAt: renewed?.expiresAt ?? 0, renewedAt });
  return { resource, did: "renewed", detail: "it was there already" };
}

async function remove(row: SubscriptionRow, { graph, rows }: SubscribePorts): Promise<Subscribed> {
  if (row.subscriptionId !== null) await graph.remove(row.subscriptionId);
  await rows.drop(row.resource);
  return { resource: row.resource, did: "removed", detail: "" };
}

async function attempt(resource: string, act: () => Promise<Subscribed>): Promise<Subscribed> {
  try {
    return await act();
  } catch (error) {
    return failure(resource, error);
  }
}
