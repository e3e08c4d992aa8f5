import type { GroupDirectory } from "../../graph/group-directory.ts";
import type { SourceReader } from "../../graph/source-reader.ts";
import type { SubscriptionRow } from "../../state/subscription-rows.ts";
import type { PolicyNow } from "../run/policy-in-force.ts";
import { create, lifeMs, recreate, replace, type MakePorts, type Making } from "./make-subscription.ts";
import { isSilent } from "./silence.ts";
import { accessMs, failure, sinceAuthorized, type Subscribed } from "./subscribed.ts";
import { showSubscriptions, type ShowPorts } from "./subscription-findings.ts";
import { wantedResources } from "./wanted-subscriptions.ts";

export type SubscribePorts = MakePorts &
  ShowPorts & {
    readonly policy: () => Promise<PolicyNow>;
    readonly groups: Pick<GroupDirectory, "find">;
    readonly reader: Pick<SourceReader, "listMembers">;
    /** Something may have gone unheard: everybody has to be looked at. */
    readonly catchUp: (why: string) => Promise<void>;
  };

/** Well before it falls silent. */
const renewAfterMs = 45 * 60_000;
/** Two calls that reauthorize should be this far apart; what Graph asks for so soon has crossed with the first. */
const apartMs = 10 * 60_000;
/** Whoever has come to know a client state has made use of it for no longer than this. One is changed at a time, while all is well. */
const secretMs = 30 * 24 * 60 * 60_000;

/**
 * Keeps one subscription for all users and one for each role group and each group in it, which is what the policy needs to
 * hear of every joiner, mover and leaver. One that fails does not stop the others. What Graph does not know any more, knew too late,
 * or is silent, is made anew; then, and when one was renewed late, everybody is looked at: what happened in between was not announced.
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
  const keeping: Keeping = { ports, tenantId: policy.source.tenantId };
  for (const resource of wanted.resources) {
    const row = rows.find((one) => one.resource === resource);
    results.push(await attempt(resource, () => keep(resource, row, keeping)));
  }
  if (results.every(({ did }) => did === "nothing" || did === "left out"))
    results.push(...(await renewSecret(wanted.resources, keeping)));
  if (results.some(({ did }) => did === "created" || did === "recreated"))
    await ports.catchUp("a subscription was made anew");
  await showSubscriptions(results, ports);
  return results;
}

type Keeping = Making & { readonly ports: SubscribePorts };

async function keep(
  resource: string,
  row: SubscriptionRow | undefined,
  keeping: Keeping,
): Promise<Subscribed> {
  const { notificationUrl, now } = keeping.ports;
  if (row === undefined) return create(resource, row, keeping);
  if (row.notificationUrl !== notificationUrl)
    return replace(row, { why: "it delivered to another address" }, keeping);
  if (row.subscriptionId === null) return create(resource, row, keeping);
  if (isSilent(row, now()))
    return replace(
      row,
      {
        why: "changes were found that it had not announced",
        missed: 0,
        silentSince: row.silentSince ?? now(),
      },
      keeping,
    );
  return isDue(row, now())
    ? renew(row, row.subscriptionId, keeping)
    : readBack(row, row.subscriptionId, keeping);
}

/** The oldest client state goes first. */
async function renewSecret(wanted: readonly string[], keeping: Keeping): Promise<readonly Subscribed[]> {
  const { rows, now } = keeping.ports;
  const [oldest] = (await rows.list())
    .filter(({ resource, madeAt }) => wanted.includes(resource) && now() - madeAt > secretMs)
    .toSorted((a, b) => a.madeAt - b.madeAt);
  if (oldest === undefined) return [];
  const why = "its client state was in use for a month";
  return [await attempt(oldest.resource, () => replace(oldest, { why }, keeping))];
}

/** Also when nobody has asked for it: the request may be lost. */
function isDue(row: SubscriptionRow, now: number): boolean {
  const isAsked = row.expiresAt === 0 && Math.abs(now - row.renewedAt) >= apartMs;
  return isAsked || sinceAuthorized(row, now) >= renewAfterMs;
}

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
  // By now Graph has said what time it is.
  const at = ports.now();
  if (sinceAuthorized(row, at) >= accessMs) await ports.catchUp("a subscription was renewed late");
  await ports.rows.put({ ...row, expiresAt: renewed.expiresAt, renewedAt: at });
  return { resource: row.resource, did: "renewed", detail: "" };
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
