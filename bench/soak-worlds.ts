import { companiesOf, playSeeds } from "../test/worlds/play-seeds.ts";

type Options = { readonly first: number; readonly count: number; readonly trace?: true };

/** @returns how many companies of worlds went wrong */
export async function playWorlds({ first, count, trace }: Options): Promise<number> {
  const startedAt = performance.now();
  const told = new Map<string, number>();
  let failed = 0;
  let played = 0;
  for (const seeds of companiesOf(first, count)) {
    const verdict = await playSeeds(
      seeds,
      trace === undefined ? {} : { onLine: (line) => console.log(line) },
    );
    for (const { words } of verdict.failures) console.log(words);
    if (verdict.failures.length > 0) failed += 1;
    played += seeds.length;
    for (const reason of verdict.told) {
      const kind = withoutNames(reason);
      told.set(kind, (told.get(kind) ?? 0) + 1);
    }
    const seconds = ((performance.now() - startedAt) / 1_000).toFixed(0);
    console.log(`${played} of ${count} worlds, ${failed} labs with failures, ${seconds} s`);
  }
  console.log("people were told:");
  for (const [kind, times] of [...told].toSorted(([, a], [, b]) => b - a))
    console.log(`  ${times} × ${kind}`);
  return failed;
}

/** One line for all who were told of the same kind of thing. */
const withoutNames = (reason: string) =>
  reason
    .replaceAll(/\bw\d+-[\w.@-]+/g, "…")
    .replaceAll(/[\da-f]{8}-[\da-f-]{27}/g, "…")
    .replaceAll(
      /\b(?:Kit|Readers package|Responders package|Readers|Responders|Shared|Operators|Administrators)\b/g,
      "…",
    );
