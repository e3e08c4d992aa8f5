import { monitorEventLoopDelay } from "node:perf_hooks";
import type { RunningLab } from "../../lab/running-lab.ts";
import { withEmptyHost } from "../baseline/empty-host.ts";
import { withLab } from "../bench-lab.ts";
import { figure, type Figure } from "../figure.ts";
import { bombard } from "../measure/bombard.ts";
import { deliveryFor } from "../measure/notifications.ts";
import { percentile } from "../measure/numbers.ts";

type Options = {
  readonly perSecond: number;
  readonly seconds: number;
  readonly onNote: (line: string) => void;
};

/** Not measured: connections are opened and code is compiled. */
const warmUpSeconds = 2;
/** Graph counts an answer as slow after this long. */
const slowMs = 3_000;
const nanosecondsInMs = 1_000_000;

/** Real time, at the door of a host that does nothing else: Azure scales functions with other triggers apart. */
export async function acknowledgementFigures(options: Options): Promise<readonly Figure[]> {
  return withLab({ targets: 1 }, (lab) => inLab(lab, options), {
    disabled: ["analysts", "arrivals", "access", "catch-up", "lifecycle-workflows"],
  });
}

async function inLab(lab: RunningLab, { perSecond, seconds, onNote }: Options): Promise<readonly Figure[]> {
  const body = await deliveryFor(lab);
  const measure = async (url: string) => {
    await bombard({ url, perSecond, seconds: warmUpSeconds, first: 0, body });
    return bombard({ url, perSecond, seconds, first: perSecond * warmUpSeconds, body });
  };
  onNote(`${perSecond} notifications a second for ${seconds} s, to a function that only answers`);
  const theirs = await withEmptyHost(lab, ({ url }) => measure(`${url}/api/notifications`));
  onNote(`${perSecond} notifications a second for ${seconds} s, to Muster`);
  const before = keysIn(lab);
  const stalls = monitorEventLoopDelay({ resolution: 1 });
  stalls.enable();
  const ours = await measure(`${lab.hosts[0]?.url}/api/notifications`);
  stalls.disable();
  const keys = keysIn(lab) - before;
  const sent = perSecond * (seconds + warmUpSeconds);
  if (keys !== sent)
    throw new Error(`${sent} notifications were acknowledged, and ${keys} keys are on a queue`);
  const name = (what: string) => `acknowledgement.${perSecond}-per-second.${what}`;
  const slow = (all: readonly number[]) => all.filter((ms) => ms > slowMs).length / all.length;
  return [
    figure(name("p50"), percentile(ours, 0.5), "ms", percentile(theirs, 0.5)),
    figure(name("p99"), percentile(ours, 0.99), "ms", percentile(theirs, 0.99)),
    figure(name("longest"), percentile(ours, 1), "ms", percentile(theirs, 1)),
    figure(name("beyond-3-s"), slow(ours), "share", slow(theirs)),
    // How long the process that plays Service Bus was busy with something else.
    figure(name("stalls-of-lab-p99"), stalls.percentile(99) / nanosecondsInMs, "ms"),
    figure(name("longest-stall-of-lab"), stalls.max / nanosecondsInMs, "ms"),
  ];
}

const keysIn = ({ bus }: RunningLab) => Object.values(bus.stats()).reduce((all, { sent }) => all + sent, 0);
