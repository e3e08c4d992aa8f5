import { defineConfig } from "vitest/config";
import { ClosingLine } from "./test/support/closing-line.ts";
import { LongestFirst } from "./test/support/longest-first.ts";

const all = ["test/**/*.test.ts"];
const withProcesses = ["lab", "scenarios", "referee"].map((folder) => `test/${folder}/**/*.test.ts`);

export default defineConfig({
  test: {
    testTimeout: 30_000,
    hookTimeout: 60_000,
    // Labs are processes of their own; more of them at a time than cores only makes each slower.
    maxWorkers: 2,
    sequence: { sequencer: LongestFirst },
    reporters: ["default", new ClosingLine()],
    projects: [
      { extends: true, test: { name: "with processes", include: withProcesses } },
      // What runs in one process and keeps nothing needs no process of its own for each file.
      { extends: true, test: { name: "pure", include: all, exclude: withProcesses, isolate: false } },
    ],
  },
});
