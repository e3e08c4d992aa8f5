import type { KeyState } from "../state/key-state.ts";
import { analystRow } from "../state/analysts.ts";
import type { Outcome } from "./outcome.ts";
import type { Round } from "./access-round.ts";

/** What is known about the analyst that a round has not seen. `heardAt`: since when the event waits for its look, epoch ms. */
export type News =
  | { readonly kind: "none" }
  | { readonly kind: "changed" }
  | { readonly kind: "unseen"; readonly heardAt: number };

/**
 * Nothing is proven while something newer is known: the analyst's record has changed since this round began, or an event
 * about them is waiting to be looked at.
 */
export async function newsOf({ analyst, record, ports }: Round): Promise<News> {
  const latest = (await ports.analysts.read(analystRow(record.id))) ?? analyst;
  if (latest.value?.version !== record.version) return { kind: "changed" };
  return isUnseen(latest, ports.now()) ? { kind: "unseen", heardAt: latest.clock.heardAt } : { kind: "none" };
}

/** A look that was cut short or failed, or that a trouble of the tenant stands in the way of, has shown nothing either. */
export const isUnseen = (
  { clock: { heard, looked, heardAt, cut, attempts, waitsFor, probes } }: KeyState<unknown>,
  now: number,
) =>
  (heard > looked || cut === "yes" || attempts + waitsFor.length + probes.length > 0) &&
  now - heardAt < newsMs;

/** What was done was done; but nothing is called done while something newer is known. */
export function unlooked(news: News, now: number): readonly Outcome[] {
  if (news.kind === "none") return [];
  const at = now + (news.kind === "unseen" ? pauseMs(now - news.heardAt) : unseenMs);
  return [{ kind: "again", at, why: "an event about the analyst waits for its look" }];
}

/** Soon, and later the longer the event has waited; hosts' clocks differ. */
const pauseMs = (waitedMs: number) => Math.min(Math.max(unseenMs, waitedMs / 2), newsMs);

/** How long an event may wait for its look before it is taken for one that nobody looks at any more. */
const newsMs = 5 * 60_000;
const unseenMs = 2_000;
