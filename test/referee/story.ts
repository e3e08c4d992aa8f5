import * as fc from "fast-check";

/** Who is in every story. The ids are those of the source tenant. */
export const cast = {
  ana: "a0000000-0000-4000-8000-000000000001",
  ben: "a0000000-0000-4000-8000-000000000002",
} as const;
export type PersonName = keyof typeof cast;

export const sourceTenant = "50000000-0000-4000-8000-000000000000";
export const tenants = {
  contoso: "70000000-0000-4000-8000-000000000001",
  fabrikam: "70000000-0000-4000-8000-000000000002",
} as const;
export type TenantName = keyof typeof tenants;

export const scopeGroups = {
  contoso: "9c000000-0000-4000-8000-000000000001",
  fabrikam: "9c000000-0000-4000-8000-000000000002",
} as const;

/** Groups of the source that say who is what, and groups of the targets that say who may do what. */
export const roleGroups = {
  readers: "90000000-0000-4000-8000-000000000001",
  responders: "90000000-0000-4000-8000-000000000002",
} as const;
type RoleGroup = keyof typeof roleGroups;
export const grantGroups = {
  read: "96000000-0000-4000-8000-000000000001",
  respond: "96000000-0000-4000-8000-000000000002",
} as const;

/** What a person does to the world. */
export type Deed =
  | { readonly kind: "join" | "drop"; readonly person: PersonName; readonly group: RoleGroup }
  | { readonly kind: "disable" | "enable" | "delete" | "restore"; readonly person: PersonName }
  /** The target's own administrator puts the account into a group. */
  | { readonly kind: "native"; readonly person: PersonName; readonly target: TenantName }
  /** A new version of the app, with another policy, is deployed to all hosts. */
  | { readonly kind: "deploy"; readonly edit: PolicyEdit };

export type PolicyEdit = "none" | "rename-role" | "rename-target" | "remove-role";

export type Moment = { readonly afterMs: number; readonly deed: Deed };

const people = fc.constantFrom<PersonName>("ana", "ben");
const groups = fc.constantFrom<RoleGroup>("readers", "responders");
const pauses = fc.constantFrom(
  0,
  400,
  2_000,
  6_000,
  10_000,
  20_000,
  45_000,
  62_000,
  90_000,
  200_000,
  700_000,
  2_700_000,
  2_700_000,
);

const deeds: fc.Arbitrary<Deed> = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({
      kind: fc.constantFrom("drop" as const, "join" as const),
      person: people,
      group: groups,
    }),
  },
  {
    weight: 5,
    arbitrary: fc.record({
      kind: fc.constantFrom("disable" as const, "enable" as const, "delete" as const, "restore" as const),
      person: people,
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant("native" as const),
      person: people,
      target: fc.constantFrom<TenantName>("contoso", "fabrikam"),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant("deploy" as const),
      edit: fc.constantFrom<PolicyEdit>("none", "rename-role", "rename-target", "remove-role"),
    }),
  },
);

/** Somebody leaves and comes back, in the same way: what every memory of Muster's is tried by. */
const thereAndBack: fc.Arbitrary<readonly Moment[]> = fc
  .record({
    person: people,
    group: fc.constantFrom<RoleGroup>("readers", "readers", "responders"),
    way: fc.constantFrom("group", "group", "account", "deletion"),
    afterMs: pauses,
    awayMs: pauses,
  })
  .map(({ person, group, way, afterMs, awayMs }) => {
    const [out, back]: readonly [Deed, Deed] =
      way === "group"
        ? [
            { kind: "drop", person, group },
            { kind: "join", person, group },
          ]
        : way === "account"
          ? [
              { kind: "disable", person },
              { kind: "enable", person },
            ]
          : [
              { kind: "delete", person },
              { kind: "restore", person },
            ];
    return [
      { afterMs, deed: out },
      { afterMs: awayMs, deed: back },
    ];
  });

const single = fc.record({ afterMs: pauses, deed: deeds }).map((moment): readonly Moment[] => [moment]);

/** What happens after Ana has been a reader for a while and everything is calm. */
export const stories: fc.Arbitrary<readonly Moment[]> = fc
  .array(fc.oneof({ weight: 2, arbitrary: single }, { weight: 1, arbitrary: thereAndBack }), {
    minLength: 1,
    maxLength: 4,
  })
  .map((scenes) => scenes.flat());

/**
 * Ana and Ben hold the same roles, and the policy is edited under them. One of two may lose a role at once: an edit that takes
 * it from both is refused, and one who is dropped afterwards leaves.
 */
export const policyStories: fc.Arbitrary<readonly Moment[]> = fc
  .record({
    edit: fc.constantFrom<PolicyEdit>("rename-role", "rename-target", "remove-role"),
    afterMs: fc.constantFrom(0, 2_000, 20_000, 700_000),
    leaver: fc.option(people, { freq: 3 }),
    // Who leaves before the edit is noticed makes it an edit about one.
    laterMs: fc.constantFrom(700_000, 2_700_000),
  })
  .map(({ edit, afterMs, leaver, laterMs }) => [
    { afterMs: 0, deed: { kind: "join", person: "ana", group: "responders" } },
    { afterMs: 0, deed: { kind: "join", person: "ben", group: "responders" } },
    { afterMs: 700_000 + afterMs, deed: { kind: "deploy", edit } },
    ...(leaver === null
      ? []
      : [{ afterMs: laterMs, deed: { kind: "disable", person: leaver } } satisfies Moment]),
  ]);
