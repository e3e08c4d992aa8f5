import type { LabClock } from "../../clock.ts";
import { livedTime } from "../../lived-time.ts";
import type { WebhookCounters } from "../record/counters.ts";
import { endpointHealth } from "./endpoint-health.ts";
import type { Notification } from "./notification.ts";

/**
 * Posts notifications and keeps at it: 3 s for the first answer, then back-off for up to four hours. New notifications for an
 * endpoint that answers slowly are put off or dropped.
 */
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

type Timed = { readonly isAcknowledged: boolean; readonly tookMs: number; readonly judgedMs: number };

const firstTimeoutMs = 3_000;
const retryTimeoutMs = 10_000;
const giveUpAfterMs = 4 * 60 * 60 * 1000;
const firstBackOffMs = 2_000;
const longestBackOffMs = 15 * 60 * 1000;
/** A retry due this soon is waited for; a later one is nothing to wait for. */
const withinReachMs = 5_000;
/** How much later new notifications are sent to an endpoint that is slow. */
const slowMs = 10 * 60 * 1000;

export function delivery(
  clock: LabClock,
  closing: AbortSignal,
  endpoints: "judged" | "trusted" = "trusted",
): Delivery {
  const posting = new Set<Attempt>();
  const health = endpointHealth(() => clock.now());
  const lived = livedTime(clock);
  const ackMs: number[] = [];
  const counts = { deliveries: 0, acknowledged: 0, failed: 0, dropped: 0 };

  async function attempt(next: Attempt): Promise<void> {
    posting.add(next);
    counts.deliveries++;
    const { isAcknowledged, tookMs, judgedMs } = await timed(next);
    posting.delete(next);
    health.answered(next.url, judgedMs);
    if (isAcknowledged) {
      counts.acknowledged++;
      ackMs.push(tookMs);
      return;
    }
    counts.failed++;
    if (!closing.aborted) retry(next);
  }

  /**
   * An endpoint has as much time as it is given, in real time and in the time that the lab lets it wait. It is judged by what it
   * took, unless that was this machine's time rather than the lab's: an overloaded laptop makes no endpoint slow for ten minutes.
   */
  async function timed(next: Attempt): Promise<Timed> {
    const timeoutMs = next.number === 0 ? firstTimeoutMs : retryTimeoutMs;
    const keptMs = () => clock.offsetMs() - lived.leaptMs();
    const began = { real: performance.now(), lived: lived.now(), kept: keptMs() };
    const tooLate = new AbortController();
    const label = `graph: gives up waiting for ${next.url}`;
    let appointment = clock.at(clock.now() + timeoutMs, label, giveUp);
    function giveUp(): void {
      const leftMs = timeoutMs - (lived.now() - began.lived);
      if (leftMs <= 0) tooLate.abort();
      else appointment = clock.at(clock.now() + leftMs, label, giveUp);
    }
    const timeUp = AbortSignal.any([tooLate.signal, AbortSignal.timeout(timeoutMs)]);
    const isAcknowledged = await post(next, AbortSignal.any([timeUp, closing]));
    appointment.cancel();
    const realMs = performance.now() - began.real;
    const waitedMs = keptMs() - began.kept;
    const atLeastMs = timeUp.aborted ? timeoutMs + 1 : 0;
    const tookMs = Math.max(realMs, lived.now() - began.lived, atLeastMs);
    return { isAcknowledged, tookMs, judgedMs: waitedMs < realMs ? waitedMs : tookMs };
  }

  function retry(failed: Attempt): void {
    const backOffMs = Math.min(firstBackOffMs * 2 ** failed.number, longestBackOffMs);
    const at = clock.now() + backOffMs;
    if (at > failed.firstAt + giveUpAfterMs) {
      counts.dropped += failed.notifications.length;
      return;
    }
    const next = { ...failed, number: failed.number + 1 };
    const kind = backOffMs <= withinReachMs ? "expect" : "at";
    clock[kind](at, `graph: retries a notification to ${failed.url}`, () => attempt(next));
  }

  async function deliver(url: string, notifications: readonly Notification[]): Promise<void> {
    const state = endpoints === "judged" ? health.state(url) : "well";
    const attemptNow = () => attempt({ url, notifications, firstAt: clock.now(), number: 0 });
    if (state === "well") return attemptNow();
    if (state === "drop") counts.dropped += notifications.length;
    else clock.at(clock.now() + slowMs, `graph: a notification for slow ${url}`, attemptNow);
  }

  return {
    deliver,
    lose: (count) => {
      counts.dropped += count;
    },
    busy() {
      // While the lab keeps somebody waiting, that may be the endpoint: then the clock lists what it waits for.
      if (clock.expected().some(({ held }) => held)) return [];
      return [...posting].map(({ url }) => `graph is posting a notification to ${url}`);
    },
    counters: () => ({ ...counts, ackMs: summaryOf(ackMs) }),
  };
}

async function post(attempt: Attempt, until: AbortSignal): Promise<boolean> {
  try {
    const response = await fetch(attempt.url, {
      method: "POST",
      headers: { "Content-Type": "application/json; charset=utf-8" },
      body: JSON.stringify({ value: attempt.notifications }),
      redirect: "manual",
      signal: until,
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
