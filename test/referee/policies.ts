import type { NameOrId, Wish } from "../../shared/model/wish.ts";
import {
  appRoleIdSchema,
  assignmentPolicyIdSchema,
  groupIdSchema,
  packageIdSchema,
  roleNameSchema,
  servicePrincipalIdSchema,
  targetNameSchema,
  tenantIdSchema,
} from "../../shared/model/ids.ts";
import type { Policy, Target } from "../../shared/policy/policy.ts";
import {
  delegatedGroup,
  doorPackageId,
  eligibleGroup,
  grantGroups,
  otherScopeGroup,
  packageId,
  scopePackageId,
  scopeRole,
  syncApplication,
  roleGroups,
  scopeGroups,
  sourceTenant,
  tenants,
  type TenantName,
} from "./cast.ts";
import type { PolicyEdit } from "./story.ts";

const roleOfSync = {
  kind: "appRole",
  servicePrincipal: servicePrincipalIdSchema.parse(syncApplication),
  role: { kind: "id", id: appRoleIdSchema.parse(scopeRole) },
} as const satisfies Wish;
const inGroup = (id: string): Wish => ({ kind: "group", group: group(id) });
const group = (id: string): NameOrId => ({ kind: "id", id: groupIdSchema.parse(id) });

const assigned = (
  id: string,
  { expires, renew }: Pick<PackageTerms, "expires" | "renew">,
): Wish<"package"> => ({
  kind: "package",
  package: { kind: "id", id: packageIdSchema.parse(id) },
  policy: { kind: "id", id: assignmentPolicyIdSchema.parse(id) },
  expires,
  renew,
});

/** How a policy bounds removals: not at all, one of two at a time, or two of eight. */
export type Guard = "wide" | "tight" | "few";

export type Terms = {
  readonly deleteAfterMs: number;
  readonly guard: Guard;
  /** Whether responders are put into the source group that both targets delegate to. */
  readonly delegates?: "yes";
  /** Where responders are made eligible for a group, and for how long at a time. */
  readonly eligible?: { readonly in: Where; readonly duration: string };
  /** Where responders are assigned an access package, and what that is like. */
  readonly packages?: PackageTerms;
  /** Contoso invites people, and this is what becomes of those who have lost the last package. */
  readonly guests?: GuestTerms;
};

export type GuestTerms = {
  readonly ends: "none" | "block" | "delete";
  /** How long after it was blocked an account is deleted. */
  readonly deletedAfterMs: number;
};

type Where = "contoso" | "both";

export type PackageTerms = {
  readonly in: Where;
  readonly approval: "asked" | "none";
  /** For how long it is assigned, ISO 8601; null: for good. */
  readonly expires: string | null;
  readonly renew: boolean;
  readonly longestDeliveryMs: number;
  /** Shares of the deliveries that fail, and that never come to an end. */
  readonly failing: number;
  readonly sticking: number;
};

/** An edit takes it out of the policy, and another one puts it in again. */
const isIn = (edits: readonly PolicyEdit[], edit: PolicyEdit) =>
  edits.filter((one) => one === edit).length % 2 === 0;

const namesIn = (where: Where): readonly TenantName[] =>
  where === "both" ? ["contoso", "fabrikam"] : ["contoso"];

/** The targets in which responders are eligible by this policy, and in which they are assigned the package. */
export const eligibleIn = (edits: readonly PolicyEdit[], { eligible }: Terms): readonly TenantName[] =>
  eligible !== undefined && isIn(edits, "turn-eligible") ? namesIn(eligible.in) : [];
export const packagesIn = (edits: readonly PolicyEdit[], { packages }: Terms): readonly TenantName[] =>
  packages !== undefined && isIn(edits, "turn-package") ? namesIn(packages.in) : [];

/** What somebody is assigned in Contoso for having a role there at all, where it invites people: whoever has a role has a package. */
export function doorIn(edits: readonly PolicyEdit[], terms: Terms, role: "reader" | "responder"): boolean {
  return terms.guests !== undefined && (role === "reader" || !packagesIn(edits, terms).includes("contoso"));
}

/** Whether people may go to Contoso only as members of a group, where it invites them. */
export const hasWayOut = (edits: readonly PolicyEdit[]): boolean => isIn(edits, "turn-way-out");

const removals = {
  wide: { perRun: 100, share: 1 },
  tight: { perRun: 5, share: 0.2 },
  few: { perRun: 5, share: 0.25 },
} as const;

/** Whether Contoso is retired after these edits. */
export const isRetired = (edits: readonly PolicyEdit[]): boolean =>
  edits.filter((edit) => edit === "retire").length % 2 === 1;

const scopeMoves: Partial<Record<PolicyEdit, string>> = {
  "move-scope": otherScopeGroup,
  "move-scope-to-role": scopeRole,
  "move-scope-to-package": scopePackageId,
  "move-scope-back": scopeGroups.contoso,
};

