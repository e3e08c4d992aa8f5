import type { SubscriptionRow, SubscriptionRows } from "../../state/subscription-rows.ts";

export type SilencePorts = { readonly subscriptions: Pick<SubscriptionRows, "change"> };

/**
 * Changes of these resources were found, and nobody had announced them. A single notification is lost now and then, so it counts
 * only until the subscription announces something.
 */
export async function noteSilence(
  resources: readonly string[],
  { subscriptions }: SilencePorts,
): Promise<void> {
  for (const resource of resources)
    await subscriptions.change(resource, (row) => ({ ...row, missed: row.missed + 1 }));
}

/** It has announced something after all. */
export const heardAgain = (row: SubscriptionRow): SubscriptionRow | null =>
  isDoubted(row) ? { ...row, missed: 0, silentSince: null } : null;

export const isDoubted = ({ missed, silentSince }: SubscriptionRow): boolean =>
  missed > 0 || silentSince !== null;

/** Whether it is given up. A new one gets the time that it takes to find as much against it. */
export const isSilent = ({ missed, madeAt }: SubscriptionRow, now: number): boolean =>
  missed >= mostMissed && Math.abs(now - madeAt) > trialMs;

/** Catch-ups that found changes which it had not announced: one every 15 minutes, where something changes. */
const mostMissed = 3;
const trialMs = 60 * 60_000;
