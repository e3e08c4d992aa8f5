import type { AnalystRecord } from "../../model/analyst.ts";
import type { KeyState } from "../../state/key-state.ts";
import { analystRow } from "../../state/analysts.ts";
import { nextSourceLook } from "../run/next-look.ts";
import type { Outcome } from "../run/outcome.ts";
import type { AccessPorts } from "../pair/access-ports.ts";
import type { Round } from "../pair/access-round.ts";

/**
 * What is known about the analyst that a round has not seen. `heardAt`: since when the event waits for its look; `dueAt`: for when that
 * look is put off, 0: it is not. Epoch ms.
 */
export type News =
  | { readonly kind: "none" }
  | { readonly kind: "changed" }
  | { readonly kind: "unseen"; readonly heardAt: number; readonly dueAt: number };

/**
 * Nothing is proven while something newer is known: the analyst's record has changed since this round began, or an event
 * about them is waiting to be looked at.
 */
export async function newsOf({ analyst, record, ports }: Round): Promise<News> {
  const latest = (await ports.analysts.read(analystRow(record.id))) ?? analyst;
  if (latest.value?.version !== record.version) return { kind: "changed" };
  const { clock } = latest;
  const now = ports.now();
  if (!isUnseen(latest, now)) return { kind: "none" };
  const look = nextSourceLook(clock, now, "wake");
  return { kind: "unseen", heardAt: clock.heardAt, dueAt: look.kind === "at" ? look.at : 0 };
}

/** Whether nothing else is known of the analyst by now. */
export async function isStill(
  { id, version }: AnalystRecord,
  { analysts }: Pick<AccessPorts, "analysts">,
): Promise<boolean> {
  return (await analysts.read(analystRow(id)))?.value?.version === version;
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
  return [{ kind: "again", at: askAgainAt(news, now), why: "an event about the analyst waits for its look" }];
}

function askAgainAt(news: Exclude<News, { readonly kind: "none" }>, now: number): number {
  if (news.kind === "changed") return now + unseenMs;
  return Math.max(now + pauseMs(now - news.heardAt), Math.min(news.dueAt + lookMs, now + newsMs));
}

/** A look takes about this long. */
const lookMs = 1_000;

/** Soon, and later the longer the event has waited; hosts' clocks differ. */
const pauseMs = (waitedMs: number) => Math.min(Math.max(unseenMs, waitedMs / 2), newsMs);

/** How long an event may wait for its look before it is taken for one that nobody looks at any more. */
const newsMs = 5 * 60_000;
const unseenMs = 2_000;
