import { BaseSequencer, type TestSpecification } from "vitest/node";

/** Files that play whole lives in a lab, or wait for real time-outs, take longest; begun last, they would leave the other workers idle at the end. */
export class LongestFirst extends BaseSequencer {
  override async sort(files: readonly TestSpecification[]): Promise<TestSpecification[]> {
    return files.toSorted((a, b) => rank(a) - rank(b));
  }
}

const order = [
  "/scenarios/kill",
  "/scenarios/faults",
  "/scenarios/leavers",
  "/worlds/",
  "/weeks/",
  "/referee/",
  "/graph/tenant",
  "/scenarios/",
  "/hostile/",
  "/graph/",
  "/lab/",
];

function rank({ moduleId }: TestSpecification): number {
  const found = order.findIndex((part) => moduleId.includes(part));
  return found === -1 ? order.length : found;
}
