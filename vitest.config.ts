import { defineConfig } from "vitest/config";
import { ClosingLine } from "./test/support/closing-line.ts";
import { LongestFirst } from "./test/support/longest-first.ts";

const all = ["test/**/*.test.ts"];
const withProcesses = ["lab", "scenarios", "referee", "worlds", "weeks", "hostile"].map(
  (folder) => `test/${folder}/**/*.test.ts`,
);

export default defineConfig({
  test: {
    testTimeout: 30_000,
    hookTimeout: 60_000,
    // A lab waits a tenth of its time, for real time-outs and processes that start: one more of them than two cores fills that.
    maxWorkers: 3,
    // The same as for hosts in lab/host/host-child.ts.
    execArgv: ["--single-threaded-gc", "--min-semi-space-size=32", "--max-semi-space-size=64"],
    sequence: { sequencer: LongestFirst },
    reporters: ["default", new ClosingLine()],
    // What keeps nothing needs no process of its own for each file: most of a file's beginning is loading the SDKs.
    isolate: false,
    setupFiles: ["test/support/close-labs.ts"],
    projects: [
      {
        extends: true,
        test: {
          name: "with processes",
          include: withProcesses,
          experimental: { viteModuleRunner: false },
          // Ends what hangs. How long something may take is said in the lab's time, which a slow machine does not change.
          testTimeout: 90_000,
        },
      },
      { extends: true, test: { name: "pure", include: all, exclude: withProcesses } },
    ],
  },
});
