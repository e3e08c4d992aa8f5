import * as fc from "fast-check";
import type { WorkflowDeed } from "./departures.ts";
import type { GovernanceDeed } from "./governance.ts";
import type { grantGroups, PersonName, RoleGroup, SourceGroup, TenantName } from "./cast.ts";

/** What a person does to the world. */
export type Deed =
  | GovernanceDeed
  | WorkflowDeed
  | { readonly kind: "join" | "drop"; readonly person: PersonName; readonly group: SourceGroup }
  /** The team is put into a role group, or taken out of it. */
  | { readonly kind: "nest" | "unnest"; readonly group: RoleGroup }
  | { readonly kind: "disable" | "enable" | "delete" | "restore"; readonly person: PersonName }
  /** The target's own administrator puts the account into a group. */
  | { readonly kind: "native"; readonly person: PersonName; readonly target: TenantName }
  /** The target's own administrator takes somebody out of a group; one of the source, out of the group that targets delegate to. */
  | {
      readonly kind: "take-group";
      readonly person: PersonName;
      readonly target: TenantName;
      readonly group: keyof typeof grantGroups;
    }
  | { readonly kind: "undelegate"; readonly person: PersonName }
  /** It is time for the night. */
  | { readonly kind: "night" }
  /** An administrator of the source puts a person into the group that targets delegate to. */
  | { readonly kind: "delegate"; readonly person: PersonName }
  /** Somebody puts a person into a scope group by hand, or takes them out of it. */
  | { readonly kind: "scope-in" | "scope-out"; readonly person: PersonName; readonly target: TenantName }
  /** The target's administrator takes Muster's consent away and gives it back; Graph refuses every call meanwhile. */
  | {
      readonly kind: "shut-out";
      readonly target: TenantName;
      readonly how: "no application" | "no permission";
    }
  | { readonly kind: "let-in"; readonly target: TenantName }
  /** A group of the target becomes dynamic, and nobody can write its members; then it is an assigned one again. */
  | { readonly kind: "freeze" | "thaw"; readonly target: TenantName }
  /** Nobody may write a target's scope group any more; then Muster may again. */
  | { readonly kind: "lock-scope" | "unlock-scope"; readonly target: TenantName }
  /** Somebody pauses the synchronization to a target, and starts it again. */
  | { readonly kind: "pause-sync" | "start-sync"; readonly target: TenantName }
  /** The file of the policy cannot be used any more; then it is as it was. */
  | { readonly kind: "break-policy" }
  | { readonly kind: "mend-policy" }
  /** A subscription is gone, and Graph says nothing. */
  | { readonly kind: "forget-subscription"; readonly group: SourceGroup }
  /** A new version of the app, with another policy, is deployed to all hosts. */
  | { readonly kind: "deploy"; readonly edit: PolicyEdit };

export type PolicyEdit =
  | "none"
  | "rename-role"
  | "rename-target"
  | "remove-role"
  /** Readers are called responders and responders readers, wherever the policy names them. */
  | "swap-names"
  /** Contoso is reached through another group, the role of the synchronization's application, a package with that, or as at first. */
  | "move-scope"
  | "move-scope-to-role"
  | "move-scope-to-package"
  | "move-scope-back"
  /** Responders are made eligible or assigned the package no more, or again. */
  | "turn-eligible"
  | "turn-package"
  /** Whoever is invited to Contoso need not be in a group any more, or has to be. */
  | "turn-way-out"
  /** Everybody is to leave Contoso, or may come back after all. */
  | "retire"
  /** Which targets give the group of the source that is delegated to; both, until an edit says something else. */
  | "delegate-both"
  | "delegate-contoso"
  | "delegate-fabrikam"
  | "delegate-none";

export type Moment = { readonly afterMs: number; readonly deed: Deed };

