import { z } from "zod";
import { listAll } from "./listing.ts";
import { notFound, type GraphTenant } from "./tenant.ts";
import { timeOf } from "./wire.ts";

/** A change-notification subscription as Graph keeps it. `expiresAt` is epoch ms. */
export type Subscription = {
  readonly id: string;
  readonly resource: string;
  readonly notificationUrl: string;
  readonly expiresAt: number;
};

export type SubscriptionWish = {
  readonly resource: string;
  readonly notificationUrl: string;
  readonly clientState: string;
  readonly expiresAt: number;
};

export type SubscriptionWriter = {
  /** @returns null when there is one already for this resource (409): find it and renew it. @throws GraphError */
  readonly create: (wish: SubscriptionWish) => Promise<Subscription | null>;
  /** @returns null when Graph knows it no more. @throws GraphError */
  readonly get: (id: string) => Promise<Subscription | null>;
  /** One PATCH renews and reauthorizes. @returns null when Graph knows it no more. @throws GraphError */
  readonly renew: (id: string, expiresAt: number) => Promise<Subscription | null>;
  readonly list: () => Promise<readonly Subscription[]>;
  readonly remove: (id: string) => Promise<void>;
};

const subscriptionSchema = z.looseObject({
  id: z.string(),
  resource: z.string(),
  notificationUrl: z.string(),
  expirationDateTime: z.iso.datetime({ offset: true }),
});

export function subscriptionWriter(tenant: GraphTenant): SubscriptionWriter {
  const priority = "normal";
  return {
    async create({ resource, notificationUrl, clientState, expiresAt }) {
      const reply = await tenant.send({
        method: "POST",
        path: "/subscriptions",
        template: "/subscriptions",
        // Users and groups announce creation and soft deletion as "updated"; "created" is not a type of theirs.
        body: {
          changeType: "updated,deleted",
          notificationUrl,
          // It cannot be added later, and without it nobody hears of a subscription that is about to end.
          lifecycleNotificationUrl: notificationUrl,
          resource,
          expirationDateTime: new Date(expiresAt).toISOString(),
          clientState,
          latestSupportedTlsVersion: "v1_2",
        },
        priority,
        accepts: ({ status }) => status === 409,
      });
      return reply.status === 409 ? null : subscriptionOf(reply.body);
    },
    async get(id) {
      const reply = await tenant.send({
        method: "GET",
        path: `/subscriptions/${id}?$select=id,resource,notificationUrl,expirationDateTime`,
        template: "/subscriptions/{id}",
        priority,
        accepts: notFound,
      });
      return reply.status === 404 ? null : subscriptionOf(reply.body);
    },
    async renew(id, expiresAt) {
      const reply = await tenant.send({
        method: "PATCH",
        path: `/subscriptions/${id}`,
        template: "/subscriptions/{id}",
        body: { expirationDateTime: new Date(expiresAt).toISOString() },
        priority,
        accepts: notFound,
      });
      return reply.status === 404 ? null : subscriptionOf(reply.body);
    },
    async list() {
      const call = { path: "/subscriptions", template: "/subscriptions", priority } as const;
      const { items, completeness } = await listAll(tenant, call, subscriptionSchema);
      if (completeness.kind === "partial")
        throw new Error(`the list of subscriptions broke off: ${completeness.why}`);
      return items.map(subscriptionOf);
    },
    async remove(id) {
      await tenant.send({
        method: "DELETE",
        path: `/subscriptions/${id}`,
        template: "/subscriptions/{id}",
        priority,
        accepts: notFound,
      });
    },
  };
}

function subscriptionOf(body: unknown): Subscription {
  const wire = subscriptionSchema.parse(body);
  const expiresAt = timeOf(wire.expirationDateTime);
  if (expiresAt === null) throw new Error(`subscription ${wire.id} has no expiry that can be read`);
  return { id: wire.id, resource: wire.resource, notificationUrl: wire.notificationUrl, expiresAt };
}
