import type { LabClock } from "../../clock.ts";
import type { Tenant } from "../directory/tenant.ts";
import type { Change } from "../directory/change-log.ts";
import { textOf } from "../directory/text.ts";
import type { FaultBook } from "../faults/fault-registry.ts";
import type { Random } from "../random.ts";
import type { WebhookCounters } from "../record/counters.ts";
import { delivery } from "./delivery.ts";
import { concerns, lifecycleNotificationOf, notificationOf, type Notification } from "./notification.ts";
import { outbox } from "./outbox.ts";
import type { SubscriptionRecord, Subscriptions } from "./subscriptions.ts";

/** Tells subscribers what changed. */
export type Notifier = {
  /** Announces `reauthorizationRequired` when a quarter of the subscription's life is left. */
  watchLife(subscription: SubscriptionRecord): void;
  busy(): string[];
  counters(): WebhookCounters;
  close(): void;
};

export function notifier(parts: {
  readonly clock: LabClock;
  readonly tenants: ReadonlyMap<string, Tenant>;
  readonly subscriptions: Subscriptions;
  readonly faults: FaultBook;
  readonly random: Random;
  readonly closing: AbortSignal;
}): Notifier {
  const { clock, tenants, subscriptions } = parts;
  const post = delivery(clock, parts.closing);
  const box = outbox({ ...parts, delivery: post });

  function send(subscription: SubscriptionRecord, letter: { url: string; notification: Notification }): void {
    const tenant = tenants.get(subscription.tenantId);
    if (tenant === undefined) return;
    const resource = textOf(letter.notification["resource"]);
    const paths = [resource, `/${resource}`, letter.url];
    box.send({ ...letter, target: { tenant, caller: subscription.owner.kind, method: "POST", paths } });
  }

  function announce(change: Change): void {
    for (const subscription of subscriptions.of(change.tenantId)) {
      if (!concerns(subscription, change)) continue;
      const { notificationUrl: url } = subscription;
      send(subscription, { url, notification: notificationOf(subscription, change) });
    }
  }

  for (const tenant of tenants.values()) tenant.changes.listen(announce);

  return {
    watchLife(subscription) {
      const { id, tenantId, expiresAt, lifecycleNotificationUrl: url } = subscription;
      if (url === null) return;
      const at = expiresAt - (expiresAt - clock.now()) / 4;
      clock.at(at, `graph: ask to reauthorize subscription ${id}`, () => {
        const still = subscriptions.get(tenantId, id);
        if (still?.expiresAt !== expiresAt) return;
        send(still, { url, notification: lifecycleNotificationOf(still, "reauthorizationRequired") });
      });
    },
    busy: () => [...box.busy(), ...post.busy()],
    counters: () => post.counters(),
    close: () => box.close(),
  };
}
