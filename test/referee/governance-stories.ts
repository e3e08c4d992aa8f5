import * as fc from "fast-check";
import type { PersonName } from "./cast.ts";
import type { PackageDeed } from "./entitlement.ts";
import type { PackageTerms } from "./policies.ts";
import type { PimDeed } from "./pim.ts";
import {
  account,
  membership,
  once,
  pauses,
  people,
  scenes,
  targets,
  thereAndBack,
  type Deed,
  type Moment,
} from "./story.ts";

const toSomebody = <K extends Deed["kind"]>(...kinds: readonly K[]) =>
  fc.record({ kind: fc.constantFrom(...kinds), person: people, target: targets });

const pimDeeds = toSomebody<PimDeed["kind"]>(
  "activate",
  "activate",
  "activate",
  "deactivate",
  "make-eligible",
  "end-eligibility",
  "assign-for-good",
  "end-assignment",
);

const deployment = (edit: "turn-eligible" | "turn-package") =>
  fc.record({ kind: fc.constant("deploy" as const), edit: fc.constantFrom(edit, edit, "none" as const) });

const moments = fc.constantFrom(0, 400, 2_000, 6_000, 20_000, 62_000, 200_000);

/** Somebody leaves in this way, and comes back. */
function outAndBack(way: string, person: PersonName): readonly [Deed, Deed] {
  if (way === "drop")
    return [
      { kind: "drop", person, group: "responders" },
      { kind: "join", person, group: "responders" },
    ];
  if (way === "disable")
    return [
      { kind: "disable", person },
      { kind: "enable", person },
    ];
  if (way === "delete")
    return [
      { kind: "delete", person },
      { kind: "restore", person },
    ];
  const edit = way === "turn-package" ? way : "turn-eligible";
  return [
    { kind: "deploy", edit },
    { kind: "deploy", edit },
  ];
}

/** Who is eligible activates it, and leaves while that lasts. */
const activeLeaver: fc.Arbitrary<readonly Moment[]> = fc
  .record({
    person: people,
    target: targets,
    holdsMs: fc.constantFrom(20_000, 200_000, 700_000),
    activeMs: moments,
    way: fc.constantFrom("drop", "drop", "disable", "delete", "turn-eligible"),
    again: fc.option(fc.record({ afterMs: moments, backMs: pauses }), { freq: 2 }),
  })
  .map(({ person, target, holdsMs, activeMs, way, again }) => {
    const [out, back] = outAndBack(way, person);
    const activation: Deed = { kind: "activate", person, target };
    return [
      { afterMs: 0, deed: { kind: "join", person, group: "responders" } },
      { afterMs: holdsMs, deed: activation },
      { afterMs: activeMs, deed: out },
      ...(again === null
        ? []
        : // As long as they still can.
          [
            { afterMs: again.afterMs, deed: activation },
            { afterMs: again.backMs, deed: back },
          ]),
    ];
  });

/** Whom an administrator made eligible before Muster did stays so. */
const nativeFirst: fc.Arbitrary<readonly Moment[]> = fc
  .record({ person: people, target: targets, afterMs: pauses, thenMs: pauses, lastsMs: pauses })
  .map(({ person, target, afterMs, thenMs, lastsMs }) => [
    // Whoever has an account there.
    { afterMs: 0, deed: { kind: "join", person, group: "readers" } },
    { afterMs, deed: { kind: "make-eligible", person, target } },
    { afterMs: thenMs, deed: { kind: "join", person, group: "responders" } },
    { afterMs: 0, deed: { kind: "activate", person, target } },
    { afterMs: lastsMs, deed: { kind: "drop", person, group: "responders" } },
  ]);

