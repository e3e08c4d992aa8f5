import type { LabClock } from "../../clock.ts";
import type { Weather } from "../../weather.ts";
import type { Tenant } from "../directory/tenant.ts";
import type { Change } from "../directory/change-log.ts";
import { textOf } from "../directory/text.ts";
import type { Draws } from "../draws.ts";
import type { FaultBook } from "../faults/fault-registry.ts";
import type { SentinelWatch } from "../faults/sentinel-watch.ts";
import type { Random } from "../random.ts";
import type { WebhookCounters } from "../record/counters.ts";
import { delivery } from "./delivery.ts";
import { journey } from "./journey.ts";
import { concerns, lifecycleNotificationOf, notificationOf, type Notification } from "./notification.ts";
import { outbox } from "./outbox.ts";
import { normalized, type SubscriptionRecord, type Subscriptions } from "./subscriptions.ts";

/** Tells subscribers what changed. */
export type Notifier = {
  /** Announces `reauthorizationRequired` when a quarter of the subscription's life is left. */
  watchLife(subscription: SubscriptionRecord): void;
  /** Announces it, too, before the subscription's access lapses. */
  watchAccess(subscription: SubscriptionRecord): void;
  busy(): string[];
  counters(): WebhookCounters;
  close(): void;
};

/** How long before access lapses. Graph's frequency is "subject to change": from every few minutes to rarely. */
const challengesMs = [30 * 60_000, 15 * 60_000];

export function notifier(parts: {
  readonly clock: LabClock;
  readonly weather: Weather;
  readonly draws: Draws;
  readonly sentinels: SentinelWatch;
  readonly tenants: ReadonlyMap<string, Tenant>;
  readonly subscriptions: Subscriptions;
  readonly faults: FaultBook;
  readonly random: Random;
  readonly closing: AbortSignal;
}): Notifier {
  const { clock, weather, draws, tenants, subscriptions } = parts;
  const post = delivery(clock, parts.closing, weather.judgedEndpoints > 0 ? "judged" : "trusted");
  const box = outbox({ ...parts, delivery: post });

  /** Sends it off: it arrives later, twice or never, as the weather is. */
  function send(subscription: SubscriptionRecord, letter: { url: string; notification: Notification }): void {
    const { tenantId, resource } = subscription;
    const about = textOf(letter.notification["resource"]) || "its life";
    const arrivals = journey(parts, tenantId, normalized(resource), about);
    if (arrivals.length === 0) post.lose(1);
    for (const afterMs of arrivals) {
      if (afterMs === 0) arrive(subscription, letter);
      else {
        const label = `graph: a notification about ${about} is on its way`;
        clock.expect(clock.now() + afterMs, label, () => arrive(subscription, letter));
      }
    }
  }

  function arrive(
    subscription: SubscriptionRecord,
    letter: { url: string; notification: Notification },
  ): void {
    const tenant = tenants.get(subscription.tenantId);
    if (tenant === undefined) return;
    const resource = textOf(letter.notification["resource"]);
    const paths = [resource, `/${resource}`, letter.url];
    box.send({ ...letter, target: { tenant, caller: subscription.owner.kind, method: "POST", paths } });
  }

  function announce(change: Change): void {
    for (const subscription of subscriptions.of(change.tenantId)) {
      if (!concerns(subscription, change)) continue;
      const { notificationUrl: url, accessUntil } = subscription;
      // What changes while access has lapsed is never told (learn.microsoft.com/graph/change-notifications-lifecycle-events).
      const isUntold = accessUntil <= clock.now() || parts.sentinels.silences(change);
      if (isUntold) post.lose(1);
      else send(subscription, { url, notification: told(subscription, change) });
    }
  }

  function told(subscription: SubscriptionRecord, change: Change): Notification {
    const isBare =
      change.members.length > 0 && draws.happens(weather.withoutMembersDelta, "without members", change.id);
    return notificationOf(subscription, change, isBare ? "without members" : "with members");
  }

  function challenge(subscription: SubscriptionRecord): void {
    const { lifecycleNotificationUrl: url } = subscription;
    if (url === null) return;
    const notification = lifecycleNotificationOf(subscription, "reauthorizationRequired");
    send(subscription, { url, notification });
  }

  /** At its time, unless the subscription has changed in what the challenge is about. */
  function challengeAt(
    at: number,
    subscription: SubscriptionRecord,
    about: "expiresAt" | "accessUntil",
  ): void {
    const { id, tenantId } = subscription;
    clock.at(at, `graph: ask to reauthorize subscription ${id}`, () => {
      const still = subscriptions.get(tenantId, id);
      if (still?.[about] === subscription[about]) challenge(still);
    });
  }

  for (const tenant of tenants.values()) tenant.changes.listen(announce);

  return {
    watchLife(subscription) {
      const { expiresAt } = subscription;
      challengeAt(expiresAt - (expiresAt - clock.now()) / 4, subscription, "expiresAt");
    },
    watchAccess(subscription) {
      const { accessUntil } = subscription;
      if (accessUntil === Infinity) return;
      for (const beforeMs of challengesMs) challengeAt(accessUntil - beforeMs, subscription, "accessUntil");
    },
    busy: () => [...box.busy(), ...post.busy()],
    counters: () => post.counters(),
    close: () => box.close(),
  };
}
