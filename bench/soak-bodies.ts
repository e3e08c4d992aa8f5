import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startLab } from "../lab/start-lab.ts";
import { playHostile } from "../test/hostile/play.ts";

type Options = { readonly seed: number; readonly count: number };

const tellEvery = 10_000;

/** @returns how many bodies had an answer that they should not have */
export async function playBodies({ seed, count }: Options): Promise<number> {
  const folder = await mkdtemp(join(tmpdir(), "muster-bodies-"));
  const lab = await startLab({
    analysts: 0,
    targets: 1,
    weather: "calm",
    // What the app sends by itself is none of this.
    disabled: ["catch-up"],
    out: join(folder, "lab.json"),
  });
  try {
    const [host] = lab.hosts;
    const memory: number[] = [];
    const startedAt = performance.now();
    const { answers, failures } = await playHostile(lab, {
      seed,
      count,
      onProgress(done) {
        if (done % tellEvery !== 0 && done !== count) return;
        void residentMiB(host?.pid()).then((mib) => memory.push(mib));
        console.log(`${done} of ${count} bodies, ${((performance.now() - startedAt) / 1_000).toFixed(0)} s`);
      },
    });
    for (const failure of failures.slice(0, 20)) console.log(failure);
    console.table(answers);
    console.log(`the host's memory after each ${tellEvery}, MiB: ${memory.join(", ")}`);
    return failures.length;
  } finally {
    await lab.stop();
    await rm(folder, { recursive: true, force: true });
  }
}

/** As Linux tells it; NaN elsewhere. */
async function residentMiB(pid: number | undefined): Promise<number> {
  const text = await readFile(`/proc/${pid}/status`, "utf8").catch(() => "");
  return Math.round(Number(/VmRSS:\s+(\d+)/.exec(text)?.[1] ?? Number.NaN) / 1_024);
}
