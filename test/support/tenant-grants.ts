import { findEligible, sightOfEligible } from "../../shared/graph/grants/eligible-grants.ts";
import { findGroup, isGroupThere, sightOfMember } from "../../shared/graph/grants/group-grants.ts";
import type { GrantReader, GrantReaders, GrantWriter, GrantWriters } from "../../shared/graph/grants/kind.ts";
import type { GroupDirectory } from "../../shared/graph/group-directory.ts";
import type { Written } from "../../shared/graph/group-members.ts";
import { heldIn, seenAmong, type Listing } from "../../shared/graph/listing.ts";
import { membershipReads } from "../../shared/graph/memberships.ts";
import type { SendLimits } from "../../shared/graph/tenant.ts";
import type { AccountId, GroupId } from "../../shared/model/ids.ts";

/** What somebody has of PIM, by group ids. */
type Eligible = {
  readonly eligible: Listing<string>;
  readonly active: Listing<string>;
  readonly endsAt: (group: GroupId) => number | undefined;
  /** What they have asked to be active in and is not decided. */
  readonly pending?: Listing<string>;
};

type Reading = {
  readonly groups: GroupDirectory;
  /** Also through another group, as `checkMemberGroups` answers. */
  readonly isMember: (id: AccountId, group: GroupId) => Promise<boolean>;
  readonly listMemberOf: (id: AccountId) => Promise<Listing<string>>;
  readonly readEligible: (id: AccountId) => Promise<Eligible>;
  /** When an activation ends, epoch ms. */
  readonly activeUntil?: (id: AccountId, group: GroupId) => number | undefined;
  readonly packages: GrantReader<"package">;
  /** What access reviews have denied; left out: there are none. */
  readonly denial?: GrantReader<"group" | "eligible">["denial"];
  /** Left out: there are none in this world. */
  readonly appRoles?: GrantReader<"appRole">;
};

const waiting = { detail: "activation request-1 waits for approval", waits: "yes" } as const;

/** What is given in a tenant that a test has made, as the product reads it. */
export const grantReadersOf = ({
  groups,
  isMember,
  listMemberOf,
  readEligible,
  activeUntil,
  packages,
  denial = async () => null,
  appRoles = noAppRoles,
}: Reading): GrantReaders => ({
  package: packages,
  appRole: appRoles,
  group: {
    outlives: "no",
    denial,
    reads: membershipReads,
    find: (wish, priority) => findGroup(groups, wish, priority),
    isHeld: async ({ group }, id) => {
      const isAround = await isMember(id, group);
      return isAround && seenAmong(await listMemberOf(id), group) !== "absent" ? "yes" : "no";
    },
    isThere: (grant, priority) => isGroupThere(groups, grant, priority),
    async holdings(id, _, kinds) {
      const listing = await listMemberOf(id);
      return ({ group }) => {
        const end = kinds.includes("eligible") ? activeUntil?.(id, group) : undefined;
        const activation = end === undefined ? undefined : { endDateTime: new Date(end).toISOString() };
        return sightOfMember(seenAmong(listing, group), activation);
      };
    },
  },
  eligible: {
    outlives: "no",
    denial,
    reads: "eligibility and activation",
    find: (wish, priority) => findEligible(groups, wish, priority),
    isHeld: async ({ group }, id) => heldIn((await readEligible(id)).eligible, (one) => one === group),
    isThere: (grant, priority) => isGroupThere(groups, grant, priority),
    async holdings(id) {
      const { eligible, active, endsAt, pending } = await readEligible(id);
      return ({ group }, wanted) =>
        sightOfEligible(
          {
            eligible: seenAmong(eligible, group),
            active: seenAmong(active, group),
            endsAt: endsAt(group),
            pending: pending?.items.includes(group) === true ? waiting : null,
            isComplete: true,
          },
          wanted,
        );
    },
  },
});

const nothingOfThis = (): Promise<never> => Promise.reject(new Error("there are no app roles in this world"));

const noAppRoles: GrantReader<"appRole"> = {
  outlives: "no",
  reads: "assignments of app roles",
  find: nothingOfThis,
  holdings: nothingOfThis,
  isHeld: nothingOfThis,
  isThere: nothingOfThis,
  denial: nothingOfThis,
};

type Write = (group: GroupId, id: AccountId, limits: SendLimits) => Promise<Written>;
type WriteFor = (group: GroupId, id: AccountId, limits: SendLimits, duration: string) => Promise<Written>;

type Writing = {
  readonly give: Write;
  readonly take: Write;
  readonly makeEligible: WriteFor;
  readonly renew: WriteFor;
  readonly endEligible: Write;
  readonly packages: GrantWriter<"package">;
  readonly appRoles?: GrantWriter<"appRole">;
};

export const grantWritersOf = ({
  give,
  take,
  makeEligible,
  renew,
  endEligible,
  packages,
  appRoles = { give: nothingOfThis, renew: nothingOfThis, take: nothingOfThis },
}: Writing): GrantWriters => ({
  package: packages,
  appRole: appRoles,
  group: { give: about(give), renew: about(give), take: about(take) },
  eligible: {
    give: ({ group, duration }, id, limits) => makeEligible(group, id, limits, duration),
    renew: ({ group, duration }, id, limits) => renew(group, id, limits, duration),
    take: about(endEligible),
  },
});

const about =
  (write: Write): GrantWriter<"group" | "eligible">["give"] =>
  ({ group }, id, limits) =>
    write(group, id, limits);
