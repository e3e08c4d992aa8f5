import type { HostProcess } from "../../lab/host/host-process.ts";
import type { RunningLab } from "../../lab/running-lab.ts";
import { withEmptyHost } from "../baseline/empty-host.ts";
import { withLab } from "../bench-lab.ts";
import { figure, type Figure } from "../figure.ts";
import { deliveryFor } from "../measure/notifications.ts";
import { numbered } from "../measure/load.ts";
import { median } from "../measure/numbers.ts";
import { memoryOf } from "../measure/processes.ts";

type Options = {
  readonly targets: number;
  readonly times: number;
  readonly onNote: (line: string) => void;
};

/** A package that was just deployed finds nothing compiled. */
const settings = { NODE_DISABLE_COMPILE_CACHE: "1" };

/** Cold start, and what a host takes that has nothing to do. */
export async function startFigures({ targets, times, onNote }: Options): Promise<readonly Figure[]> {
  const inLab = async (lab: RunningLab) => {
    const body = await deliveryFor(lab);
    const [host] = lab.hosts;
    if (host === undefined) throw new Error("the lab has no host");
    onNote(`a host starts ${times} times, and an empty one`);
    const ours = await starts(host, { times, body });
    const theirs = await withEmptyHost({ ...lab, settings }, (empty) => starts(empty, { times, body }));
    const middle = (all: readonly Start[], what: keyof Start) => median(all.map((one) => one[what]));
    const name = (what: string) => `host.targets-${targets}.${what}`;
    return [
      figure(name("start"), middle(ours, "loadedMs"), "ms", middle(theirs, "loadedMs")),
      figure(
        name("start-to-first-invocation"),
        middle(ours, "answeredMs"),
        "ms",
        middle(theirs, "answeredMs"),
      ),
      figure(name("idle-memory"), middle(ours, "idleMiB"), "MiB", middle(theirs, "idleMiB")),
    ];
  };
  return withLab({ targets }, inLab, { settings });
}

type Start = { readonly loadedMs: number; readonly answeredMs: number; readonly idleMiB: number };

async function starts(
  host: HostProcess,
  { times, body }: { readonly times: number; readonly body: string },
): Promise<readonly Start[]> {
  const all: Start[] = [];
  for (let number = 0; number < times; number += 1) {
    await host.kill();
    const startedAt = performance.now();
    await host.start();
    const loadedMs = performance.now() - startedAt;
    const answer = await fetch(`${host.url}/api/notifications`, {
      method: "POST",
      body: numbered(body, number),
    });
    await answer.text();
    if (answer.status !== 202) throw new Error(`the first notification was answered with ${answer.status}`);
    const answeredMs = performance.now() - startedAt;
    await idle();
    all.push({ loadedMs, answeredMs, idleMiB: (await memoryOf(host.pid())).residentMiB });
  }
  return all;
}

/** Real time: what is collected is collected, and links are attached. */
const idle = () => new Promise((resolve) => setTimeout(resolve, 5_000));
