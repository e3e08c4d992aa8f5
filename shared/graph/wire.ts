import type { GroupFacts, GroupMembership } from "../model/group.ts";
import { z } from "zod";
import { groupIdSchema } from "../model/ids.ts";

/** A user as far as Muster selects it. Extension values sit beside the named properties. */
export const userSchema = z.looseObject({
  id: z.string(),
  userPrincipalName: z.string(),
  displayName: z.string().nullish(),
  accountEnabled: z.boolean().nullish(),
  createdDateTime: z.iso.datetime({ offset: true }).nullish(),
  creationType: z.string().nullish(),
  signInSessionsValidFromDateTime: z.iso.datetime({ offset: true }).nullish(),
});

export const directoryObjectSchema = z.looseObject({ id: z.string() });

export const groupSchema = z.looseObject({
  id: groupIdSchema,
  displayName: z.string().nullish(),
  groupTypes: z.array(z.string()).nullish(),
  isAssignableToRole: z.boolean().nullish(),
  onPremisesSyncEnabled: z.boolean().nullish(),
  mailEnabled: z.boolean().nullish(),
});

/** What a group must be asked for so that `groupFacts` can tell whether its members can be written. */
export const groupSelect = "id,displayName,groupTypes,isAssignableToRole,onPremisesSyncEnabled,mailEnabled";

export function groupFacts(wire: z.infer<typeof groupSchema>): GroupFacts {
  return { id: wire.id, displayName: wire.displayName ?? wire.id, membership: membershipOf(wire) };
}

function membershipOf(wire: z.infer<typeof groupSchema>): GroupMembership {
  const types = wire.groupTypes ?? [];
  if (types.includes("DynamicMembership")) return "dynamic";
  if (wire.onPremisesSyncEnabled === true) return "on-premises";
  if (wire.isAssignableToRole === true) return "role-assignable";
  // null is Graph's "no"; a property that is missing was not allowed to be read.
  if (wire.isAssignableToRole === undefined || wire.onPremisesSyncEnabled === undefined) return "unreadable";
  if (wire.mailEnabled === true && !types.includes("Unified")) return "mail-enabled";
  return "assigned";
}

/** A string property, an extension value for example; anything else counts as not set. */
export function textOf(wire: Readonly<Record<string, unknown>>, property: string): string | null {
  const value = wire[property];
  return typeof value === "string" ? value : null;
}

/** Graph writes "never" as the year 1. */
export function timeOf(text: string | null | undefined): number | null {
  if (text === null || text === undefined) return null;
  const time = Date.parse(text);
  return Number.isNaN(time) || time < 0 ? null : time;
}
