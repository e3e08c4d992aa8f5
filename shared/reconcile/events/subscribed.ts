import { errorText } from "../../model/error-text.ts";
import type { SubscriptionRow } from "../../state/subscription-rows.ts";

export type Subscribed = {
  readonly resource: string;
  /** `left out`: Graph allows no more; nothing is wrong, but somebody should know. */
  readonly did: "nothing" | "created" | "recreated" | "renewed" | "removed" | "left out" | "failed";
  readonly detail: string;
};

export const failure = (resource: string, error: unknown): Subscribed => ({
  resource,
  did: "failed",
  detail: errorText(error),
});

/**
 * A subscription falls silent when the token that came with its last call has expired, after about an hour, however long it has
 * still to live. Graph asks for a renewal before that, and nobody may be there to hear it.
 * https://learn.microsoft.com/graph/change-notifications-lifecycle-events
 */
export const accessMs = 60 * 60_000;

/** For how long it has not been renewed. A clock that was ahead has written down a time to come, which is not to be believed. */
export const sinceAuthorized = ({ madeAt, renewedAt }: SubscriptionRow, now: number): number =>
  Math.abs(now - Math.max(madeAt, renewedAt));

/** Whether nothing announces its changes. */
export const isDeaf = (row: SubscriptionRow, now: number): boolean =>
  row.subscriptionId === null || sinceAuthorized(row, now) >= accessMs;
