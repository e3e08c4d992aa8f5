import {
  doorPackageId,
  eligibleGroup,
  packageId,
  tenants,
  type PersonName,
  type TenantName,
} from "./cast.ts";
import { isAddition, isOpen } from "./entitlement.ts";
import type { Governance } from "./governance.ts";
import type { RequestRecord } from "./papers.ts";
import { eligibleIn, packagesIn, type Terms } from "./policies.ts";
import type { PolicyEdit } from "./story.ts";

/** Something that an account has by Muster's doing. */
export type Held = {
  readonly what: string;
  /** Of what has to do with an access package. */
  readonly ofPackage?: string;
  /** The request that no application can take back, where there is one: people have to be told of it. */
  readonly request?: string;
  /** Since when, where a person did it: epoch ms. */
  readonly since?: number;
};

export type GovernanceOracle = {
  /** What whoever may respond is to have in some target besides groups. */
  readonly wanted: () => readonly string[];
  /** What the account has by Muster's doing. */
  readonly heldBy: (tenantId: string, account: string) => readonly Held[];
  /** What is wrong with somebody who belongs in the target, where everything has had its time. */
  readonly judge: (who: Who, wanted: ReadonlySet<string>) => readonly string[];
  /** Muster has asked for the package. @returns what is wrong with that */
  readonly onAsk: (who: Who, ofPackage: string, since: number | undefined) => readonly string[];
  /** What is wrong with somebody who belongs in a target that invites, and has no account there. */
  readonly judgeInvitation: (who: Who, wanted: ReadonlySet<string>) => readonly string[];
  /** Whether what somebody was given in a target that invites has ended by its own rule, or by an administrator's hand. */
  readonly hasRunOut: (who: Who) => boolean;
  /** Whether they have one of the packages that are wanted. */
  readonly hasPackage: (who: Who, wanted: ReadonlySet<string>) => boolean;
};

/** How people hear of a request that is open, or has come to nothing. */
export const requestWords = /does not get the package|still waits for the package|is not rid of the package/;

type Who = {
  readonly person: PersonName;
  /** The target, in words. */
  readonly where: string;
  readonly tenantId: string;
  /** The id of the account, or the address of who has none. */
  readonly account: string;
  /** Whether people were told of this; of one request after another they hear once. */
  readonly isTold: (words: RegExp) => boolean;
  /** Whether replicas may hide it for so long that nobody can know of it. */
  readonly isHidden: (held: Held) => boolean;
  /** Whether an administrator took this away. */
  readonly isTaken: (what: string) => boolean;
};

type Options = {
  readonly now: () => number;
  readonly governance: Governance;
  readonly terms: Terms;
  readonly edits: () => readonly PolicyEdit[];
  /** Longer than any replica is behind. */
  readonly unseenMs: number;
};

