import { companyOf } from "./draw-climate.ts";
import { playCompany, type PlayOptions, type Verdict } from "./play.ts";

/** Something that went wrong in a world, or in what worlds share, and how to see it again. */
export type Failure = { readonly words: string };

/** The companies that these seeds belong to, each with those of its seeds that are asked for. */
export function companiesOf(first: number, count: number): readonly (readonly number[])[] {
  const seeds = Array.from({ length: count }, (_, index) => first + index);
  return [...Map.groupBy(seeds, companyOf).values()];
}

/** Plays worlds of one company together. One that fails is played once more by itself, to say how to see it again. */
export async function playSeeds(
  seeds: readonly number[],
  options: PlayOptions = {},
): Promise<{ readonly failures: readonly Failure[]; readonly told: Verdict["told"] }> {
  const { findings, told } = await playCompany(seeds, options);
  const failures: Failure[] = [];
  for (const [seed, found] of findings) {
    if (found.length === 0) continue;
    const isAlone = seed !== "all" && (seeds.length === 1 || (await failsAlone(seed)));
    failures.push({ words: explain(seed, found, isAlone ? [seed] : seeds) });
  }
  return { failures, told };
}

async function failsAlone(seed: number): Promise<boolean> {
  const { findings } = await playCompany([seed]);
  return [...findings.values()].some((found) => found.length > 0);
}

function explain(seed: number | "all", findings: readonly string[], seeds: readonly number[]): string {
  const [first = 0] = seeds;
  const company = seeds.length > 1 ? `, in the company of ${seeds.join(", ")}` : "";
  return [
    `${seed === "all" ? "what the worlds share" : `world ${seed}`}${company}:`,
    ...findings.map((finding) => `  ${finding}`),
    `  again, step by step: npm run soak -- worlds --first ${first} --count ${seeds.length} --trace`,
  ].join("\n");
}
