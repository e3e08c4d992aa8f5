import { describe, expect, test } from "vitest";
import { explainFailure, playNumber } from "./draw.ts";

/** `npm run soak -- schedules` plays others. */
const count = 10_000;
const perTest = 500;
/** Families that none of these numbers draws, because they are younger, and how many of each are played. */
const newer = [
  ["eligible", 200],
  ["packages", 200],
  ["pull", 200],
  ["governed", 200],
  ["kinds of scope", 200],
  ["workflows", 100],
  ["nights", 100],
  ["nights of edits", 100],
  ["governed nights", 100],
  ["nights of guests", 100],
] as const;

/** Two files share the numbers, so that both cores have something to do. */
export function testSchedules(which: "even" | "odd"): void {
  describe("whatever order things happen in, nobody is lost, nobody is robbed, and no proof is false", () => {
    const rest = which === "even" ? 0 : 1;
    test.each(newer)("schedules of the family %s", { timeout: 120_000 }, async (family, many) => {
      const failures: string[] = [];
      for (let seed = 1; seed <= many; seed += 1) {
        if (seed % 2 !== rest) continue;
        const failure = await playNumber(seed, { family });
        if (failure !== null) failures.push(explainFailure(failure));
      }
      expect(failures.join("\n")).toBe("");
    });
    const firsts = Array.from({ length: count / perTest }, (_, index) => index * perTest + 1);
    test.each(firsts)("schedules from %i", { timeout: 120_000 }, async (first) => {
      const failures: string[] = [];
      for (let seed = first; seed < first + perTest; seed += 1) {
        if (seed % 2 !== rest) continue;
        const failure = await playNumber(seed);
        if (failure !== null) failures.push(explainFailure(failure));
      }
      expect(failures.join("\n")).toBe("");
    });
  });
}
