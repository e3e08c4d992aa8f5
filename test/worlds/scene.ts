import type { RunningLab } from "../../lab/running-lab.ts";
import { atHome, type Census, type Citizen } from "./census.ts";
import { idsOf } from "./ids.ts";
import type { Climate, PersonalDeed, TargetPlan, WorldPlan } from "./plan.ts";

/** A lab in which worlds are played, and what its players remember. */
export type WorldScene = {
  readonly lab: RunningLab;
  readonly climate: Climate;
  readonly plans: readonly WorldPlan[];
  readonly census: Census;
  /** When the stories began, virtual time. */
  readonly beganAt: number;
  readonly memory: Memory;
};

export type Memory = {
  /** Somebody did this by hand. */
  readonly noteHand: (id: string, deed: PersonalDeed) => void;
  /** The kinds of deeds that somebody did there by hand, and what they took or gave: "take group Readers". */
  readonly byHand: (id: string, where: string) => ReadonlySet<string>;
  /** What was done to somebody there has no consequences any more. */
  readonly forgetHands: (id: string, where: string) => void;
  /** Something has happened that concerns somebody, by whoever's hand; null: everybody. */
  readonly noteDeed: (person: string | null) => void;
  /** When something last happened that concerned them, before this moment. */
  readonly lastDeedBefore: (person: string, at: number) => number;
  /** Looks up whose every account is, before it may be purged. */
  readonly noteOwners: () => void;
  /** Whose an account is that was there at any time. */
  readonly ownerOf: (target: string, account: string) => string | undefined;
  readonly accountsOf: (id: string, target: string) => readonly string[];
  /** Ids of users, and of their accounts, where people have interfered. */
  readonly handled: () => readonly string[];
};

export function memoryOf(lab: RunningLab, plans: readonly WorldPlan[]): Memory {
  const hands = new Map<string, Set<string>>();
  const owners = new Map<string, string>();
  const deeds: { readonly person: string | null; readonly at: number }[] = [];
  const accountsOf = (id: string, target: string) =>
    [...owners].flatMap(([account, owner]) =>
      owner === id && account.startsWith(`${target}|`) ? [account.slice(target.length + 1)] : [],
    );
  return {
    accountsOf,
    noteDeed: (person) => void deeds.push({ person, at: lab.clock.now() }),
    lastDeedBefore: (person, at) =>
      deeds.findLast((one) => one.at < at && (one.person === null || one.person === person))?.at ?? -Infinity,
    noteHand(id, deed) {
      const name = `${id}|${"target" in deed ? deed.target : atHome}`;
      const known = hands.get(name) ?? new Set();
      hands.set(name, known.add(deed.kind));
      if (deed.kind === "take" || deed.kind === "give" || deed.kind === "review")
        known.add(`${deed.kind} group ${deed.group}`);
      if (deed.kind === "end eligibility") known.add(`take eligible ${deed.group}`);
      if (deed.kind === "unassign") known.add(`take package ${deed.package}`);
    },
    forgetHands: (id, where) => void hands.delete(`${id}|${where}`),
    byHand: (id, where) => hands.get(`${id}|${where}`) ?? new Set(),
    noteOwners() {
      for (const { name } of plans.flatMap(({ targets }) => targets))
        for (const { id, sourceId } of lab.graph.truth(idsOf.tenant(name)).accounts)
          if (sourceId !== undefined) owners.set(`${name}|${id}`, sourceId);
    },
    ownerOf: (target, account) => owners.get(`${target}|${account}`),
    handled: () =>
      [...hands.keys()].flatMap((name) => {
        const [id = "", where = ""] = name.split("|");
        return [id, ...accountsOf(id, where)];
      }),
  };
}

export type PlannedPair = {
  readonly plan: WorldPlan;
  readonly citizen: Citizen;
  readonly target: TargetPlan;
};

/** Of everybody who was ever to have something somewhere. */
export function pairsOf({ plans, census }: WorldScene): readonly PlannedPair[] {
  return plans.flatMap((plan) =>
    census
      .everybody()
      .filter(({ person }) => plan.people.some(({ name }) => name === person))
      .flatMap((citizen) => plan.targets.map((target) => ({ plan, citizen, target })))
      .filter(({ citizen: { id }, target }) =>
        [target.name, atHome].some((where) => census.hasEverWorked(id, where)),
      ),
  );
}
