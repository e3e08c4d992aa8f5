import type { Chance } from "../referee/chance.ts";
import type { Deed, GrantsPlan, Moment, PersonPlan, RolePlan, TargetPlan } from "./plan.ts";
import { minuteMs, storyMs } from "./times.ts";

type Cast = {
  readonly roles: readonly RolePlan[];
  readonly targets: readonly TargetPlan[];
  readonly people: readonly PersonPlan[];
};

/** Lives of joiners, movers and leavers, what administrators do by hand meanwhile, and what their tenants have to endure. */
export function drawStory(chance: Chance, cast: Cast): readonly Moment[] {
  const moments = [
    ...cast.people.flatMap((person) => life(chance, cast, person)),
    ...cast.targets.flatMap((target) => endured(chance, target, cast)),
  ];
  return moments.filter(({ at }) => at <= storyMs).toSorted((a, b) => a.at - b.at);
}

/** While sync or a package is on its way; when all has come; after a cycle of sync. */
const pauses = [0, 3_000, 20_000, 75_000, 4 * minuteMs, 10 * minuteMs, 20 * minuteMs, 42 * minuteMs] as const;
const pause = (chance: Chance, name: string) => chance.pick(name, pauses);

function life(chance: Chance, cast: Cast, { name: person }: PersonPlan): readonly Moment[] {
  const moments: Moment[] = [];
  let at = chance.pick("begins", [0, 5_000, 60_000, 4 * minuteMs]);
  const then = (...deeds: readonly Deed[]) => {
    for (const deed of deeds) moments.push({ at, deed });
  };
  const [first, second] = shuffled(chance, cast.roles);
  if (first === undefined) return [];
  let roles = [first.name];
  then({ kind: "join", person, role: first.name });
  const beganAt = at;
  if (second !== undefined && chance.happens("mover", 0.5)) {
    at += pause(chance, "moves after");
    then({ kind: "join", person, role: second.name });
    at += chance.pick("drops after", [0, 20_000, 12 * minuteMs]);
    if (chance.happens("drops the first", 0.7)) {
      then({ kind: "drop", person, role: first.name });
      roles = [second.name];
    } else roles.push(second.name);
  }
  for (let turn = 0; turn < 2 && chance.happens("leaves", turn === 0 ? 0.8 : 0.4); turn += 1) {
    at += pause(chance, "leaves after");
    const { out, back } = wayOut(chance, person, roles);
    for (const step of out) {
      at += step.afterMs;
      then(step.deed);
    }
    if (!chance.happens("comes back", 0.45)) break;
    at += pause(chance, "comes back after");
    then(...back);
  }
  const byHand = Array.from({ length: chance.pick("deeds by hand", [0, 1, 1, 2]) }, () => ({
    at: beganAt + chance.between("by hand at", 0, 45) * minuteMs,
    deeds: handDeeds(chance, cast, person),
  }));
  for (const { at: since, deeds } of byHand)
    for (const { afterMs, deed } of deeds) moments.push({ at: since + afterMs, deed });
  return moments;
}

type Step = { readonly afterMs: number; readonly deed: Deed };
type WayOut = { readonly out: readonly Step[]; readonly back: readonly Deed[] };

/** Ways to leave, and how somebody comes back who left like that. */
export function wayOut(chance: Chance, person: string, roles: readonly string[]): WayOut {
  const drops = roles.map((role): Deed => ({ kind: "drop", person, role }));
  const joins = roles.map((role): Deed => ({ kind: "join", person, role }));
  const now = (...deeds: readonly Deed[]) => deeds.map((deed): Step => ({ afterMs: 0, deed }));
  const later = (name: string, ...deeds: readonly Deed[]) =>
    deeds.map((deed, index): Step => ({ afterMs: index === 0 ? pause(chance, name) : 0, deed }));
  const disable: Deed = { kind: "disable", person };
  const enable: Deed = { kind: "enable", person };
  const remove: Deed = { kind: "delete", person };
  const restore: Deed = { kind: "restore", person };
  const way = chance.pick("way out", [
    "dropped",
    "dropped",
    "dropped",
    "disabled",
    "disabled",
    "deleted",
    "deleted",
    "purged",
    "disabled, then dropped",
    "dropped, then disabled",
    "disabled, then deleted",
    "deleted, and restored without a role",
  ]);
  switch (way) {
    case "dropped":
      return { out: now(...drops), back: joins };
    case "disabled":
      return { out: now(disable), back: [enable] };
    case "deleted":
      return { out: now(remove), back: [restore] };
    case "purged":
      return {
        out: [...now(remove), ...later("purged after", { kind: "purge", person })],
        back: [{ kind: "hire again", person }, ...joins],
      };
    case "disabled, then dropped":
      return { out: [...now(disable), ...later("dropped after", ...drops)], back: [enable, ...joins] };
    case "dropped, then disabled":
      return { out: [...now(...drops), ...later("disabled after", disable)], back: [enable, ...joins] };
    case "disabled, then deleted":
      return { out: [...now(disable), ...later("deleted after", remove)], back: [restore, enable] };
    case "deleted, and restored without a role":
      return { out: [...now(remove), ...later("restored after", restore, ...drops)], back: joins };
    default:
      return way satisfies never;
  }
}

const every = (targets: readonly TargetPlan[], pick: (grants: GrantsPlan) => readonly string[]) =>
  targets.flatMap(({ name, grants }) =>
    [...new Set(Object.values(grants).flatMap(pick))].map((what) => ({ target: name, what })),
  );

