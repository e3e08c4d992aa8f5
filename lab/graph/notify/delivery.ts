import type { LabClock } from "../../clock.ts";
import type { WebhookCounters } from "../record/counters.ts";
import type { Notification } from "./notification.ts";

/** Posts notifications and keeps at it: 3 s for the first answer, then back-off for up to four hours. */
export type Delivery = {
  deliver(url: string, notifications: readonly Notification[]): Promise<void>;
  /** Counts notifications that a fault loses before they are sent. */
  lose(count: number): void;
  busy(): string[];
  counters(): WebhookCounters;
};

type Attempt = {
  readonly url: string;
  readonly notifications: readonly Notification[];
  readonly firstAt: number;
  readonly number: number;
};

const firstTimeoutMs = 3_000;
const retryTimeoutMs = 10_000;
const giveUpAfterMs = 4 * 60 * 60 * 1000;
const firstBackOffMs = 2_000;
const longestBackOffMs = 15 * 60 * 1000;
/** A retry due this soon keeps the lab busy; a later one is nothing to wait for. */
const withinReachMs = 5_000;

export function delivery(clock: LabClock, closing: AbortSignal): Delivery {
  const posting = new Set<Attempt>();
  const waiting = new Map<Attempt, number>();
  const ackMs: number[] = [];
  const counts = { deliveries: 0, acknowledged: 0, failed: 0, dropped: 0 };

  async function attempt(next: Attempt): Promise<void> {
    posting.add(next);
    counts.deliveries++;
    const startedAt = performance.now();
    const isAcknowledged = await post(next, closing);
    posting.delete(next);
    if (isAcknowledged) {
      counts.acknowledged++;
      ackMs.push(performance.now() - startedAt);
      return;
    }
    counts.failed++;
    if (!closing.aborted) retry(next);
  }

  function retry(failed: Attempt): void {
    const backOffMs = Math.min(firstBackOffMs * 2 ** failed.number, longestBackOffMs);
    const at = clock.now() + backOffMs;
    if (at > failed.firstAt + giveUpAfterMs) {
      counts.dropped += failed.notifications.length;
      return;
    }
    const next = { ...failed, number: failed.number + 1 };
    waiting.set(next, at);
    clock.at(at, `graph: retry a notification to ${failed.url}`, async () => {
      waiting.delete(next);
      await attempt(next);
    });
  }

  return {
    deliver: (url, notifications) => attempt({ url, notifications, firstAt: clock.now(), number: 0 }),
    lose: (count) => {
      counts.dropped += count;
    },
    busy: () => [
      ...[...posting].map(({ url }) => `graph is posting a notification to ${url}`),
      ...[...waiting]
        .filter(([, at]) => at - clock.now() <= withinReachMs)
        .map(([{ url }]) => `graph is about to retry a notification to ${url}`),
    ],
    counters: () => ({ ...counts, ackMs: summaryOf(ackMs) }),
  };
}

async function post(attempt: Attempt, closing: AbortSignal): Promise<boolean> {
  const timeoutMs = attempt.number === 0 ? firstTimeoutMs : retryTimeoutMs;
  try {
    const response = await fetch(attempt.url, {
      method: "POST",
      headers: { "Content-Type": "application/json; charset=utf-8" },
      body: JSON.stringify({ value: attempt.notifications }),
      redirect: "manual",
      signal: AbortSignal.any([AbortSignal.timeout(timeoutMs), closing]),
    });
    await response.body?.cancel();
    return response.ok;
  } catch {
    // Refused, reset or timed out: all the same to Graph, which tries again.
    return false;
  }
}

function summaryOf(values: readonly number[]): { p50: number; max: number } {
  const sorted = values.toSorted((a, b) => a - b);
  return { p50: sorted[Math.floor(sorted.length / 2)] ?? 0, max: sorted.at(-1) ?? 0 };
}
