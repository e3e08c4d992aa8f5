import type { LedgerEntry } from "../model/ledger.ts";

/**
 * How long Graph's replicas may show the world before one of Muster's writes, and how long a write whose answer was lost may
 * still take effect. Entra publishes no figure; people report seconds, and at times minutes.
 */
export const replicationWindowMs = 150_000;

/** How long a replica may be behind at worst: for so long it is remembered that something is gone. */
export const goneMs = 24 * 60 * 60_000;

/** How long a deleted group may be restored, with room. https://learn.microsoft.com/graph/api/group-delete */
export const recycledMs = 31 * 24 * 60 * 60_000;

/** Whether somebody may come to be in it again by no more than the group's being restored. */
export const mayBeRestored = ({ missing, at }: LedgerEntry, now: number): boolean =>
  missing !== undefined && now - at < recycledMs;

/** How long what has failed is left alone before it is asked for once more. */
export const againMs = 60 * 60_000;

/** How long a write may be invisible before it is made once more. */
export const visibleMs = 15_000;
