import type { NameOrId } from "../../model/wish.ts";
import type { GraphTenant } from "../tenant.ts";

type Named = { readonly id: string; readonly displayName?: string | null | undefined };

/** Whether the policy means this one. Graph keeps names as they were typed, and finds them in any case. */
export const isCalled = ({ id, displayName }: Named, name: NameOrId<string>): boolean =>
  name.kind === "id" ? id === name.id : displayName?.toLowerCase() === name.name.toLowerCase();

/** What the policy calls it, for people. */
export const wordsOf = (name: NameOrId<string>): string => (name.kind === "id" ? name.id : `"${name.name}"`);

/** Says that none is called so, or that more than one is. */
export const misses = (
  what: string,
  called: string,
  { count, tenant }: { readonly count: number; readonly tenant: Pick<GraphTenant, "tenantId"> },
): string => `${count === 0 ? "no" : count} ${what} in tenant ${tenant.tenantId} are called ${called}`;