/** Who may respond is eligible for a group that PIM governs, and makes themselves a member of it now and then. */
export const eligibleStories: fc.Arbitrary<readonly Moment[]> = scenes(
  { weight: 3, arbitrary: once(membership("responders", "responders", "readers")) },
  { weight: 2, arbitrary: once(account) },
  { weight: 3, arbitrary: once(pimDeeds) },
  { weight: 1, arbitrary: once(deployment("turn-eligible")) },
  { weight: 2, arbitrary: thereAndBack("responders") },
  { weight: 3, arbitrary: activeLeaver },
  { weight: 1, arbitrary: nativeFirst },
);

const packageDeeds = toSomebody<PackageDeed["kind"]>(
  "assign-package",
  "assign-package",
  "remove-package",
  "approve",
  "approve",
  "approve",
  "deny",
);

const decisions = fc.constantFrom("approve" as const, "approve" as const, "deny" as const, null);

/** Somebody asks for it by their role, the approver decides, and they leave, in whatever order. */
const decidedUpon: fc.Arbitrary<readonly Moment[]> = fc
  .record({
    person: people,
    first: decisions,
    second: decisions,
    target: targets,
    beforeMs: pauses,
    way: fc.constantFrom("drop", "drop", "disable", "delete", "turn-package"),
    leavesMs: pauses,
    againMs: fc.option(pauses, { freq: 2 }),
    decidedMs: pauses,
  })
  .map(({ person, first, second, target, beforeMs, way, leavesMs, againMs, decidedMs }) => {
    const [out, back] = outAndBack(way, person);
    const decided = (afterMs: number, kind: "approve" | "deny" | null): readonly Moment[] =>
      kind === null ? [] : [{ afterMs, deed: { kind, person, target } }];
    return [
      { afterMs: 0, deed: { kind: "join", person, group: "responders" } },
      ...decided(beforeMs, first),
      { afterMs: leavesMs, deed: out },
      ...(againMs === null ? [] : [{ afterMs: againMs, deed: back }]),
      ...decided(decidedMs, second),
    ];
  });

/** Whom an administrator assigned it keeps it. */
const assignedFirst: fc.Arbitrary<readonly Moment[]> = fc
  .record({ person: people, target: targets, afterMs: pauses, thenMs: pauses, lastsMs: pauses })
  .map(({ person, target, afterMs, thenMs, lastsMs }) => [
    { afterMs: 0, deed: { kind: "join", person, group: "readers" } },
    { afterMs, deed: { kind: "assign-package", person, target } },
    { afterMs: 0, deed: { kind: "approve", person, target } },
    { afterMs: thenMs, deed: { kind: "join", person, group: "responders" } },
    { afterMs: lastsMs, deed: { kind: "drop", person, group: "responders" } },
  ]);

/** Who may respond is assigned an access package, which takes its time, and which others have a say in. */
export const packageStories: fc.Arbitrary<readonly Moment[]> = scenes(
  { weight: 3, arbitrary: once(membership("responders", "responders", "readers")) },
  { weight: 2, arbitrary: once(account) },
  { weight: 3, arbitrary: once(packageDeeds) },
  { weight: 1, arbitrary: once(deployment("turn-package")) },
  { weight: 2, arbitrary: thereAndBack("responders") },
  { weight: 3, arbitrary: decidedUpon },
  { weight: 1, arbitrary: assignedFirst },
);

const minutes = 60_000;

export const packageTerms: fc.Arbitrary<PackageTerms> = fc
  .record({
    in: fc.constantFrom("contoso" as const, "both" as const),
    approval: fc.constantFrom("none" as const, "none" as const, "asked" as const),
    // What is renewed lasts long enough for a renewal to be delivered.
    lasts: fc.constantFrom(
      { expires: null, renew: false },
      { expires: null, renew: false },
      { expires: "PT20M", renew: false },
      { expires: "PT2H", renew: true },
    ),
    longestDeliveryMs: fc.constantFrom(0, 20_000, 5 * minutes, 20 * minutes),
    failing: fc.constantFrom(0, 0, 0.3, 1),
    sticking: fc.constantFrom(0, 0, 0, 0.3),
  })
  .map(({ lasts, ...terms }) => ({ ...terms, ...lasts }));
