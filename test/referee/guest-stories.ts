import * as fc from "fast-check";
import { doorPackageId, packageId, type PersonName, type SourceGroup } from "./cast.ts";
import type { PackageDeed } from "./entitlement.ts";
import type { GuestDeed } from "./guests.ts";
import {
  account,
  membership,
  once,
  pauses,
  people,
  scenes,
  thereAndBack,
  type Deed,
  type Moment,
  type PolicyEdit,
} from "./story.ts";

/*
 * Contoso lets nobody push accounts into it. Readers are assigned a package there, and responders another one; the first of them brings
 * the account, and with the last it ends.
 */
const somePackage = fc.constantFrom(packageId, doorPackageId, doorPackageId);

const packageDeeds = fc.record({
  kind: fc.constantFrom<PackageDeed["kind"]>(
    "assign-package",
    "remove-package",
    "approve",
    "approve",
    "approve",
    "deny",
  ),
  person: people,
  target: fc.constant("contoso" as const),
  package: somePackage,
});

const guestDeeds = fc.record({
  kind: fc.constantFrom<GuestDeed["kind"]>("invite-guest", "block-guest", "unblock-guest", "delete-guest"),
  person: people,
  target: fc.constant("contoso" as const),
});

const deployment = fc.record({
  kind: fc.constant("deploy" as const),
  edit: fc.constantFrom<PolicyEdit>(
    "turn-package",
    "turn-package",
    "turn-way-out",
    "turn-way-out",
    "move-scope",
    "retire",
    "rename-target",
    "none",
  ),
});

type Way = "readers" | "responders" | "account" | "deletion" | "retire";
const ways = fc.constantFrom<Way>("readers", "readers", "responders", "account", "deletion", "retire");

/** Somebody is out in this way, and in again. */
function outAndIn(way: Way, person: PersonName): readonly [Deed, Deed] {
  switch (way) {
    case "readers":
    case "responders":
      return [
        { kind: "drop", person, group: way },
        { kind: "join", person, group: way },
      ];
    case "account":
      return [
        { kind: "disable", person },
        { kind: "enable", person },
      ];
    case "deletion":
      return [
        { kind: "delete", person },
        { kind: "restore", person },
      ];
    case "retire":
      return [
        { kind: "deploy", edit: "retire" },
        { kind: "deploy", edit: "retire" },
      ];
    default:
      return way satisfies never;
  }
}

const decisions = fc.constantFrom("approve" as const, "approve" as const, "deny" as const, null);

const decided = (afterMs: number, person: PersonName, kind: "approve" | "deny" | null): readonly Moment[] =>
  kind === null ? [] : [{ afterMs, deed: { kind, person, target: "contoso" } }];

/** Ben is invited, and goes when that has come to something, or before; he may come back, and what was open is decided. */
const invitedLeaver: fc.Arbitrary<readonly Moment[]> = fc
  .record({
    group: fc.constantFrom<SourceGroup>("readers", "readers", "responders"),
    first: decisions,
    second: decisions,
    beforeMs: pauses,
    way: ways,
    leavesMs: pauses,
    backMs: fc.option(pauses, { freq: 3 }),
    decidedMs: pauses,
  })
  .map(({ group, first, second, beforeMs, way, leavesMs, backMs, decidedMs }) => {
    const ofRole = way === "readers" || way === "responders";
    const [out, back] = outAndIn(ofRole && group !== "juniors" ? group : way, "ben");
    return [
      { afterMs: 0, deed: { kind: "join", person: "ben", group } },
      ...decided(beforeMs, "ben", first),
      { afterMs: leavesMs, deed: out },
      ...(backMs === null ? [] : [{ afterMs: backMs, deed: back }]),
      ...decided(decidedMs, "ben", second),
    ];
  });

/** One role for the other, in whatever order the two changes are made: the package at the door goes, and another one comes. */
const moverWithGuestAccount: fc.Arbitrary<readonly Moment[]> = fc
  .record({
    afterMs: pauses,
    betweenMs: pauses,
    order: fc.constantFrom("first in", "first out"),
    approval: decisions,
    approvedMs: pauses,
    backMs: fc.option(pauses, { freq: 2 }),
  })
  .map(({ afterMs, betweenMs, order, approval, approvedMs, backMs }) => {
    const join: Deed = { kind: "join", person: "ana", group: "responders" };
    const drop: Deed = { kind: "drop", person: "ana", group: "readers" };
    const [first, second] = order === "first in" ? [join, drop] : [drop, join];
    return [
      { afterMs, deed: first },
      { afterMs: betweenMs, deed: second },
      ...decided(approvedMs, "ana", approval),
      ...(backMs === null
        ? []
        : ([
            { afterMs: backMs, deed: { kind: "drop", person: "ana", group: "responders" } },
            { afterMs: 0, deed: { kind: "join", person: "ana", group: "readers" } },
          ] satisfies readonly Moment[])),
    ];
  });

/** The target has invited Ben before, or assigned him what Muster is to; then he gets a role. */
const knownBefore: fc.Arbitrary<readonly Moment[]> = fc
  .record({
    first: fc.constantFrom<GuestDeed["kind"] | PackageDeed["kind"]>(
      "invite-guest",
      "invite-guest",
      "assign-package",
    ),
    package: somePackage,
    afterMs: pauses,
    group: fc.constantFrom<SourceGroup>("readers", "responders"),
    joinsMs: pauses,
    way: ways,
    leavesMs: fc.option(pauses, { freq: 3 }),
  })
  .map(({ first, package: what, afterMs, group, joinsMs, way, leavesMs }) => {
    const begin: Deed =
      first === "assign-package"
        ? { kind: first, person: "ben", target: "contoso", package: what }
        : { kind: "invite-guest", person: "ben", target: "contoso" };
    const ofRole = way === "readers" || way === "responders";
    const [out] = outAndIn(ofRole && group !== "juniors" ? group : way, "ben");
    return [
      { afterMs, deed: begin },
      ...decided(0, "ben", "approve"),
      { afterMs: joinsMs, deed: { kind: "join", person: "ben", group } },
      ...(leavesMs === null ? [] : [{ afterMs: leavesMs, deed: out }]),
    ];
  });

export const guestStories: fc.Arbitrary<readonly Moment[]> = scenes(
  { weight: 3, arbitrary: once(membership("responders", "readers")) },
  { weight: 2, arbitrary: once(account) },
  { weight: 2, arbitrary: once(packageDeeds) },
  { weight: 1, arbitrary: once(guestDeeds) },
  { weight: 1, arbitrary: once(deployment) },
  { weight: 3, arbitrary: thereAndBack("readers", "responders") },
  { weight: 4, arbitrary: invitedLeaver },
  { weight: 2, arbitrary: moverWithGuestAccount },
  { weight: 1, arbitrary: knownBefore },
);
