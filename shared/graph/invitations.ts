import { z } from "zod";
import type { Grant } from "../model/grant.ts";
import { accountIdSchema, type AccountId, type AnalystId } from "../model/ids.ts";
import type { Sight } from "../model/sight.ts";
import { entitlement } from "./grants/package-path.ts";
import { assign } from "./grants/package-requests.ts";
import {
  askedAt,
  assignmentSchema,
  requestSchema,
  sightOfPackage,
  type Assignment,
  type Papers,
  type Request,
} from "./grants/package-state.ts";
import { listAll } from "./listing.ts";
import type { Written } from "./group-members.ts";
import type { NotYet } from "./grants/kind.ts";
import type { GraphTenant, Priority, SendLimits } from "./tenant.ts";

/*
 * Somebody who has no account in a tenant is assigned an access package by their address, and the tenant invites them. Whose account
 * came of it is told by the assignment itself, and whose request it was by the words that Muster put on it: an address alone
 * proves nothing.
 */
export type Invitations = {
  /** The account that came of Muster's own request for this analyst; null: none so far. */
  readonly account: AccountId | null;
  /** What has become of a package that was asked for by this address. */
  readonly seen: (grant: Grant<"package">, wanted: "yes" | "no") => Sight;
};

export type InvitationQuestion = {
  readonly analyst: AnalystId;
  readonly mail: string;
  readonly priority: Priority;
};

const invitedSchema = requestSchema.extend({
  justification: z.string().nullish(),
  assignment: assignmentSchema
    .extend({ target: z.looseObject({ objectId: accountIdSchema.nullish().catch(null) }).nullish() })
    .nullish(),
});

type Invited = z.infer<typeof invitedSchema>;

/** @throws GraphError when Graph gives no answer. */
export async function readInvitations(
  tenant: GraphTenant,
  { analyst, mail, priority }: InvitationQuestion,
): Promise<Invitations> {
  const template = `${entitlement}/assignmentRequests`;
  const filter = encodeURIComponent(`requestor/email eq '${mail.replaceAll("'", "''")}'`);
  const expand = "$expand=accessPackage($select=id),assignment($expand=assignmentPolicy($select=id),target)";
  const { items, completeness } = await listAll(
    tenant,
    { path: `${template}?$filter=${filter}&${expand}`, template, priority },
    invitedSchema,
  );
  const own = items.filter(({ justification }) => justification === justificationFor(analyst));
  const isComplete = completeness.kind === "complete";
  const papers = { yes: papersIn(items, isComplete), no: papersIn(own, isComplete) };
  const now = tenant.now();
  return {
    account: accountIn(own),
    // What somebody else asked for under the same address is not this analyst's to lose.
    seen: (grant, wanted) => sightOfPackage(papers[wanted], grant, { wanted, now }),
  };
}

const papersIn = (items: readonly Invited[], isComplete: boolean): Papers => ({
  requests: items satisfies readonly Request[],
  assignments: items.flatMap(assignmentOf),
  isComplete,
  hasAllRequests: isComplete,
});

/** Of several the one that has something; otherwise that of the last request. In which order they are listed is not documented. */
function accountIn(own: readonly Invited[]): AccountId | null {
  const latestFirst = own.toSorted((a, b) => askedAt(b) - askedAt(a));
  const holders = latestFirst.filter(({ assignment }) => assignment?.state !== "expired");
  const ids = [...holders, ...latestFirst].flatMap(({ assignment }) => assignment?.target?.objectId ?? []);
  return ids[0] ?? null;
}

/** An assignment that is read with its request does not say of which package it is. */
const assignmentOf = ({ assignment, accessPackage }: Invited): readonly Assignment[] =>
  assignment === null || assignment === undefined ? [] : [{ ...assignment, accessPackage }];

/** By these words Muster knows its own request again, whoever has lost an answer, or the memory of it. */
const justificationFor = (analyst: AnalystId) => `Muster: for analyst ${analyst}`;

export type Inviting = { readonly analyst: AnalystId; readonly mail: string };

/** Asks for the package on behalf of an address. Safe to repeat. @throws GraphError when it could not be done. */
export function invite(
  tenant: GraphTenant,
  grant: Grant<"package">,
  { analyst, mail, limits }: Inviting & { readonly limits: SendLimits },
): Promise<Written | NotYet> {
  const assignment = {
    target: { email: mail },
    assignmentPolicy: { id: grant.policy },
    accessPackage: { id: grant.package },
  };
  return assign(tenant, { grant, assignment, justification: justificationFor(analyst), limits });
}

const settingsSchema = z.looseObject({
  externalUserLifecycleAction: z.string().nullish(),
  durationUntilExternalUserDeletedAfterBlocked: z.string().nullish(),
});

/** What becomes of a guest that entitlement management governs when their last assignment ends. */
export type GuestRules = { readonly action: "none" | "block" | "block-and-delete"; readonly after: string };

/** https://learn.microsoft.com/graph/api/resources/entitlementmanagementsettings @throws GraphError */
export async function readGuestRules(tenant: GraphTenant, priority: Priority): Promise<GuestRules> {
  const path = `${entitlement}/settings`;
  const { body } = await tenant.send({ method: "GET", path, template: path, priority });
  const settings = settingsSchema.parse(body);
  const action = settings.externalUserLifecycleAction?.toLowerCase();
  return {
    action:
      action === "blocksigninanddelete" ? "block-and-delete" : action === "blocksignin" ? "block" : "none",
    after: settings.durationUntilExternalUserDeletedAfterBlocked ?? "",
  };
}
