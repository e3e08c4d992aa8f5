import type { PackageDeed, Entitlement } from "./entitlement.ts";
import type { GuestDeed } from "./guests.ts";
import type { Pim, PimDeed } from "./pim.ts";

/** What governs access in each target besides its groups, by tenant id. */
export type Governance = ReadonlyMap<string, { readonly pim: Pim; readonly packages: Entitlement }>;

export type GovernanceDeed = PimDeed | PackageDeed | GuestDeed;
