import type { RunningLab } from "../../lab/running-lab.ts";
import { script } from "../bench-lab.ts";
import { answeredAt, type Request } from "./chains.ts";
import { lastSeq, requestsOf } from "./traffic.ts";

/** What the baseline took. Each of its requests waits for the one before it, so its critical path is all of them. */
export type ScriptRun = {
  readonly startedAt: number;
  /** From its start to its last answer, ms. */
  readonly ms: number;
  readonly requests: readonly Request[];
};

export async function measureScript(lab: RunningLab, work: () => Promise<void>): Promise<ScriptRun> {
  const since = lastSeq(lab);
  const startedAt = lab.clock.now();
  await work();
  const requests = requestsOf(lab, script.clientId, since);
  return { startedAt, ms: Math.max(...requests.map(answeredAt)) - startedAt, requests };
}

/** From here on the lab belongs to the script alone: nobody is told of what it does. */
export async function withoutMuster(lab: RunningLab): Promise<void> {
  lab.graph.faults.add({ kind: "lostNotification" });
  await Promise.all(lab.hosts.map((host) => host.stop()));
}
