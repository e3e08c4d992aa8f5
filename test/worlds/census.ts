import { idsOf, mailOf } from "./ids.ts";
import type { GrantsPlan, TargetPlan, WorldPlan } from "./plan.ts";

/** What is true of one source user, whatever Graph shows of it. */
export type Citizen = {
  /** As the plan names the person; who was hired again is another citizen of the same name. */
  readonly person: string;
  readonly id: string;
  readonly mail: string;
  readonly isProtected: boolean;
  readonly state: "live" | "in the bin" | "purged";
  readonly isEnabled: boolean;
  readonly roles: ReadonlySet<string>;
};

/** What somebody is to have somewhere: "group Readers", "eligible Operators", "package Kit", and at home "source …". */
export type WantedKeys = ReadonlySet<string>;

export type Census = {
  /** Everybody who has ever been there, the present holder of a name last. */
  readonly everybody: () => readonly Citizen[];
  /** Who bears the name now. */
  readonly bearer: (person: string) => Citizen;
  readonly change: (citizen: Citizen, change: Partial<Citizen>) => void;
  readonly hire: (citizen: Citizen) => void;
  readonly wantedIn: (citizen: Citizen, target: TargetPlan) => WantedKeys;
  readonly wantedAtHome: (citizen: Citizen) => WantedKeys;
  /** Whether they were to have it at any time since then. */
  readonly wasWanted: (id: string, where: string, key: string, since: number) => boolean;
  /** When what they are to have last changed there; -Infinity when it never has. */
  readonly turnedAt: (id: string, where: string) => number;
  readonly hasEverWorked: (id: string, where: string) => boolean;
};

export const atHome = "source";

export function censusOf(plans: readonly WorldPlan[], now: () => number): Census {
  const citizens: Citizen[] = plans.flatMap(({ people }) =>
    people.map(({ name, past }) => ({
      person: name,
      id: idsOf.person(name),
      mail: mailOf(name),
      isProtected: past === "protected",
      state: "live" as const,
      isEnabled: true,
      roles: new Set<string>(),
    })),
  );
  /** By `id|where`: what was wanted from when on. */
  const history = new Map<string, { readonly at: number; readonly keys: WantedKeys }[]>();
  const planOf = ({ person }: Citizen) => {
    const found = plans.find(({ people }) => people.some(({ name }) => name === person));
    if (found === undefined) throw new Error(`nobody has planned ${person}`);
    return found;
  };

  const counts = ({ isProtected, state, isEnabled }: Citizen) =>
    !isProtected && state === "live" && isEnabled;

  function wantedIn(citizen: Citizen, { grants }: TargetPlan): WantedKeys {
    if (!counts(citizen)) return new Set();
    return new Set([...citizen.roles].flatMap((role) => keysOf(grants[role])));
  }

  function wantedAtHome(citizen: Citizen): WantedKeys {
    if (!counts(citizen)) return new Set();
    const giving = planOf(citizen).targets.filter(({ mode }) => mode !== "observe");
    return new Set(
      [...citizen.roles].flatMap((role) =>
        giving.flatMap(({ grants }) => {
          const group = grants[role]?.sourceGroup ?? null;
          return group === null ? [] : [`source ${group}`];
        }),
      ),
    );
  }

  function note(citizen: Citizen): void {
    const places = [
      ...planOf(citizen).targets.map((target) => [target.name, wantedIn(citizen, target)] as const),
      [atHome, wantedAtHome(citizen)] as const,
    ];
    for (const [where, keys] of places) {
      const name = `${citizen.id}|${where}`;
      const known = history.get(name) ?? [];
      const last = known.at(-1)?.keys ?? new Set();
      history.set(name, known);
      if (last.symmetricDifference(keys).size > 0) known.push({ at: now(), keys });
    }
  }

  return {
    everybody: () => citizens,
    bearer(person) {
      const found = citizens.findLast((one) => one.person === person);
      if (found === undefined) throw new Error(`nobody is called ${person}`);
      return found;
    },
    change(citizen, change) {
      const index = citizens.findIndex(({ id }) => id === citizen.id);
      const changed = { ...citizen, ...change };
      citizens[index] = changed;
      note(changed);
    },
    hire(citizen) {
      citizens.push(citizen);
    },
    wantedIn,
    wantedAtHome,
    wasWanted(id, where, key, since) {
      const known = history.get(`${id}|${where}`) ?? [];
      return known.some(({ keys }, index) => keys.has(key) && (known[index + 1]?.at ?? Infinity) > since);
    },
    turnedAt: (id, where) => history.get(`${id}|${where}`)?.at(-1)?.at ?? -Infinity,
    hasEverWorked: (id, where) => (history.get(`${id}|${where}`) ?? []).some(({ keys }) => keys.size > 0),
  };
}

function keysOf(grants: GrantsPlan | undefined): readonly string[] {
  if (grants === undefined) return [];
  const { groups, eligible, package: one } = grants;
  return [
    ...groups.map((name) => `group ${name}`),
    ...(eligible === null ? [] : [`eligible ${eligible.group}`]),
    ...(one === null ? [] : [`package ${one.name}`]),
  ];
}
