import { chanceOf, type Chance } from "../referee/chance.ts";
import { drawRoles, drawTargets } from "./draw-tenants.ts";
import { drawStory } from "./draw-story.ts";
import type { PersonPlan, WorldPlan } from "./plan.ts";

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
    story: drawStory(chance, { roles, targets, people }),
    lastWord: chance.pick("last word", ["approve", "deny", "none"]),
  };
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
