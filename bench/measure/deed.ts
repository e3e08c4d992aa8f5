import type { RunningLab } from "../../lab/running-lab.ts";
import { forgetPeak, memoryOf, processorMs } from "./processes.ts";
import { proofsSince } from "./proofs.ts";
import { lastSeq, requestsOf } from "./traffic.ts";
import type { Request } from "./chains.ts";

/** What became of something that was done to people at home. */
export type Deed = {
  readonly startedAt: number;
  /** When each pair was proven first, by "person target". */
  readonly proofs: ReadonlyMap<string, number>;
  readonly provenAt: number;
  /** The app's requests until the last proof, and those that follow until everything is at rest. */
  readonly requests: readonly Request[];
  readonly after: readonly Request[];
  /** Time on a processor until the last proof: of the host, and of the lab that plays everything else. */
  readonly hostMs: number;
  readonly labMs: number;
  /** Of the host: the most until everything was at rest, and what it had then. */
  readonly peakMiB: number;
  readonly afterMiB: number;
};

export type Plan = {
  readonly purpose: "join" | "leave";
  /** How many pairs of a person and a target are to be proven. */
  readonly pairs: number;
  readonly act: () => Promise<void>;
};

const patienceMs = 300_000;
/** Keys that fall due so soon belong to the deed: the pauses that the app makes for the quota of on-demand provisioning. */
const soonMs = 60_000;
/** What is looked at again after a proof is looked at within this time. */
const afterwardsMs = 10 * 60_000;

export async function measureDeed(lab: RunningLab, { purpose, pairs, act }: Plan): Promise<Deed> {
  await quiet(lab);
  const since = lastSeq(lab);
  const [host] = lab.hosts;
  const before = { host: await processorMs(host?.pid()), lab: await processorMs(process.pid) };
  await forgetPeak(host?.pid());
  const startedAt = lab.clock.now();
  await act();
  let proofs = await proofsWhenSettled(lab, startedAt, purpose);
  for (let known = -1; proofs.size < pairs && proofs.size > known;) {
    known = proofs.size;
    await lab.advance(soonMs);
    proofs = await proofsWhenSettled(lab, startedAt, purpose);
  }
  if (proofs.size < pairs)
    throw new Error(`${proofs.size} of ${pairs} pairs were proven; nothing was measured`);
  const hostMs = (await processorMs(host?.pid())) - before.host;
  const labMs = (await processorMs(process.pid)) - before.lab;
  const provenAt = Math.max(...proofs.values());
  await rest(lab);
  const { peakMiB, residentMiB } = await memoryOf(host?.pid());
  const all = requestsOf(lab, lab.world.apps.muster.clientId, since);
  return {
    startedAt,
    proofs,
    provenAt,
    requests: all.filter(({ at }) => Date.parse(at) <= provenAt),
    after: all.filter(({ at }) => Date.parse(at) > provenAt),
    hostMs,
    labMs,
    peakMiB,
    afterMiB: residentMiB,
  };
}

/** What the app remembers for a minute, groups' names above all, would make the path shorter than it is as a rule. */
const forgottenMs = 90_000;

async function quiet(lab: RunningLab): Promise<void> {
  for (let tries = 0; tries < 20; tries += 1) {
    const since = lastSeq(lab);
    await lab.advance(forgottenMs);
    if (requestsOf(lab, lab.world.apps.muster.clientId, since).length === 0) return;
  }
  throw new Error("the app never stops to ask Graph");
}

/** Until nothing is left to do, also of what was put off. */
export async function rest(lab: RunningLab): Promise<void> {
  await lab.advance(afterwardsMs);
  const unrest = await lab.settled({ timeoutMs: patienceMs });
  if (unrest.length > 0) throw new Error(`the lab did not come to rest: ${unrest.join("; ")}`);
}

async function proofsWhenSettled(lab: RunningLab, since: number, purpose: Plan["purpose"]) {
  const unrest = await lab.settled({ timeoutMs: patienceMs, soonMs });
  if (unrest.length > 0) throw new Error(`the lab did not come to rest: ${unrest.join("; ")}`);
  return proofsSince(lab, since, purpose);
}
