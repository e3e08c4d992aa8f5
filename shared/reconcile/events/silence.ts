import type { SubscriptionRow, SubscriptionRows } from "../../state/subscription-rows.ts";

export type SilencePorts = { readonly subscriptions: Pick<SubscriptionRows, "list" | "change"> };

/**
 * A change was found that one of these resources should have announced, and none did. A single notification is lost now and then, so it
 * counts only until the subscription announces something.
 */
export async function noteSilence(
  resources: readonly string[],
  { subscriptions }: SilencePorts,
): Promise<void> {
  const rows = await subscriptions.list();
  const subscribed = rows.map(({ resource }) => resource).filter((one) => resources.includes(one));
  for (const resource of subscribed)
    await subscriptions.change(resource, (row) => ({
      ...row,
      missed: row.missed + 1,
      suspects: [...new Set([...row.suspects, ...subscribed])].filter((one) => one !== resource),
    }));
}

/**
 * It has announced something after all. In a group that has no members of its own nothing ever changes: that those in it announce what
 * changes there has to do for it as well.
 */
export async function noteHeard(resource: string, { subscriptions }: SilencePorts): Promise<void> {
  await subscriptions.change(resource, heardAgain);
  for (const row of await subscriptions.list())
    if (row.suspects.includes(resource))
      await subscriptions.change(row.resource, (one) => withoutSuspect(one, resource));
}

const heardAgain = (row: SubscriptionRow): SubscriptionRow | null =>
  isDoubted(row) ? { ...row, missed: 0, silentSince: null, suspects: [] } : null;

function withoutSuspect(row: SubscriptionRow, resource: string): SubscriptionRow | null {
  if (!row.suspects.includes(resource)) return null;
  const suspects = row.suspects.filter((one) => one !== resource);
  return suspects.length > 0 ? { ...row, suspects } : heardAgain({ ...row, suspects });
}

export const isDoubted = ({ missed, silentSince }: SubscriptionRow): boolean =>
  missed > 0 || silentSince !== null;

/** Whether it is given up. A new one gets the time that it takes to find as much against it. */
export const isSilent = ({ missed, madeAt }: SubscriptionRow, now: number): boolean =>
  missed >= mostMissed && Math.abs(now - madeAt) > trialMs;

/** Catch-ups that found changes which it had not announced: one every 15 minutes, where something changes. */
const mostMissed = 3;
const trialMs = 60 * 60_000;