export function governanceOracle({ now, governance, terms, edits, unseenMs }: Options): GovernanceOracle {
  const servicesOf = (tenantId: string) => {
    const services = governance.get(tenantId);
    if (services === undefined) throw new Error(`nothing is governed in ${tenantId}`);
    return services;
  };

  const heldBy: GovernanceOracle["heldBy"] = (tenantId, account) => {
    const { pim, packages } = servicesOf(tenantId);
    const activation = pim.activationOf(account);
    return [
      ...(pim.eligibilityOf(account)?.by === "muster" ? [{ what: "an eligibility" }] : []),
      ...(activation?.by === "muster" ? [{ what: "an activation", since: activation.since }] : []),
      ...allPackages.flatMap((ofPackage) => {
        const open = packages.requestsOf(account, ofPackage).find((one) => isAddition(one) && isOpen(one));
        const request = open === undefined ? {} : { request: open.id };
        return [
          ...packages
            .liveOf(account, ofPackage)
            .flatMap(({ by, state }) =>
              by === "muster" ? [{ what: `a package that is ${state}`, ofPackage, ...request }] : [],
            ),
          ...(open?.by === "muster" && open.assignment === null
            ? [{ what: `a request that is ${open.state}`, ofPackage, ...request }]
            : []),
        ];
      }),
    ];
  };

  function judgePackage(
    { person, where, tenantId, account, isTold, isTaken }: Who,
    ofPackage: string,
  ): readonly string[] {
    const { packages } = servicesOf(tenantId);
    const requests = packages.requestsOf(account, ofPackage);
    const last = requests.findLast(isAddition);
    const live = packages.liveOf(account, ofPackage);
    const isThere = live.some(({ state }) => state === "delivered");
    if (isThere || requests.some((one) => isOpen(one) && isAddition(one))) return [];
    if (live.some(({ state }) => state === "deliveryFailed" || state === "delivering")) return [];
    const mayEnd = terms.packages?.renew === false && packages.hasLapsed(account, ofPackage);
    if (mayEnd || isTaken(ofPackage)) return [];
    if (last !== undefined && hasEndedBadly(last)) {
      if (last.by !== "muster" || isTold(requestWords)) return [];
      return [`unheard: ${person} does not get the package in ${where}, and nobody is told of ${last.id}`];
    }
    return [`robbed: ${person} lacks the package in ${where}`];
  }

  return {
    wanted: () => [
      ...(eligibleIn(edits(), terms).length > 0 ? [eligibleGroup] : []),
      ...(packagesIn(edits(), terms).length > 0 ? [packageId] : []),
    ],
    heldBy,
    judge(who, wanted) {
      const { person, where, tenantId, account, isTold, isHidden, isTaken } = who;
      const { pim } = servicesOf(tenantId);
      const isHere = (name: TenantName) => tenants[name] === tenantId;
      const isEligible = wanted.has(eligibleGroup) && eligibleIn(edits(), terms).some(isHere);
      const assigned = [
        ...(wanted.has(packageId) && packagesIn(edits(), terms).some(isHere) ? [packageId] : []),
        ...(wanted.has(doorPackageId) ? [doorPackageId] : []),
      ];
      const held = heldBy(tenantId, account);
      const kept = held.filter((one) => {
        const { ofPackage, request } = one;
        if (ofPackage !== undefined)
          return !assigned.includes(ofPackage) && !(request !== undefined && isTold(requestWords));
        return !isEligible && !isHidden(one);
      });
      return [
        ...kept.map(({ what }) => `lost: ${person} keeps ${what} in ${where}`),
        ...(isEligible && pim.eligibilityOf(account) === undefined && !isTaken(eligibleGroup)
          ? [`robbed: ${person} is not eligible in ${where}`]
          : []),
        ...assigned.flatMap((ofPackage) => judgePackage(who, ofPackage)),
      ];
    },
    judgeInvitation(who, wanted) {
      const { packages } = servicesOf(who.tenantId);
      const { person, where, account } = who;
      const assigned = allPackages.filter((one) => wanted.has(one));
      const isUnderWay = (one: string) =>
        packages.liveOf(account, one).some(({ state }) => state === "delivering") ||
        packages.requestsOf(account, one).some((request) => isAddition(request) && isOpen(request));
      // Of what is not wanted any more, and nobody can take back, people know.
      const isInTheWay = (one: string) => isUnderWay(one) && who.isTold(requestWords);
      if (assigned.some(isUnderWay) || allPackages.some(isInTheWay)) return [];
      const isByOthers = assigned.every((one) => packages.liveOf(account, one).length > 0);
      if (isByOthers && !who.isTold(requestWords))
        return [`unheard: nothing proves whose account ${person} has in ${where}, and nobody is told`];
      return assigned.flatMap((one) => judgePackage(who, one));
    },
    hasRunOut({ tenantId, account, isTaken }) {
      const { packages } = servicesOf(tenantId);
      const mayEnd = terms.packages?.renew === false;
      return allPackages.some((one) => isTaken(one) || (mayEnd && packages.hasLapsed(account, one)));
    },
    hasPackage: ({ tenantId, account }, wanted) =>
      servicesOf(tenantId)
        .packages.liveOf(account)
        .some((one) => one.state === "delivered" && wanted.has(one.package)),
    onAsk({ person, where, tenantId, account }, ofPackage, since) {
      const { packages } = servicesOf(tenantId);
      // What no replica need show yet, nobody can know of.
      const live = packages.liveOf(account, ofPackage).find(({ since: at }) => now() - at > unseenMs);
      const last = packages.requestsOf(account, ofPackage).filter(isAddition).at(-2);
      if (live !== undefined)
        return [`doubled: a package is asked for that ${person} has in ${where}, ${live.state}`];
      if (last === undefined || last.by !== "muster" || since === undefined) return [];
      const isOld = now() - (last.closedAt ?? now()) > unseenMs;
      const mayEnd =
        last.state === "delivered" &&
        packages.hasLapsed(account, ofPackage) &&
        terms.packages?.renew === false;
      // What had failed and was there in the end, or was taken away, is over in another way.
      const isOver = last.state === "denied" || mayEnd;
      return isOld && isOver && since <= last.createdAt
        ? [`asked again: a package for ${person} in ${where}, after ${last.id} was ${last.state}`]
        : [];
    },
  };
}

const allPackages = [packageId, doorPackageId];

const hasEndedBadly = ({ state }: RequestRecord) => state === "denied" || state === "deliveryFailed";
