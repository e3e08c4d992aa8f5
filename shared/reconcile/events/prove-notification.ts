import { createHash, timingSafeEqual } from "node:crypto";
import type { Notification } from "../../graph/notification.ts";
import type { SubscriptionRow } from "../../state/subscription-rows.ts";

export type ProofPorts = {
  /** The subscriptions Muster made; `fresh` reads them again. */
  readonly subscriptions: (how: "remembered" | "fresh") => Promise<readonly SubscriptionRow[]>;
  readonly now: () => number;
};

export type DropReason = "unknownSubscription" | "wrongClientState" | "wrongTenant";

/** Whether a notification comes from a subscription of Muster's. */
type Proof =
  ({ readonly kind: "proven" } & Known) | { readonly kind: "dropped"; readonly reason: DropReason };

/** A subscription that Muster has made, and what its deliveries have to say to be proven. */
type Known = {
  readonly row: SubscriptionRow;
  readonly clientState: string;
  /** Whether another one has replaced it. */
  readonly former: "yes" | "no";
};

type Directory = (item: Notification) => Promise<Known | undefined>;

/** Looks the rows up again at most once a delivery: anybody can make up subscription ids. */
export function subscriptionDirectory({ subscriptions, now }: ProofPorts): Directory {
  let fresh: readonly SubscriptionRow[] | undefined;
  return async (item) => {
    const known = find(item, fresh ?? (await subscriptions("remembered")), now());
    if (known !== undefined || fresh !== undefined) return known;
    fresh = await subscriptions("fresh");
    return find(item, fresh, now());
  };
}

export async function prove(item: Notification, directory: Directory): Promise<Proof> {
  const known = await directory(item);
  if (known === undefined) return { kind: "dropped", reason: "unknownSubscription" };
  const { row, clientState } = known;
  if (row.tenantId !== item.tenantId) return { kind: "dropped", reason: "wrongTenant" };
  if (!sameSecret(clientState, item.clientState)) return { kind: "dropped", reason: "wrongClientState" };
  return { kind: "proven", ...known };
}

/**
 * A notification may overtake the answer that tells its subscription's id; then the client state has to do. One that was replaced
 * a while ago may still have something to say.
 */
function find(item: Notification, rows: readonly SubscriptionRow[], now: number): Known | undefined {
  const is = ({ subscriptionId }: { readonly subscriptionId: string | null }) =>
    subscriptionId === item.subscriptionId;
  const row =
    rows.find(is) ??
    rows.find(
      ({ subscriptionId, clientState }) =>
        subscriptionId === null && sameSecret(clientState, item.clientState),
    );
  if (row !== undefined) return { row, clientState: row.clientState, former: "no" };
  const [late] = rows.flatMap((one) =>
    one.former
      .filter((ended) => is(ended) && ended.until > now)
      .map(({ clientState }) => ({ row: one, clientState, former: "yes" as const })),
  );
  return late;
}

/** Compared by digest, so that neither content nor length shows in the time it takes. */
function sameSecret(a: string, b: string): boolean {
  const digest = (text: string) => createHash("sha256").update(text).digest();
  return timingSafeEqual(digest(a), digest(b));
}
