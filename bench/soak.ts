import { fork } from "node:child_process";
import { availableParallelism } from "node:os";
import { Command, InvalidArgumentError, Option } from "commander";
import { explainFailure, playNumber, type Failure } from "../test/referee/draw.ts";
import { familyNames, type FamilyName } from "../test/referee/families.ts";
import { playBodies } from "./soak-bodies.ts";
import { soakWeeks } from "./soak-weeks.ts";
import { playWorlds } from "./soak-worlds.ts";

/** `npm run soak`: the tests that are never long enough, for as long as somebody wants. */
const program = new Command("soak").description("Plays what `npm test` has no time for.");

/** How often to say how far it is. */
const tellEvery = 1_000;

type Options = {
  readonly first: number;
  readonly count: number;
  readonly workers: number;
  readonly family?: FamilyName;
  readonly only?: string;
  readonly trace?: true;
  readonly shrink?: true;
};

program
  .command("schedules")
  .description("plays schedules of the referee: every order of steps follows from its number")
  .option("--first <n>", "the first number", whole, 10_001)
  .option("--count <n>", "how many", whole, 100_000)
  .option("--workers <n>", "processes", whole, availableParallelism())
  .addOption(new Option("--family <name>", "stories of this kind alone").choices(familyNames))
  .option("--only <kinds>", "kinds of trouble to leave in, such as lostLocks,slow,longestSlowMs")
  .option("--trace", "tell each step; for one schedule")
  .option("--shrink", "look for the shortest story that fails")
  .action(async (options: Options) => {
    const failed = options.workers > 1 && options.count > 1 ? await share(options) : await play(options);
    process.exitCode = failed === 0 ? 0 : 1;
  });

program
  .command("worlds")
  .description(
    "plays whole worlds in the lab: tenants, a policy, people and what becomes of them follow from a seed",
  )
  .option("--first <seed>", "the first seed", whole, 51)
  .option("--count <n>", "how many", whole, 2_000)
  .option("--trace", "tell everything that happens, and what the app writes")
  .action(async (options: { readonly first: number; readonly count: number; readonly trace?: true }) => {
    process.exitCode = (await playWorlds(options)) === 0 ? 0 : 1;
  });

program
  .command("weeks")
  .description("plays weeks of an organisation in the lab, with two hosts, and judges each of them")
  .option("--first <seed>", "the seed of the organisation and of all that becomes of it", whole, 1)
  .option("--count <n>", "how many weeks", whole, 8)
  .option("--trace", "tell everything that happens, and what the app writes")
  .action(async (options: { readonly first: number; readonly count: number; readonly trace?: true }) => {
    process.exitCode = (await soakWeeks(options)) === 0 ? 0 : 1;
  });

program
  .command("bodies")
  .description("sends random and hostile bodies to the functions that everybody reaches, in the lab")
  .option("--seed <n>", "where the numbers begin", whole, 1)
  .option("--count <n>", "how many", whole, 100_000)
  .action(async (options: { readonly seed: number; readonly count: number }) => {
    process.exitCode = (await playBodies(options)) === 0 ? 0 : 1;
  });

await program.parseAsync();

function whole(text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 0) throw new InvalidArgumentError("It has to be a whole number.");
  return value;
}

async function play({ first, count, family, only, trace, shrink }: Options): Promise<number> {
  const startedAt = performance.now();
  let failed = 0;
  for (let seed = first; seed < first + count; seed += 1) {
    const failure = await playNumber(seed, {
      ...(family === undefined ? {} : { family }),
      ...(only === undefined ? {} : { only: only.split(",") }),
      ...(trace === undefined ? {} : { onLine: (line: string) => console.log(line) }),
      ...(shrink === undefined ? {} : { shrink: "yes" as const }),
    });
    if (failure !== null) {
      failed += 1;
      report(failure);
    }
    const played = seed - first + 1;
    if (played % tellEvery === 0 || played === count) tell({ played, count, failed, startedAt });
  }
  return failed;
}

function report(failure: Failure): void {
  console.log(explainFailure(failure));
}

function tell(so: { played: number; count: number; failed: number; startedAt: number }): void {
  const seconds = (performance.now() - so.startedAt) / 1_000;
  console.log(`${so.played} of ${so.count} schedules, ${so.failed} failed, ${seconds.toFixed(0)} s`);
}

/** Each process takes its part of the numbers. */
async function share(options: Options): Promise<number> {
  const size = Math.ceil(options.count / options.workers);
  const codes = await Promise.all(
    Array.from({ length: options.workers }, (_, index) => {
      const first = options.first + index * size;
      const count = Math.min(size, options.first + options.count - first);
      return count <= 0 ? Promise.resolve(0) : inProcess([`--first=${first}`, `--count=${count}`], options);
    }),
  );
  return codes.filter((code) => code !== 0).length;
}

function inProcess(part: readonly string[], { family, only, shrink }: Options): Promise<number> {
  const passed = [
    ...(family === undefined ? [] : [`--family=${family}`]),
    ...(only === undefined ? [] : [`--only=${only}`]),
    ...(shrink === undefined ? [] : ["--shrink"]),
  ];
  const child = fork(import.meta.filename, ["schedules", "--workers=1", ...part, ...passed]);
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => child.kill(signal));
  return new Promise((done) => child.once("exit", (code) => done(code ?? 1)));
}
