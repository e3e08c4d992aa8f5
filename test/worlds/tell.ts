import { idsOf } from "./ids.ts";
import type { WorldScene } from "./scene.ts";
import { isWrite, wordsOfWrite } from "./writes.ts";

/** Tells what has happened, after everything that the app wrote before it. */
export type Teller = (words: string) => void;

export function tellerOf({ lab, plans, beganAt }: WorldScene, onLine?: (line: string) => void): Teller {
  if (onLine === undefined) return () => undefined;
  const targets = plans.flatMap((plan) => plan.targets);
  const minutes = (at: number) => `${((at - beganAt) / 60_000).toFixed(2).padStart(7)} min`;
  let told = 0;
  return (words) => {
    for (const record of lab.graph.traffic(told)) {
      told = record.seq;
      if (!isWrite(record)) continue;
      const where = targets.find(({ name }) => idsOf.tenant(name) === record.tenantId)?.name ?? "source";
      onLine(`${minutes(Date.parse(record.at))}    ${where}: ${wordsOfWrite(record)}`);
    }
    onLine(`${minutes(lab.clock.now())} ${words}`);
  };
}
