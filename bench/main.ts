import { Command, InvalidArgumentError, Option } from "commander";
import { acknowledgementFigures } from "./figures/acknowledgement.ts";
import { nightFigures, type NightSize } from "./figures/nights.ts";
import { onePersonFigures } from "./figures/one-person.ts";
import { startFigures } from "./figures/start.ts";
import { waveFigures } from "./figures/wave.ts";
import type { Figure } from "./figure.ts";
import { json, table } from "./print.ts";

/** `npm run bench`: figures of one run in the lab, each beside a baseline of the same run. See bench/README.md. */
type Options = {
  readonly only: readonly Group[];
  readonly targets: readonly number[];
  readonly rtt: readonly number[];
  readonly rate: number;
  readonly seconds: number;
  readonly people: number;
  readonly waveTargets: number;
  readonly startTargets: number;
  readonly starts: number;
  readonly sweeps: readonly NightSize[];
  readonly json?: true;
  readonly verbose?: true;
};

const groups = ["acknowledgement", "one-person", "wave", "sweep", "start"] as const;
type Group = (typeof groups)[number];

const options = new Command("bench")
  .description("Measures in the lab, beside a baseline.")
  .addOption(new Option("--only <groups...>", "what to measure").choices(groups).default(groups))
  .option("--targets <list>", "one-person: numbers of target tenants", wholes, [10, 100, 300])
  .option("--rtt <list>", "one-person, wave: latency of every answer of Graph, ms", wholes, [50])
  .option("--rate <n>", "acknowledgement: notifications a second", whole, 200)
  .option("--seconds <n>", "acknowledgement: for so long", whole, 60)
  .option("--people <n>", "wave: how many leave at once", whole, 50)
  .option("--wave-targets <n>", "wave: target tenants", whole, 20)
  .option("--sweeps <list>", "sweep: analysts x targets, 20x10 for example", sizes, [
    { analysts: 5, targets: 5 },
    { analysts: 10, targets: 10 },
    { analysts: 20, targets: 20 },
  ])
  .option("--start-targets <n>", "start: target tenants in the policy", whole, 100)
  .option("--starts <n>", "start: how often", whole, 5)
  .option("--json", "print one JSON document")
  .option("--verbose", "tell what is going on, and the requests of each critical path")
  .parse()
  .opts<Options>();

// Away from what is printed: with --json that is one document.
const onNote = (line: string) => {
  if (options.verbose) console.error(line);
};

const measures: Readonly<Record<Group, () => Promise<readonly Figure[]>>> = {
  acknowledgement: () =>
    acknowledgementFigures({ perSecond: options.rate, seconds: options.seconds, onNote }),
  "one-person": () => onePersonFigures({ targets: options.targets, rtt: options.rtt, onNote }),
  wave: () =>
    waveFigures({
      people: options.people,
      targets: options.waveTargets,
      rttMs: options.rtt[0] ?? 0,
      onNote,
    }),
  sweep: () => nightFigures({ sizes: options.sweeps, rttMs: options.rtt[0] ?? 0, onNote }),
  start: () => startFigures({ targets: options.startTargets, times: options.starts, onNote }),
};

const figures: Figure[] = [];
for (const group of groups.filter((name) => options.only.includes(name)))
  figures.push(...(await measures[group]()));
console.log(options.json ? json(figures) : table(figures));

function whole(text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 0) throw new InvalidArgumentError("It has to be a whole number.");
  return value;
}

function sizes(text: string): readonly NightSize[] {
  return text.split(",").map((one) => {
    const [analysts = 0, targets = 0, ...more] = one.split("x").map(whole);
    if (targets === 0 || more.length > 0)
      throw new InvalidArgumentError("Write analysts x targets, 20x10 for example.");
    return { analysts, targets };
  });
}

function wholes(text: string): readonly number[] {
  return text.split(",").map(whole);
}