/** What an administrator does to somebody, in the source or in a target, and in part undoes. */
export function handDeeds(chance: Chance, { targets, people }: Cast, person: string): readonly Step[] {
  const [target = ""] = shuffled(chance, targets).map(({ name }) => name);
  const afterwards = pause(chance, "by hand, once more after");
  const groups = [...every(targets, (grants) => grants.groups), { target, what: "Engineers" }];
  const eligible = every(targets, (grants) => (grants.eligible === null ? [] : [grants.eligible.group]));
  const packages = every(targets, (grants) => (grants.package === null ? [] : [grants.package.name]));
  const delegated = every(targets, (grants) => (grants.sourceGroup === null ? [] : [grants.sourceGroup]));
  const of = <T>(name: string, items: readonly T[]) => shuffled(chance, items, name)[0];
  const one = (deed: Deed): readonly Step[] => [{ afterMs: 0, deed }];
  const two = (deed: Deed, next: Deed): readonly Step[] => [
    ...one(deed),
    ...(chance.happens("undone", 0.6) ? [{ afterMs: afterwards, deed: next }] : []),
  ];
  const [group, right, kit, home] = [
    of("group", groups),
    of("right", eligible),
    of("kit", packages),
    of("home", delegated),
  ];
  const menu: readonly (readonly Step[])[] = [
    ...(group === undefined
      ? []
      : [
          two(
            { kind: "give", person, target: group.target, group: group.what },
            { kind: "take", person, target: group.target, group: group.what },
          ),
          two(
            { kind: "take", person, target: group.target, group: group.what },
            { kind: "give", person, target: group.target, group: group.what },
          ),
          one({ kind: "review", person, target: group.target, group: group.what }),
        ]),
    ...(right === undefined
      ? []
      : [
          one({ kind: "activate", person, target: right.target, group: right.what }),
          one({ kind: "activate", person, target: right.target, group: right.what }),
          one({ kind: "activate", person, target: right.target, group: right.what }),
          two(
            { kind: "make eligible", person, target: right.target, group: right.what },
            { kind: "end eligibility", person, target: right.target, group: right.what },
          ),
          one({ kind: "end eligibility", person, target: right.target, group: right.what }),
        ]),
    ...(kit === undefined
      ? []
      : [
          one({ kind: "approve", person, target: kit.target }),
          one({ kind: "approve", person, target: kit.target }),
          one({ kind: "deny", person, target: kit.target }),
          two(
            { kind: "assign", person, target: kit.target, package: kit.what },
            { kind: "unassign", person, target: kit.target, package: kit.what },
          ),
          one({ kind: "unassign", person, target: kit.target, package: kit.what }),
        ]),
    ...targets.flatMap(({ name, scope }) =>
      scope === "package with approval"
        ? (["approve", "approve", "approve", "deny"] as const).map((kind) =>
            one({ kind, person, target: name }),
          )
        : [],
    ),
    ...(home === undefined
      ? []
      : [
          two(
            { kind: "into source group", person, group: home.what },
            { kind: "out of source group", person, group: home.what },
          ),
          one({ kind: "out of source group", person, group: home.what }),
        ]),
    one({ kind: "rename", person }),
    one({ kind: "stamp at home", person }),
    two({ kind: "into scope", person, target }, { kind: "out of scope", person, target }),
    one({ kind: "out of scope", person, target }),
    one({ kind: "block", person, target }),
    one({ kind: "remove account", person, target }),
    one({ kind: "stamp with a stranger's id", person, target }),
    two({ kind: "make a role holder", person, target }, { kind: "unmake a role holder", person, target }),
  ];
  return people.length === 0 ? [] : (of("by hand", menu) ?? []);
}

/** Troubles that stay in one tenant. */
export function endured(
  chance: Chance,
  { name, topology, grants }: TargetPlan,
  { people }: Cast,
): readonly Moment[] {
  return Array.from({ length: chance.pick("faults", [0, 0, 1, 1, 2]) }, (): Moment => {
    const at = chance.between("fault at", 0, 45) * minuteMs;
    const forMs = chance.pick("fault for", [30_000, 3 * minuteMs, 10 * minuteMs, 30 * minuteMs]);
    const times = chance.between("fault times", 1, 20);
    const match = { tenant: name };
    const user = `${people[chance.between("fault of", 0, people.length - 1)]?.name ?? ""}@source.example`;
    const hasPackages = Object.values(grants).some((one) => one.package !== null);
    const hasEligible = Object.values(grants).some((one) => one.eligible !== null);
    const faults = [
      { kind: "throttle", retryAfterSeconds: 30, times, match },
      { kind: "error", status: 503, times, match },
      { kind: "error", status: 500, share: 0.3, match },
      { kind: "timeout", times: Math.min(times, 5), match },
      { kind: "reset", times, match },
      { kind: "emptyRead", times, match },
      { kind: "partialPage", times, match },
      { kind: "lag", ms: 20_000, match },
      { kind: "revokedConsent", match },
      { kind: "missingPermission", tenant: name, permission: "GroupMember.ReadWrite.All" },
      ...(topology === "push"
        ? [{ kind: "quarantine", match } as const, { kind: "userFails", user, match } as const]
        : []),
      ...(hasPackages
        ? [{ kind: "stuckDelivery", match } as const, { kind: "stuckDelivery", match } as const]
        : []),
      ...(hasEligible
        ? [
            {
              kind: "missingPermission",
              tenant: name,
              permission: "PrivilegedEligibilitySchedule.ReadWrite.AzureADGroup",
            } as const,
          ]
        : []),
    ] as const;
    const fault = faults[chance.between("fault", 0, faults.length - 1)] ?? faults[0];
    return { at, deed: { kind: "fault", fault, forMs } };
  });
}

export function shuffled<T>(chance: Chance, items: readonly T[], name = "order"): readonly T[] {
  return items
    .map((item) => ({ item, place: chance.share(name) }))
    .toSorted((a, b) => a.place - b.place)
    .map(({ item }) => item);
}
