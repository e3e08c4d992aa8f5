import { inMib } from "../test/weeks/judge-memory.ts";
import type { WeekReport } from "../test/weeks/judge-week.ts";
import { playWeeks } from "../test/weeks/play-weeks.ts";

type Options = { readonly first: number; readonly count: number; readonly trace?: true };

/** @returns how many weeks went wrong */
export async function soakWeeks({ first: seed, count, trace }: Options): Promise<number> {
  let end = async () => {};
  for (const signal of ["SIGINT", "SIGTERM"] as const)
    process.once(signal, () => void end().finally(() => process.exit(130)));
  let startedAt = performance.now();
  const reports = await playWeeks({
    seed,
    weeks: count,
    onBegun: (how) => (end = how),
    ...(trace === undefined ? {} : { onLine: (line) => console.log(line) }),
    onWeek(report) {
      const now = performance.now();
      console.log(lineOf(report, (now - startedAt) / 1_000));
      for (const problem of report.problems) console.log(`  ${problem}`);
      startedAt = now;
    },
  });
  const failed = reports.filter(({ problems }) => problems.length > 0).length;
  console.log(tablesOf(reports));
  if (failed > 0)
    console.log(`again, step by step: npm run soak -- weeks --first ${seed} --count ${count} --trace`);
  return failed;
}

function lineOf(report: WeekReport, seconds: number): string {
  const { week, problems, deeds, troubles, requests, writes, nights, openFindings, rows, heaps } = report;
  const { differ = 0, ...ends } = nights;
  const ended = Object.entries(ends).map(([end, count]) => `${count} ${end}`);
  return [
    `week ${week}: ${problems.length === 0 ? "as it should be" : `${problems.length} problems`}`,
    `${deeds} deeds, ${troubles} troubles`,
    `${requests} requests, ${writes} writes`,
    `nights: ${differ} differed${ended.length === 0 ? "" : ` (${ended.join(", ")})`}`,
    `${openFindings} open findings`,
    `rows: ${Object.values(rows).reduce((sum, count) => sum + count, 0)}`,
    `heaps: ${heaps.map(({ bytes }) => inMib(bytes)).join(" and ")} MiB`,
    `${seconds.toFixed(0)} s`,
  ].join("; ");
}

/** Which tables have grown, week by week. */
function tablesOf(reports: readonly WeekReport[]): string {
  const names = Object.keys(reports[0]?.rows ?? {});
  return names
    .map((name) => `rows of ${name}: ${reports.map(({ rows }) => rows[name] ?? 0).join(", ")}`)
    .join("\n");
}