export const people = fc.constantFrom<PersonName>("ana", "ben");
export const targets = fc.constantFrom<TenantName>("contoso", "fabrikam");
export const pauses = fc.constantFrom(
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

export const account = fc.record({
  kind: fc.constantFrom("disable" as const, "enable" as const, "delete" as const, "restore" as const),
  person: people,
});

export const membership = (...groups: readonly SourceGroup[]) =>
  fc.record({
    kind: fc.constantFrom("drop" as const, "join" as const),
    person: people,
    group: fc.constantFrom(...groups),
  });

const deployment = fc.record({
  kind: fc.constant("deploy" as const),
  edit: fc.constantFrom<PolicyEdit>("none", "rename-role", "rename-target", "remove-role"),
});

const native = fc.record({ kind: fc.constant("native" as const), person: people, target: targets });

const deeds: fc.Arbitrary<Deed> = fc.oneof(
  { weight: 8, arbitrary: membership("readers", "responders") },
  { weight: 5, arbitrary: account },
  { weight: 1, arbitrary: native },
  { weight: 1, arbitrary: deployment },
);

/** Somebody leaves and comes back, in the same way: what every memory of Muster's is tried by. */
export const thereAndBack = (...groups: readonly SourceGroup[]): fc.Arbitrary<readonly Moment[]> =>
  fc
    .record({
      person: people,
      group: fc.constantFrom(...groups),
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

export const once = (deed: fc.Arbitrary<Deed>) =>
  fc.record({ afterMs: pauses, deed }).map((moment): readonly Moment[] => [moment]);

export const scenes = (...kinds: readonly fc.WeightedArbitrary<readonly Moment[]>[]) =>
  fc.array(fc.oneof(...kinds), { minLength: 1, maxLength: 4 }).map((played) => played.flat());

/** What happens after Ana has been a reader for a while and everything is calm. */
export const stories: fc.Arbitrary<readonly Moment[]> = scenes(
  { weight: 2, arbitrary: once(deeds) },
  { weight: 1, arbitrary: thereAndBack("readers", "readers", "responders") },
);

const delegating = fc.record({ kind: fc.constant("delegate" as const), person: people });

/** Whoever was in the group before Muster stays in it. */
const heldBefore: fc.Arbitrary<readonly Moment[]> = fc
  .record({ person: people, afterMs: pauses, thenMs: pauses, lastsMs: pauses })
  .map(({ person, afterMs, thenMs, lastsMs }) => [
    { afterMs, deed: { kind: "delegate", person } },
    { afterMs: thenMs, deed: { kind: "join", person, group: "responders" } },
    { afterMs: lastsMs, deed: { kind: "drop", person, group: "responders" } },
  ]);

/** Who is deleted while they are taken out of the group keeps it in the recycle bin, and comes back with it. */
const deletedMeanwhile: fc.Arbitrary<readonly Moment[]> = fc
  .record({
    person: people,
    holdsMs: pauses,
    thenMs: fc.constantFrom(0, 400, 2_000, 4_000, 6_000, 10_000),
    goneMs: pauses,
  })
  .map(({ person, holdsMs, thenMs, goneMs }) => [
    { afterMs: 0, deed: { kind: "join", person, group: "responders" } },
    { afterMs: holdsMs, deed: { kind: "drop", person, group: "responders" } },
    { afterMs: thenMs, deed: { kind: "delete", person } },
    { afterMs: goneMs, deed: { kind: "restore", person } },
  ]);

/** Who may respond is in a group of the source as well, into which an administrator puts people, too. */
export const delegatedStories: fc.Arbitrary<readonly Moment[]> = scenes(
  { weight: 3, arbitrary: once(membership("responders", "responders", "readers")) },
  { weight: 2, arbitrary: once(account) },
  { weight: 2, arbitrary: once(delegating) },
  { weight: 2, arbitrary: thereAndBack("responders") },
  { weight: 2, arbitrary: heldBefore },
  { weight: 1, arbitrary: deletedMeanwhile },
);

/** Contoso is retired, and perhaps not after all; other targets come to give what it gave, or none does. */
export const retiredStories: fc.Arbitrary<readonly Moment[]> = fc
  .record({
    first: fc.constantFrom<PersonName | null>("ana", "ben", null),
    scene: scenes(
      { weight: 3, arbitrary: once(membership("responders", "responders", "readers")) },
      { weight: 2, arbitrary: once(account) },
      { weight: 1, arbitrary: once(delegating) },
      { weight: 2, arbitrary: thereAndBack("responders") },
      { weight: 1, arbitrary: deletedMeanwhile },
      {
        weight: 5,
        arbitrary: once(
          fc.record({
            kind: fc.constant("deploy" as const),
            edit: fc.constantFrom<PolicyEdit>(
              "retire",
              "retire",
              "delegate-both",
              "delegate-contoso",
              "delegate-fabrikam",
              "delegate-none",
            ),
          }),
        ),
      },
    ),
  })
  .map(({ first, scene }) => [
    ...(first === null
      ? []
      : [{ afterMs: 0, deed: { kind: "join", person: first, group: "responders" } } satisfies Moment]),
    ...scene,
  ]);

/** One thing and, after a while, its opposite. */
const forAWhile = (pairs: fc.Arbitrary<readonly [Deed, Deed]>): fc.Arbitrary<readonly Moment[]> =>
  fc.tuple(pairs, pauses, pauses).map(([[begin, end], afterMs, lastsMs]) => [
    { afterMs, deed: begin },
    { afterMs: lastsMs, deed: end },
  ]);

const nesting = fc.record({
  kind: fc.constantFrom("nest" as const, "unnest" as const),
  group: fc.constantFrom<RoleGroup>("readers", "responders"),
});

/** Roles that are held through a team, which is in a role group as long as nobody takes it out. */
export const teamStories: fc.Arbitrary<readonly Moment[]> = scenes(
  { weight: 3, arbitrary: once(membership("juniors", "juniors", "readers", "responders")) },
  { weight: 1, arbitrary: once(account) },
  { weight: 3, arbitrary: thereAndBack("juniors") },
);

/** The team itself is moved, which only the role groups announce; Muster has to find out whom to listen to. */
export const nestingStories: fc.Arbitrary<readonly Moment[]> = scenes(
  { weight: 3, arbitrary: once(membership("juniors", "juniors", "readers")) },
  { weight: 3, arbitrary: once(nesting) },
  { weight: 1, arbitrary: once(account) },
  {
    weight: 1,
    arbitrary: once(
      fc.record({
        kind: fc.constant("forget-subscription" as const),
        group: fc.constantFrom<SourceGroup>("readers", "responders", "juniors"),
      }),
    ),
  },
  { weight: 1, arbitrary: thereAndBack("juniors") },
);

/** Nobody but the subscription timer looks around: what it found, and had time to find, has to be enough. */
export const listeningStories: fc.Arbitrary<readonly Moment[]> = fc
  .record({
    before: once(membership("juniors")),
    group: fc.constantFrom<RoleGroup>("readers", "responders"),
    after: fc.array(fc.oneof(once(membership("juniors")), thereAndBack("juniors")), {
      minLength: 1,
      maxLength: 3,
    }),
  })
  .map(({ before, group, after }) => [
    { afterMs: 0, deed: { kind: "unnest", group: "responders" } },
    // By now the team is no business of Muster's any more.
    { afterMs: 900_000, deed: { kind: "join", person: "ben", group: "juniors" } },
    ...before,
    { afterMs: 0, deed: { kind: "nest", group } },
    // Long enough for the timer, also when hosts die under it.
    { afterMs: 2_700_000, deed: { kind: "drop", person: "ben", group: "juniors" } },
    ...after.flat(),
  ]);

const outage = (how: "no application" | "no permission") =>
  targets.map((target): readonly [Deed, Deed] => [
    { kind: "shut-out", target, how },
    { kind: "let-in", target },
  ]);
const frost = targets.map((target): readonly [Deed, Deed] => [
  { kind: "freeze", target },
  { kind: "thaw", target },
]);

/** A whole target cannot be reached, or one of its groups not written, while people come and go. */
export const outageStories = (how: "no application" | "no permission"): fc.Arbitrary<readonly Moment[]> =>
  fc
    .record({ trouble: forAWhile(fc.oneof(outage(how), frost)), meanwhile: stories, at: pauses })
    .map(({ trouble, meanwhile, at }) => together(trouble, at, meanwhile));

const lockedScope = targets.map((target): readonly [Deed, Deed] => [
  { kind: "lock-scope", target },
  { kind: "unlock-scope", target },
]);

const pausedSync = targets.map((target): readonly [Deed, Deed] => [
  { kind: "pause-sync", target },
  { kind: "start-sync", target },
]);

/** Ben leaves before there is an account, and cannot be taken out of the scope before the job goes on and makes one. */
const lateAccounts: fc.Arbitrary<readonly Moment[]> = fc
  .record({
    target: targets,
    way: fc.constantFrom<Deed>(
      { kind: "drop", person: "ben", group: "readers" },
      { kind: "disable", person: "ben" },
    ),
    afterMs: pauses,
    pausedMs: fc.constantFrom(600_000, 3_000_000, 5_400_000),
    lockedMs: fc.constantFrom(0, 600_000, 3_000_000),
  })
  .map(({ target, way, afterMs, pausedMs, lockedMs }) => [
    { afterMs: 0, deed: { kind: "pause-sync", target } },
    { afterMs: 0, deed: { kind: "join", person: "ben", group: "readers" } },
    { afterMs, deed: { kind: "lock-scope", target } },
    { afterMs: 2_000, deed: way },
    { afterMs: pausedMs, deed: { kind: "start-sync", target } },
    { afterMs: lockedMs, deed: { kind: "unlock-scope", target } },
  ]);

/** The scope of a target cannot be written for a while, its job is paused for a while, and people come and go. */
const lockedStories: fc.Arbitrary<readonly Moment[]> = fc
  .record({
    lock: fc.option(forAWhile(lockedScope), { freq: 2 }),
    pause: fc.option(forAWhile(pausedSync), { freq: 2 }),
    meanwhile: stories,
    lockAt: pauses,
    pauseAt: pauses,
  })
  .map(({ lock, pause, meanwhile, lockAt, pauseAt }) =>
    together(lock ?? [], lockAt, together(pause ?? [], pauseAt, meanwhile)),
  );

export const scopeStories: fc.Arbitrary<readonly Moment[]> = fc.oneof(
  { weight: 3, arbitrary: lockedStories },
  { weight: 1, arbitrary: lateAccounts },
);

/** Two stories side by side: the second begins a while after the first. */
function together(first: readonly Moment[], afterMs: number, second: readonly Moment[]): readonly Moment[] {
  const timed = (moments: readonly Moment[], begin: number) => {
    let at = begin;
    return moments.map(({ afterMs: pause, deed }) => ({ at: (at += pause), deed }));
  };
  const all = [...timed(first, 0), ...timed(second, afterMs)].toSorted((a, b) => a.at - b.at);
  return all.map(({ at, deed }, index) => ({ afterMs: at - (all[index - 1]?.at ?? 0), deed }));
}

/** People who put others into scope groups by hand, and take them out. */
export const handStories: fc.Arbitrary<readonly Moment[]> = scenes(
  {
    weight: 2,
    arbitrary: once(
      fc.record({
        kind: fc.constantFrom("scope-in" as const, "scope-out" as const),
        person: people,
        target: targets,
      }),
    ),
  },
  { weight: 2, arbitrary: once(membership("readers", "responders")) },
  { weight: 1, arbitrary: once(account) },
  { weight: 1, arbitrary: thereAndBack("readers") },
);

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

/** Roles change their names in one edit, and people come and go around it. Nothing changes for anybody. */
export const swapStories: fc.Arbitrary<readonly Moment[]> = fc
  .record({ before: once(membership("readers", "responders")), afterMs: pauses, after: stories })
  .map(({ before, afterMs, after }) => [
    ...before,
    { afterMs, deed: { kind: "deploy", edit: "swap-names" } },
    ...after,
  ]);

/** The policy is broken for a while, in which people come and go. */
export const brokenPolicyStories: fc.Arbitrary<readonly Moment[]> = fc
  .record({
    before: once(deeds),
    afterMs: pauses,
    during: stories,
    lastsMs: fc.constantFrom(2_000, 62_000, 700_000),
  })
  .map(({ before, afterMs, during, lastsMs }) => [
    ...before,
    { afterMs, deed: { kind: "break-policy" } },
    // Every key comes back once a minute as long as it lasts.
    ...during
      .filter(({ deed }) => deed.kind !== "deploy")
      .map((moment) => ({ ...moment, afterMs: Math.min(moment.afterMs, 200_000) })),
    { afterMs: lastsMs, deed: { kind: "mend-policy" } },
  ]);

/** The policy names another scope group for a target, while people come and go. */
export const movedScopeStories: fc.Arbitrary<readonly Moment[]> = fc
  .record({ before: once(membership("readers", "responders")), afterMs: pauses, after: stories })
  .map(({ before, afterMs, after }) => [
    ...before,
    { afterMs, deed: { kind: "deploy", edit: "move-scope" } },
    ...after,
  ]);

const ways = fc.constantFrom<PolicyEdit>("move-scope-to-role", "move-scope-to-package");
const otherWays = fc.constantFrom<PolicyEdit>(
  "move-scope-to-role",
  "move-scope-to-package",
  "move-scope",
  "move-scope-back",
);

/** The policy names a scope of another kind for a target, and perhaps one more, while people come and go. */
export const scopeKindStories: fc.Arbitrary<readonly Moment[]> = fc
  .record({
    first: fc.record({ afterMs: pauses, edit: ways }),
    during: stories,
    second: fc.option(fc.record({ afterMs: pauses, edit: otherWays })),
    after: stories,
  })
  .map(({ first, during, second, after }) => [
    { afterMs: first.afterMs, deed: { kind: "deploy", edit: first.edit } },
    ...during,
    ...(second === null
      ? []
      : [{ afterMs: second.afterMs, deed: { kind: "deploy", edit: second.edit } } satisfies Moment]),
    ...after,
  ]);

/** One is dropped, and nobody says who it was. */
export const dropStories: fc.Arbitrary<readonly Moment[]> = fc
  .constantFrom(0, 400, 2_000)
  .map((afterMs) => [{ afterMs, deed: { kind: "drop", person: "ana", group: "readers" } }]);

/** One leaves and returns when sync has taken the account away, or is about to. */
export const returnStories: fc.Arbitrary<readonly Moment[]> = fc
  .constantFrom(1_500_000, 2_700_000, 5_400_000)
  .map((awayMs) => [
    { afterMs: 0, deed: { kind: "drop", person: "ana", group: "readers" } },
    { afterMs: awayMs, deed: { kind: "join", person: "ana", group: "readers" } },
  ]);
