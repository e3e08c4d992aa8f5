import { adminOf } from "../../lab/admin.ts";
import type { RunningLab } from "../../lab/running-lab.ts";
import { usualScript } from "../baseline/usual-script.ts";
import type { Figure } from "../figure.ts";
import { answeredAt, type Request } from "../measure/chains.ts";
import { rest } from "../measure/deed.ts";
import type { Copy } from "../measure/many-at-work.ts";
import { forgetPeak, memoryOf } from "../measure/processes.ts";
import { measureScript, withoutMuster } from "../measure/script-run.ts";
import { countsOf, isWrite, lastSeq, requestsOf } from "../measure/traffic.ts";
import { withMany } from "../measure/with-many.ts";
import { sweepFigures, type Night, type Sweep } from "./sweep.ts";

export type NightSize = { readonly analysts: number; readonly targets: number };

type Options = {
  readonly sizes: readonly NightSize[];
  readonly rttMs: number;
  readonly onNote: (line: string) => void;
};

/** Nights of several sizes, beside the script that looks at one pair after another: one in which nothing is to be done, one after drift. */
export async function nightFigures({ sizes, rttMs, onNote }: Options): Promise<readonly Figure[]> {
  const sweeps: Sweep[] = [];
  const nights = (lab: RunningLab, copies: readonly Copy[]) => measureNights(lab, copies, rttMs);
  // What a catch-up asks at the same time is none of the night's.
  for (const size of sizes) sweeps.push(await withMany(size, nights, { onNote, disabled: ["catch-up"] }));
  return sweepFigures(sweeps);
}

async function measureNights(lab: RunningLab, copies: readonly Copy[], rttMs: number): Promise<Sweep> {
  lab.graph.setRtt(rttMs);
  const converged = await measureNight(lab);
  const drift = await takeSome(lab, copies);
  const drifted = { pairs: drift, ...(await measureNight(lab)) };
  await withoutMuster(lab);
  const script = usualScript(lab);
  const [first] = copies;
  const one = await measureScript(lab, () => script.check(first === undefined ? [] : [first.person]));
  const ofOne = countsOf(one.requests);
  const analysts = copies.length;
  return {
    analysts,
    targets: Object.keys(lab.world.targets).length,
    converged,
    drifted,
    script: { requests: ofOne.requests * analysts, units: ofOne.units * analysts, ms: one.ms * analysts },
  };
}

async function measureNight(lab: RunningLab): Promise<Night> {
  const [host] = lab.hosts;
  const since = lastSeq(lab);
  await forgetPeak(host?.pid());
  const startedAt = lab.clock.now();
  await host?.fireTimer("nightly");
  await lab.settled({ timeoutMs: patienceMs });
  const compared = requestsOf(lab, lab.world.apps.muster.clientId, since);
  // Those who differ are looked at over the next ten minutes.
  await lab.advance(looksMs);
  await rest(lab);
  const requests = requestsOf(lab, lab.world.apps.muster.clientId, since);
  const { peakMiB } = await memoryOf(host?.pid());
  const writes = requests.filter(isRepair);
  const { requests: count, units } = countsOf(writes.length === 0 ? compared : requests);
  const last = writes.length === 0 ? compared : writes;
  return {
    requests: count,
    units,
    writes: writes.length,
    ms: Math.max(startedAt, ...last.map(answeredAt)) - startedAt,
    peakMiB,
  };
}

/** That subscriptions are renewed meanwhile is none of the night's. */
const isRepair = (request: Request) =>
  !request.template.endsWith("$batch") && !request.path.startsWith("/subscriptions") && isWrite(request);

const patienceMs = 300_000;
const looksMs = 10 * 60_000;

/** Of so many pairs one is taken out of a group by an administrator of the target. */
const everyPair = 100;

/** @returns in how many pairs something is missing now */
async function takeSome(lab: RunningLab, copies: readonly Copy[]): Promise<number> {
  const { world } = lab;
  const admin = adminOf(lab.graph, world.apps.admin);
  const groupOf = { reader: "SOC Readers", responder: "SOC Responders", hunter: "SOC Hunters" } as const;
  const pairs = copies.flatMap((copy) => Object.entries(world.targets).map((target) => ({ copy, target })));
  const some = pairs.filter((_, index) => index % everyPair === 0);
  for (const { copy, target } of some) {
    const [name, { tenantId, groups }] = target;
    await admin.call(
      tenantId,
      "DELETE",
      `/groups/${groups[groupOf[copy.person.role]]}/members/${copy.accounts[name]}/$ref`,
    );
  }
  return some.length;
}
