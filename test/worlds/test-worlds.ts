import { describe, expect, test } from "vitest";
import { seedsOf } from "./draw-climate.ts";
import { playSeeds } from "./play-seeds.ts";

/** `npm run soak -- worlds` plays others. */
export function testWorlds(companies: readonly number[]): void {
  describe("whatever happens in a world, everybody ends with what the policy says, or a finding says why not", () => {
    test.each(companies.map((company) => [seedsOf(company)[0], seedsOf(company).at(-1), company] as const))(
      "seeds %i to %i",
      { timeout: 400_000 },
      async (_first, _last, company) => {
        const { failures } = await playSeeds(seedsOf(company));
        expect(failures.map(({ words }) => words).join("\n")).toBe("");
      },
    );
  });
}
