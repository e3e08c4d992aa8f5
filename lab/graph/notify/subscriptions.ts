/** A change-notification subscription as Graph keeps it. */
export type SubscriptionRecord = {
  readonly id: string;
  readonly tenantId: string;
  readonly owner: {
    readonly kind: "app" | "admin";
    readonly appId: string;
    readonly servicePrincipalId: string;
  };
  /** As subscribed, e.g. `users` or `/groups/{id}`. */
  readonly resource: string;
  readonly changeType: string;
  readonly notificationUrl: string;
  readonly lifecycleNotificationUrl: string | null;
  /** Virtual time, epoch milliseconds; afterwards it is as if it had never been. */
  readonly expiresAt: number;
  /** Virtual time; afterwards changes are not announced, and lost, until somebody renews or reauthorizes it. */
  readonly accessUntil: number;
  readonly clientState: string | null;
  readonly latestSupportedTlsVersion: string | null;
};

export type Subscriptions = {
  put(record: SubscriptionRecord): void;
  get(tenantId: string, id: string): SubscriptionRecord | undefined;
  delete(id: string): void;
  /** Those not expired. */
  of(tenantId: string): readonly SubscriptionRecord[];
};

export function subscriptions(now: () => number): Subscriptions {
  const records = new Map<string, SubscriptionRecord>();
  // Graph says nothing when a subscription runs out: it is simply no longer there.
  const isLive = (record: SubscriptionRecord) => record.expiresAt > now();
  return {
    put: (record) => void records.set(record.id, record),
    get(tenantId, id) {
      const record = records.get(id);
      return record?.tenantId === tenantId && isLive(record) ? record : undefined;
    },
    delete: (id) => void records.delete(id),
    of: (tenantId) =>
      [...records.values()].filter((record) => record.tenantId === tenantId && isLive(record)),
  };
}

/** `/Users/` and `users` are one resource. */
export function normalized(resource: string): string {
  return resource.replace(/^\/+|\/+$/g, "").toLowerCase();
}
