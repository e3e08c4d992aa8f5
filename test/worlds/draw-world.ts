import { chanceOf, type Chance } from "../referee/chance.ts";
import { drawRoles, drawTargets } from "./draw-tenants.ts";
import { drawStory } from "./draw-story.ts";
import type { Moment, PersonPlan, WorldPlan } from "./plan.ts";
import { minuteMs } from "./times.ts";

/** Everything about a world that follows from its seed. */
export function drawWorld(seed: number): WorldPlan {
  const chance = chanceOf(seed);
  const name = `w${seed}`;
  const roles = drawRoles(chance, name);
  const targets = drawTargets(chance, { world: name, roles, isSmall: isSmall(seed) });
  const people = drawPeople(chance, seed);
  return {
    seed,
    roles,
    targets,
    people,
    story: withOddities(seed, drawStory(chance, { roles, targets, people }), { targets, people }),
    lastWord: chance.pick("last word", ["approve", "deny", "none"]),
  };
}

/** Older worlds are as they were when they were first played. */
const firstOdd = 41;

/** What happens now and then besides: two with one mail, and a second account that carries somebody's stamp. Drawn by itself. */
function withOddities(
  seed: number,
  story: readonly Moment[],
  { targets, people }: Pick<WorldPlan, "targets" | "people">,
): readonly Moment[] {
  const chance = chanceOf(seed * 104_729);
  const [one, other] = people;
  if (seed < firstOdd || one === undefined) return story;
  const at = (name: string) => chance.between(name, 0, 40) * minuteMs;
  const [target] = targets;
  const odd: readonly Moment[] = [
    ...(other !== undefined && chance.happens("one mail", 0.25)
      ? [
          {
            at: at("one mail at"),
            deed: { kind: "take the mail of", person: other.name, other: one.name },
          } as const,
        ]
      : []),
    ...(target !== undefined && chance.happens("second account", 0.3)
      ? [
          {
            at: at("second at"),
            deed: { kind: "make a second account", person: one.name, target: target.name },
          } as const,
        ]
      : []),
  ];
  return odd.length === 0 ? story : [...story, ...odd].toSorted((a, b) => a.at - b.at);
}

/** `npm test` plays the first fifty, and everybody in them costs a look every quarter of an hour. */
const isSmall = (seed: number) => seed <= 50;

function drawPeople(chance: Chance, seed: number): readonly PersonPlan[] {
  const count = chance.pick("people", isSmall(seed) ? [1, 1, 1, 2] : [1, 2, 2, 3]);
  return ["ana", "ben", "cleo"].slice(0, count).map((one) => ({
    name: `w${seed}-${one}`,
    past: chance.pick("past", [
      "new",
      "new",
      "new",
      "new",
      "new",
      "new",
      "veteran",
      "veteran",
      "namesake",
      "namesake",
      "twin",
      "protected",
    ]),
  }));
}
