import { idsOf } from "./ids.ts";
import type { WorldScene } from "./scene.ts";
import { isWrite, wordsOfWrite } from "./writes.ts";

/** Tells what has happened, after everything that the app wrote before it. */
export type Teller = (words: string) => void;

export function tellerOf({ lab, plans, beganAt }: WorldScene, onLine?: (line: string) => void): Teller {
  if (onLine === undefined) return () => undefined;
  const targets = plans.flatMap((plan) => plan.targets);
  const minutes = (at: number) => `${((at - beganAt) / 60_000).toFixed(2).padStart(7)} min`;
  const told = new Set<number>();
  return (words) => {
    // Numbered as they come, and written down when they are answered: a later one may be there first.
    for (const record of lab.graph.traffic()) {
      if (told.has(record.seq) || !isWrite(record)) continue;
      told.add(record.seq);
      const where = targets.find(({ name }) => idsOf.tenant(name) === record.tenantId)?.name ?? "source";
      onLine(`${minutes(Date.parse(record.at))}    ${where}: ${wordsOfWrite(record)}`);
    }
    onLine(`${minutes(lab.clock.now())} ${words}`);
  };
}
