import type { Subscription, SubscriptionWriter } from "../../shared/graph/subscriptions.ts";
import { roleGroups, sourceTenant, teams } from "./cast.ts";
import type { Travel } from "./tables.ts";

/** A subscription as Graph keeps it, with what it sends along. */
export type Kept = Subscription & { readonly clientState: string };
/** By resource. */
export type Subscriptions = Map<string, Kept>;

const notificationUrl = "https://muster.example";
const far = Date.UTC(2100, 0);

/** What Muster is subscribed to when a story begins: all users, the role groups, and the team that is in one of them. */
export const firstSubscriptions: readonly Kept[] = [
  "users",
  ...[...Object.values(roleGroups), ...Object.values(teams)].map((id) => `groups/${id}`),
].map((resource) => ({
  id: `of ${resource}`,
  resource,
  notificationUrl,
  expiresAt: far,
  clientState: "secret",
}));

/** The same as Muster has it on record. */
export const rowOf = ({ id, resource, clientState, expiresAt }: Kept) => ({
  resource,
  tenantId: sourceTenant,
  clientState,
  subscriptionId: id,
  notificationUrl,
  expiresAt,
  madeAt: far,
  renewedAt: 0,
  former: [],
  missed: 0,
  silentSince: null,
  suspects: [],
});

/** Graph's side of the subscriptions; hosts share `kept`. */
export function subscriptionsOf(kept: Subscriptions, travel: Travel): SubscriptionWriter {
  const call = async <T>(what: string, act: () => T): Promise<T> => {
    await travel.there(what);
    const answer = act();
    await travel.back(what);
    return answer;
  };
  const byId = (id: string) => [...kept.values()].find((one) => one.id === id) ?? null;
  return {
    create: (wish) =>
      call("subscribe", () => {
        if (kept.has(wish.resource)) return null;
        made += 1;
        const created = { ...wish, id: `subscription ${made}`, expiresAt: far };
        kept.set(wish.resource, created);
        return created;
      }),
    get: (id) => call("read a subscription", () => byId(id)),
    renew: (id) => call("renew a subscription", () => byId(id)),
    list: () => call("list subscriptions", () => [...kept.values()]),
    remove: (id) =>
      call("unsubscribe", () => {
        const known = byId(id);
        if (known !== null) kept.delete(known.resource);
      }),
  };
}

let made = 0;