/** What lets people reach a target by this policy: a group, the role, or the package. */
export const scopeIn = (edits: readonly PolicyEdit[], name: TenantName): string =>
  (name === "contoso" ? edits.map((edit) => scopeMoves[edit]).findLast((one) => one !== undefined) : null) ??
  scopeGroups[name];

const delegations: Partial<Record<PolicyEdit, readonly TenantName[]>> = {
  "delegate-both": ["contoso", "fabrikam"],
  "delegate-contoso": ["contoso"],
  "delegate-fabrikam": ["fabrikam"],
  "delegate-none": [],
};

/** The targets that give responders the group of the source. */
export const delegatesOf = (edits: readonly PolicyEdit[]): readonly TenantName[] =>
  edits.flatMap((edit) => delegations[edit] ?? []).length === 0 && !edits.includes("delegate-none")
    ? ["contoso", "fabrikam"]
    : (edits.map((edit) => delegations[edit]).findLast((one) => one !== undefined) ?? []);

/** The policy of every story: readers read, responders read and respond, in both targets. */
export function policyAfter(edits: readonly PolicyEdit[], terms: Terms): Policy {
  const { deleteAfterMs, guard, delegates, eligible, packages } = terms;
  const isSwapped = edits.filter((edit) => edit === "swap-names").length % 2 === 1;
  const readerName = edits.includes("rename-role") ? "observer" : "reader";
  const reader = roleNameSchema.parse(isSwapped ? "responder" : readerName);
  const responder = roleNameSchema.parse(isSwapped ? readerName : "responder");
  const { read, respond } = grantGroups;
  const delegating = delegates === "yes" ? delegatesOf(edits) : [];
  const roles = [
    { name: reader, holders: { kind: "group", group: group(roleGroups.readers) } },
    { name: responder, holders: { kind: "group", group: group(roleGroups.responders) } },
  ] as const;
  const governed = (name: TenantName): readonly Wish[] => [
    ...(eligible !== undefined && eligibleIn(edits, terms).includes(name)
      ? [{ kind: "eligible", group: group(eligibleGroup), duration: eligible.duration } as const]
      : []),
    ...(packages !== undefined && packagesIn(edits, terms).includes(name)
      ? [assigned(packageId, packages)]
      : []),
  ];
  const door = (name: TenantName, role: "reader" | "responder"): readonly Wish[] =>
    name === "contoso" && doorIn(edits, terms, role)
      ? [assigned(doorPackageId, packages ?? { expires: null, renew: false })]
      : [];
  const scope = (name: TenantName) => ({ kind: "group" as const, group: group(scopeIn(edits, name)) });
  const scopeOfSync = (name: TenantName) => {
    const way = scopeIn(edits, name);
    if (way === scopeRole) return roleOfSync;
    return way === scopePackageId ? assigned(scopePackageId, { expires: null, renew: false }) : scope(name);
  };
  const reached = (name: TenantName) =>
    name === "contoso" && terms.guests !== undefined
      ? { topology: "pull" as const, sync: null, scope: hasWayOut(edits) ? scope(name) : null }
      : {
          topology: "push" as const,
          sync: {
            servicePrincipal: servicePrincipalIdSchema.parse(syncApplication),
            job: `Azure2Azure.${tenants[name]}`,
            scope: scopeOfSync(name),
          },
        };
  const target = (name: TenantName): Target => ({
    name: targetNameSchema.parse(edits.includes("rename-target") && name === "contoso" ? "contoso-2" : name),
    tenantId: tenantIdSchema.parse(tenants[name]),
    mode: "full",
    tags: [],
    extensionApp: "22222222-2222-4222-8222-222222222222",
    retire: name === "contoso" && isRetired(edits),
    onExternalRemoval: "restore",
    // Nobody reviews anything in these worlds.
    onDeniedReview: "restore",
    ...reached(name),
    grants: [
      { role: reader, wishes: [inGroup(read), ...door(name, "reader")], sourceGroups: [] },
      {
        role: responder,
        wishes: [inGroup(read), inGroup(respond), ...governed(name), ...door(name, "responder")],
        sourceGroups: delegating.includes(name) ? [group(delegatedGroup)] : [],
      },
    ].filter(({ role }) => !(edits.includes("remove-role") && role === responder)),
  });
  return {
    source: {
      tenantId: tenantIdSchema.parse(sourceTenant),
      extensionApp: "22222222-2222-4222-8222-222222222222",
      stamps: [
        { property: "socRoles", name: "socRoles", template: "{roles}" },
        { property: "socSourceId", name: "socSourceId", template: "{id}" },
      ],
    },
    roles: roles.filter(({ name }) => !(edits.includes("remove-role") && name === responder)),
    protected: [],
    targets: [target("contoso"), target("fabrikam")].toSorted((a, b) => (a.name < b.name ? -1 : 1)),
    guardrails: { removals: removals[guard] },
    leavers: { revokeSessions: true, block: true, deleteAfterMs, accounts: "owned" },
    movers: { order: "add-first", graceMs: 0 },
    accessPackages: { patienceMs: 30 * 60_000 },
  };
}
