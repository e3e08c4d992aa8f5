import { mkdirSync, writeFileSync } from "node:fs";
import type { Reporter, TestModule } from "vitest/node";

const folder = "node_modules/.cache/muster";

/** Ends a run with one plain line of counts, and keeps it for whoever ran the tests as one of several steps. */
export class ClosingLine implements Reporter {
  onTestRunEnd(modules: readonly TestModule[], unhandled: readonly unknown[]): void {
    const counts = { passed: 0, failed: unhandled.length, skipped: 0 };
    for (const module of modules) {
      if (module.state() === "failed" && [...module.children.allTests("failed")].length === 0)
        counts.failed += 1;
      for (const test of module.children.allTests()) {
        const { state } = test.result();
        counts[state === "pending" ? "skipped" : state] += 1;
      }
    }
    const line = `${counts.passed} passed, ${counts.failed} failed, ${counts.skipped} skipped`;
    mkdirSync(folder, { recursive: true });
    writeFileSync(`${folder}/test-result.txt`, `${line}\n`);
    process.stdout.write(`${line}\n`);
  }
}
