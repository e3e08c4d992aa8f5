import type { Truth } from "../../lab/graph/record/truth.ts";
import { atHome, type Census } from "./census.ts";
import { idsOf } from "./ids.ts";
import type { WorldPlan } from "./plan.ts";

type Parts = {
  readonly plan: WorldPlan;
  readonly census: Census;
  readonly home: Truth;
  /** What people did to somebody in the source. */
  readonly byHand: (id: string) => ReadonlySet<string>;
};

/** What is wrong with the groups of the source that targets delegate to. */
export function judgeHome({ plan, census, home, byHand }: Parts): readonly string[] {
  const names = plan.targets.flatMap(({ grants }) =>
    Object.values(grants).flatMap(({ sourceGroup }) => sourceGroup ?? []),
  );
  const people = new Set(plan.people.map(({ name }) => name));
  const citizens = census.everybody().filter(({ person, state }) => people.has(person) && state === "live");
  return citizens.flatMap((citizen) =>
    [...new Set(names)].flatMap((name): readonly string[] => {
      const key = `source ${name}`;
      const group = idsOf.group("source", name);
      const membership = home.members.find((one) => one.group === group && one.member === citizen.id);
      const isWanted = census.wantedAtHome(citizen).has(key);
      const mayGo = plan.targets.some(
        ({ mode, grants }) =>
          mode === "full" && Object.values(grants).some(({ sourceGroup }) => sourceGroup === name),
      );
      if (isWanted && membership === undefined && !byHand(citizen.id).has("out of source group"))
        return [`${citizen.person} in ${atHome}: robbed: lacks ${key}`];
      return !isWanted && mayGo && membership?.by === "app"
        ? [`${citizen.person} in ${atHome}: lost: keeps ${key}`]
        : [];
    }),
  );
}
