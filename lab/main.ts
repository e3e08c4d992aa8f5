import { createWriteStream } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { Command, InvalidArgumentError, Option } from "commander";
import { startLab } from "./start-lab.ts";
import { weatherNames, type WeatherName } from "./weather.ts";

/** `npm run lab`: starts everything, says where it is, and stops everything on Ctrl-C. */
const program = new Command("lab")
  .description("Runs Muster on this machine against a simulated Microsoft Graph. See docs/lab.md.")
  .option("--analysts <n>", "analysts at work when the lab is ready", whole, 12)
  .option("--targets <n>", "target tenants", positive, 3)
  .option("--pull <n>", "target tenants that invite, besides", whole, 0)
  .option("--hosts <n>", "Functions host processes", positive, 1)
  .option("--split", "a process for HTTP, one for timers and one for each queue, as Azure scales them")
  .option("--seed <n>", "which world", whole, 1)
  .option("--rtt <ms>", "latency added to every Graph response", whole, 0)
  .addOption(new Option("--weather <name>", "how kind the world is").choices(weatherNames).default("azure"))
  .option("--policy <file>", "a policy to use instead of the world's own")
  .option("--out <file>", "where to describe the lab", ".lab/lab.json")
  .parse();

const options = program.opts<{
  analysts: number;
  targets: number;
  pull: number;
  hosts: number;
  split?: true;
  seed: number;
  rtt: number;
  weather: WeatherName;
  policy?: string;
  out: string;
}>();

const stopping = new AbortController();
let state: "starting" | "ready" = "starting";
for (const signal of ["SIGINT", "SIGTERM"] as const) {
  process.on(signal, () => {
    // Nothing that is still starting outlives this process.
    if (state === "starting") process.exit(0);
    stopping.abort();
  });
}

const logFile = join(dirname(resolve(options.out)), "hosts.log");
let log: ReturnType<typeof createWriteStream> | undefined;

try {
  const startedAt = performance.now();
  const lab = await startLab({
    analysts: options.analysts,
    targets: options.targets,
    pull: options.pull,
    hosts: options.hosts,
    processes: options.split === true ? "split" : "together",
    seed: options.seed,
    rttMs: options.rtt,
    weather: options.weather,
    out: options.out,
    ...(options.policy === undefined ? {} : { policyFile: options.policy }),
    onProgress: (line) => console.log(`  ${line}`),
    onLog: (line) => {
      log ??= createWriteStream(logFile);
      log.write(`${JSON.stringify(line)}\n`);
    },
  });
  state = "ready";
  const seconds = ((performance.now() - startedAt) / 1000).toFixed(1);
  console.log(`lab ready in ${seconds} s`);
  console.log(`  graph      ${lab.graph.url}`);
  for (const [index, { name, url }] of lab.hosts.entries())
    console.log(`  host ${index + 1}     ${url} (${name})`);
  console.log(`  control    ${lab.controlUrl}`);
  console.log(`  described  ${options.out}`);
  console.log(`  host logs  ${logFile}`);
  console.log("Ctrl-C stops it.");
  await aborted(stopping.signal);
  await lab.stop();
  process.exit(0);
} catch (error) {
  console.error(`The lab could not start: ${error instanceof Error ? error.message : String(error)}`);
  process.exit(1);
}

function aborted(signal: AbortSignal): Promise<void> {
  // The timer keeps the process alive; servers and children alone might not.
  const alive = setInterval(() => undefined, 60_000);
  return new Promise((done) => {
    const end = () => {
      clearInterval(alive);
      done();
    };
    if (signal.aborted) end();
    else signal.addEventListener("abort", end, { once: true });
  });
}

function whole(text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 0) throw new InvalidArgumentError("It has to be a whole number.");
  return value;
}

function positive(text: string): number {
  const value = whole(text);
  if (value === 0) throw new InvalidArgumentError("It has to be at least 1.");
  return value;
}
