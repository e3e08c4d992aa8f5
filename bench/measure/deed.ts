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
  /** Until the last proof, and what fell due in the minute after it. */
  readonly spent: Spent;
  /** The most memory that the host had until everything was at rest. */
  readonly peakMiB: number;
};

/** Time on a processor, of the host and of the lab that plays everything else, and requests to the tables. */
type Spent = { readonly hostMs: number; readonly labMs: number; readonly tableRequests: number };

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
  const pid = lab.hosts[0]?.pid();
  const before = await spentIn(lab);
  await forgetPeak(pid);
  const startedAt = lab.clock.now();
  await act();
  await settle(lab);
  let after = await spentIn(lab);
  let proofs = await proofsSince(lab, startedAt, purpose);
  for (let known = -1; proofs.size < pairs && proofs.size > known;) {
    known = proofs.size;
    await lab.advance(soonMs);
    await settle(lab);
    after = await spentIn(lab);
    proofs = await proofsSince(lab, startedAt, purpose);
  }
  if (proofs.size < pairs)
    throw new Error(`${proofs.size} of ${pairs} pairs were proven; nothing was measured`);
  const provenAt = Math.max(...proofs.values());
  await rest(lab);
  const { peakMiB } = await memoryOf(pid);
  const all = requestsOf(lab, lab.world.apps.muster.clientId, since);
  return {
    startedAt,
    proofs,
    provenAt,
    requests: all.filter(({ at }) => Date.parse(at) <= provenAt),
    after: all.filter(({ at }) => Date.parse(at) > provenAt),
    spent: {
      hostMs: after.hostMs - before.hostMs,
      labMs: after.labMs - before.labMs,
      tableRequests: after.tableRequests - before.tableRequests,
    },
    peakMiB,
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
  await settle(lab, { soonMs: 0 });
}

async function settle(lab: RunningLab, options: { readonly soonMs: number } = { soonMs }): Promise<void> {
  const unrest = await lab.settled({ timeoutMs: patienceMs, ...options });
  if (unrest.length > 0) throw new Error(`the lab did not come to rest: ${unrest.join("; ")}`);
}

async function spentIn({ hosts, tables }: RunningLab): Promise<Spent> {
  return {
    hostMs: await processorMs(hosts[0]?.pid()),
    labMs: await processorMs(process.pid),
    tableRequests: tables.requests(),
  };
}
