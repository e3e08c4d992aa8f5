import type { Sight } from "../model/sight.ts";
import type { Grant } from "../model/grant.ts";
import type { LedgerEntry } from "../model/ledger.ts";
import type { NamedGrant } from "./owned.ts";

export type Invitation = {
  /** The address to invite. */
  readonly mail: string;
  /** What was asked for already, and what has become of it; null: nothing. */
  readonly asked: {
    readonly grant: Grant<"package">;
    readonly name: string;
    readonly entry: LedgerEntry;
    readonly sight: Sight;
    /** What was asked for before it, and will not come. */
    readonly refused: readonly NamedGrant[];
  } | null;
  /** Since when an account that they had is on show nowhere, epoch ms; null: it was, or there was none. */
  readonly unseenSince: number | null;
  /** What becomes of a guest whose last package is gone. */
  readonly ends: GuestEnd;
};

/** `how`: in words. `unasked`: nobody was about to lose anything. */
export type GuestEnd =
  { readonly kind: "ends"; readonly how: string } | { readonly kind: "stays" } | { readonly kind: "unasked" };
