import { chanceOf, type Chance } from "../referee/chance.ts";
import { drawTarget } from "../worlds/draw-tenants.ts";
import type { Climate, GrantsPlan, PersonPlan, RolePlan, TargetPlan, WorldPlan } from "../worlds/plan.ts";

/**
 * The organisation of a seed: a role of each kind of evidence, targets of both topologies in which every kind of grant is given, and people of
 * whom some are there from the beginning and one more begins each week. Its story is drawn week by week.
 */
export function drawOrganisation(seed: number, weeks: number): WorldPlan {
  const world = `o${seed}`;
  const roles: readonly RolePlan[] = [
    { name: `${world}-reader`, shownBy: "group" },
    { name: `${world}-responder`, shownBy: "team" },
    { name: `${world}-hunter`, shownBy: "attributes" },
  ];
  const chance = chanceOf(seed * 15_485_863);
  return {
    seed,
    roles,
    targets: drawTargets(chance, world, roles),
    people: drawPeople(chance, { world, count: firstPeople + weeks }),
    story: [],
    lastWord: "approve",
  };
}

/** Who is there when the first week begins. */
export const firstPeople = 7;

/** What holds for everybody: Muster puts leavers' accounts into the recycle bin, and leaves alone those that were there before it. */
export function drawTerms(seed: number): Climate {
  const chance = chanceOf(seed * 7_919);
  const order = chance.pick("order", ["add-first", "remove-first"]);
  return {
    company: seed,
    weather: "azure",
    leavers: {
      revokeSessions: true,
      block: true,
      deleteAfter: chance.pick("deleteAfter", ["P0D", "PT1H"]),
      accounts: "owned",
    },
    movers: { order, ...(order === "add-first" && chance.happens("grace", 0.5) ? { grace: "PT30M" } : {}) },
    patience: "PT30M",
    troubles: [],
  };
}

/** Draws until the targets have everything between them. */
function drawTargets(chance: Chance, world: string, roles: readonly RolePlan[]): readonly TargetPlan[] {
  for (;;) {
    const targets = ["north", "south", "east"].map((one) =>
      lasting(drawTarget(chance, { name: `${world}-${one}`, world, roles })),
    );
    if (isWhole(targets)) return targets;
  }
}

/** What ends by itself is given for days, as people write it: in a lab's hour it would be for hours. */
function lasting(target: TargetPlan): TargetPlan {
  const grants = Object.entries(target.grants).map(([role, one]): [string, GrantsPlan] => [
    role,
    {
      ...one,
      eligible: one.eligible?.duration === undefined ? one.eligible : { ...one.eligible, duration: "P3D" },
      package:
        one.package === null || one.package.expires === null
          ? one.package
          : { ...one.package, expires: "P2D" },
    },
  ]);
  return { ...target, grants: Object.fromEntries(grants) };
}

function isWhole(targets: readonly TargetPlan[]): boolean {
  const grants = targets.flatMap((target) => (target.mode === "full" ? Object.values(target.grants) : []));
  const isGiven = (pick: (one: GrantsPlan) => boolean) => grants.some((one) => pick(one));
  const pushed = targets.filter(({ topology }) => topology === "push");
  return (
    pushed.length === 2 &&
    pushed.some(({ scope }) => scope === "group") &&
    pushed.some(({ scope }) => scope !== "group") &&
    targets.every(({ mode }) => mode !== "observe") &&
    isGiven(({ groups }) => groups.length > 0) &&
    isGiven(({ eligible }) => eligible !== null) &&
    isGiven((one) => one.package !== null) &&
    isGiven(({ sourceGroup }) => sourceGroup !== null)
  );
}

function drawPeople(
  chance: Chance,
  { world, count }: { readonly world: string; readonly count: number },
): readonly PersonPlan[] {
  return Array.from({ length: count }, (_, index) => ({
    name: `${world}-p${index + 1}`,
    past: chance.pick("past", ["new", "new", "new", "new", "new", "new", "veteran", "namesake", "protected"]),
  }));
}
