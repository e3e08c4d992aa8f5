import type { Subscription, SubscriptionWish, SubscriptionWriter } from "../../shared/graph/subscriptions.ts";

/** A subscription as Graph has it: it shows everything but the client state it was made with. */
type Kept = Subscription & { readonly clientState: string };

/** Graph's subscriptions in memory: one a resource, 409 for a second, 404 for one that is gone. */
export type MemoryGraph = SubscriptionWriter & {
  readonly kept: Kept[];
  readonly calls: string[];
  /** Makes every call about this resource fail. */
  readonly refuse: Set<string>;
};

export function memoryGraph(): MemoryGraph {
  const kept: Kept[] = [];
  const calls: string[] = [];
  const refuse = new Set<string>();
  let made = 0;
  const enter = async (name: string, resource: string) => {
    calls.push(`${name} ${resource}`);
    await Promise.resolve();
    if (refuse.has(resource)) throw new Error(`Graph refuses ${name} of ${resource}`);
  };
  const resourceOf = (id: string) => kept.find((one) => one.id === id)?.resource ?? id;
  return {
    kept,
    calls,
    refuse,
    async create({ resource, notificationUrl, clientState, expiresAt }: SubscriptionWish) {
      await enter("create", resource);
      const same = (one: Kept) => one.resource.toLowerCase() === resource;
      if (kept.some(same)) return null;
      made += 1;
      const subscription = { id: `s${made}`, resource, notificationUrl, expiresAt, clientState };
      kept.push(subscription);
      return subscription;
    },
    async get(id) {
      await enter("get", resourceOf(id));
      return kept.find((one) => one.id === id) ?? null;
    },
    async renew(id, expiresAt) {
      await enter("renew", resourceOf(id));
      const index = kept.findIndex((one) => one.id === id);
      const known = kept[index];
      if (known === undefined) return null;
      kept[index] = { ...known, expiresAt };
      return kept[index] ?? null;
    },
    async list() {
      await enter("list", "");
      return [...kept];
    },
    async remove(id) {
      await enter("remove", resourceOf(id));
      const index = kept.findIndex((one) => one.id === id);
      if (index >= 0) kept.splice(index, 1);
    },
  };
}
