import type { GroupDirectory } from "../graph/group-directory.ts";
import type { SubscriptionWriter } from "../graph/subscriptions.ts";
import type { Policy } from "../policy/policy.ts";
import type { SubscriptionRow, SubscriptionRows } from "../state/subscription-rows.ts";

export type SubscribePorts = {
  readonly policy: Policy;
  readonly groups: GroupDirectory;
  readonly graph: SubscriptionWriter;
  readonly rows: SubscriptionRows;
  readonly notificationUrl: string;
  readonly newClientState: () => string;
  readonly now: () => number;
};

export type Subscribed = {
  readonly resource: string;
  readonly did: "nothing" | "created" | "renewed" | "removed" | "failed";
  readonly detail: string;
};

/** Graph allows a little under 29 days; a shorter life keeps the token behind the subscription fresh. */
const lifeMs = 7 * 24 * 60 * 60_000;
const renewBeforeMs = lifeMs / 2;

/**
 * Keeps one subscription for all users and one for each role group, which is what the policy needs to hear of every
 * joiner, mover and leaver. One that fails does not stop the others.
 */
export async function keepSubscriptions(ports: SubscribePorts): Promise<readonly Subscribed[]> {
  const wanted = await wantedResources(ports);
  const rows = await ports.rows.list();
  const results: Subscribed[] = [...wanted.missing];
  for (const resource of wanted.resources) {
    results.push(
      await keep(
        resource,
        rows.find((row) => row.resource === resource),
        ports,
      ),
    );
  }
  // A role group that cannot be found today may be found tomorrow: nothing is unsubscribed on a doubt.
  if (wanted.missing.length > 0) return results;
  for (const row of rows.filter(({ resource }) => !wanted.resources.includes(resource))) {
    results.push(await attempt(row.resource, () => remove(row, ports)));
  }
  return results;
}

async function wantedResources({ policy, groups }: SubscribePorts) {
  const missing: Subscribed[] = [];
  const resources = ["users"];
  for (const { name, holders } of policy.roles) {
    if (holders.kind !== "group") continue;
    const role = `role ${name}`;
    const found = await groups.find(holders.group, "normal").catch((error: unknown) => failure(role, error));
    if ("did" in found) missing.push(found);
    else if (found.kind === "found") resources.push(`groups/${found.facts.id}`);
    else missing.push({ resource: role, did: "failed", detail: `${found.reason}; ${found.advice}` });
  }
  return { resources, missing };
}

function keep(
  resource: string,
  row: SubscriptionRow | undefined,
  ports: SubscribePorts,
): Promise<Subscribed> {
  const { now, notificationUrl } = ports;
  const current = row !== undefined && row.notificationUrl === notificationUrl ? row : undefined;
  const left = (current?.expiresAt ?? 0) - now();
  if (current?.subscriptionId && left > renewBeforeMs) {
    return Promise.resolve({ resource, did: "nothing", detail: "" });
  }
  return attempt(resource, async () => {
    if (row !== undefined && current === undefined) await remove(row, ports);
    const id = current?.subscriptionId ?? null;
    return id === null || current === undefined
      ? create(resource, current, ports)
      : renew(current, id, ports);
  });
}

async function renew(row: SubscriptionRow, id: string, ports: SubscribePorts): Promise<Subscribed> {
  const renewed = await ports.graph.renew(id, ports.now() + lifeMs);
  if (renewed === null) {
    // The id is forgotten first, so that a delivery of the new one is known by its client state.
    const pending = { ...row, subscriptionId: null, expiresAt: 0 };
    await ports.rows.put(pending);
    return create(row.resource, pending, ports);
  }
  await ports.rows.put({ ...row, expiresAt: renewed.expiresAt });
  return { resource: row.resource, did: "renewed", detail: "" };
}

/** The client state is on record before Graph can send it; hosts that do this at the same time use the same one. */
async function create(
  resource: string,
  pending: SubscriptionRow | undefined,
  ports: SubscribePorts,
): Promise<Subscribed> {
  const { graph, rows, notificationUrl, newClientState, now } = ports;
  const wish = {
    resource,
    clientState: newClientState(),
    subscriptionId: null,
    notificationUrl,
    expiresAt: 0,
  };
  const row = pending ?? (await rows.putIfAbsent(wish));
  const created = await graph.create({ ...row, expiresAt: now() + lifeMs });
  if (created === null)
    return adopt(row, row.clientState === wish.clientState ? "unknown" : "on-record", ports);
  await rows.put({ ...row, subscriptionId: created.id, expiresAt: created.expiresAt });
  return { resource, did: "created", detail: "" };
}

/**
 * There is one already. Made by Muster's own call whose answer was lost, it carries the client state on record; one
 * from before that record is of no use, because nobody can tell its deliveries from forgeries.
 */
async function adopt(
  row: SubscriptionRow,
  clientState: "on-record" | "unknown",
  ports: SubscribePorts,
): Promise<Subscribed> {
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
    return create(resource, row, ports);
  }
  const renewed = await ports.graph.renew(same.id, ports.now() + lifeMs);
  await ports.rows.put({ ...row, subscriptionId: same.id, expiresAt: renewed?.expiresAt ?? 0 });
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

const failure = (resource: string, error: unknown): Subscribed => ({
  resource,
  did: "failed",
  detail: error instanceof Error ? error.message : String(error),
});
