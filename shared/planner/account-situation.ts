import type { Sight } from "../model/sight.ts";
import type { Grant } from "../model/grant.ts";
import type { AccountId } from "../model/ids.ts";
import type { AccountProof } from "../model/ledger.ts";

export type OtherAccount = { readonly id: AccountId; readonly enabled: boolean };

export type AccountSeen =
  | { readonly kind: "none" }
  /** The target cannot be read at all: what can be done from the source is done all the same. */
  | { readonly kind: "unreachable" }
  | {
      readonly kind: "present";
      readonly id: AccountId;
      readonly enabled: boolean;
      readonly proof: AccountProof | "contested";
      readonly detail: string;
      /** Whether it carries a stamp that names an owner. */
      readonly stamped: "yes" | "no";
      readonly seen: (grant: Grant, wanted: "yes" | "no") => Sight;
    }
  | {
      readonly kind: "soft-deleted";
      readonly id: AccountId;
      /** What goes on all the same; the rest is unreadable. Left out: nothing was read. */
      readonly seen?: (grant: Grant, wanted: "yes" | "no") => Sight;
    };

export type PresentAccount = Extract<AccountSeen, { kind: "present" }>;

/** What is true of one of which nothing is remembered. */
export const unknownAccount = { blocked: "no", deleted: "no", changedAt: 0, unblockedAt: 0 } as const;
