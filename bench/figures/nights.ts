import { adminOf } from "../../lab/admin.ts";
import type { RunningLab } from "../../lab/running-lab.ts";
import { buildWorld } from "../../lab/world.ts";
import { usualScript } from "../baseline/usual-script.ts";
import { withLab, withWorld } from "../bench-lab.ts";
import type { Figure } from "../figure.ts";
import { answeredAt, type Request } from "../measure/chains.ts";
import { rest } from "../measure/deed.ts";
import { copiesOf, modelsIn, remember, worldOf, type Copy, type Models } from "../measure/many-at-work.ts";
import { forgetPeak, memoryOf } from "../measure/processes.ts";
import { everybodyAtWork } from "../measure/proofs.ts";
import { measureScript, withoutMuster } from "../measure/script-run.ts";
import { countsOf, isWrite, lastSeq, requestsOf } from "../measure/traffic.ts";
import { sweepFigures, type Night, type Sweep } from "./sweep.ts";

export type NightSize = { readonly analysts: number; readonly targets: number };

type Options = {
  readonly sizes: readonly NightSize[];
  readonly rttMs: number;
  readonly onNote: (line: string) => void;
};

/** Everybody else is made like one of these. */
const roles = 3;

/** What a catch-up asks at the same time is none of the night's. */
const alone = { disabled: ["catch-up"] };

/** Nights of several sizes, beside the script that looks at one pair after another: one in which nothing is to be done, one after drift. */
export async function nightFigures({ sizes, rttMs, onNote }: Options): Promise<readonly Figure[]> {
  const sweeps: Sweep[] = [];
  const models = new Map<number, Models>();
  for (const { analysts, targets } of sizes) {
    onNote(`${roles} analysts are given their access in ${targets} targets`);
    const known = models.get(targets) ?? (await withLab({ analysts: roles, targets }, modelsOf, alone));
    models.set(targets, known);
    onNote(`${analysts} analysts are made like them`);
    const copies = copiesOf(known, analysts);
    const world = worldOf(buildWorld({ seed: 1, analysts: 0, targets }), copies);
    const nights = (lab: RunningLab) => measureNights(lab, { models: known, copies }, rttMs);
    sweeps.push(await withWorld(world, nights, { ...alone, startsAt: known.at }));
  }
  return sweepFigures(sweeps);
}

async function modelsOf(lab: RunningLab): Promise<Models> {
  await everybodyAtWork(lab, lab.world.analysts.length * Object.keys(lab.world.targets).length);
  await lab.advance(hourMs);
  await rest(lab);
  return modelsIn(lab);
}

async function measureNights(
  lab: RunningLab,
  { models, copies }: { readonly models: Models; readonly copies: readonly Copy[] },
  rttMs: number,
): Promise<Sweep> {
  await remember(lab, models, copies);
  await lab.advance(hourMs);
  await rest(lab);
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

const hourMs = 3_600_000;
