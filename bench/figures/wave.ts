import type { RunningLab } from "../../lab/running-lab.ts";
import { usualScript } from "../baseline/usual-script.ts";
import { figure, type Figure } from "../figure.ts";
import { answeredAt } from "../measure/chains.ts";
import { measureDeed } from "../measure/deed.ts";
import type { Copy } from "../measure/many-at-work.ts";
import { measureScript, withoutMuster } from "../measure/script-run.ts";
import { countsOf, isMembership } from "../measure/traffic.ts";
import { withMany } from "../measure/with-many.ts";
import { staffOf } from "./people.ts";

type Options = {
  readonly people: number;
  readonly targets: number;
  readonly rttMs: number;
  readonly onNote: (line: string) => void;
};

/** Many leave in the same moment. The script takes one after another, so it is measured with one, and multiplied. */
export async function waveFigures(options: Options): Promise<readonly Figure[]> {
  const { people, targets, onNote } = options;
  return withMany({ targets, analysts: people }, (lab, copies) => inLab(lab, copies, options), { onNote });
}

async function inLab(
  lab: RunningLab,
  copies: readonly Copy[],
  { people, targets, rttMs, onNote }: Options,
): Promise<readonly Figure[]> {
  lab.graph.setRtt(rttMs);
  onNote("all of them leave");
  const deed = await measureDeed(lab, {
    purpose: "leave",
    pairs: people * targets,
    act: () => staffOf(lab).disable(copies.map(({ person }) => person)),
  });
  const revokes = deed.requests
    .filter(({ tenantId }) => tenantId !== lab.world.source.tenantId)
    .filter((one) => isMembership(one, "DELETE"))
    .map((one) => answeredAt(one) - deed.startedAt);
  const script = await scriptOfOne(lab, rttMs);
  const [counts, scripts] = [countsOf(deed.requests), countsOf(script.requests)];
  const ours = (name: string) => `wave.people-${people}.targets-${targets}.rtt-${rttMs}.${name}`;
  return [
    figure(ours("first-revoke"), Math.min(...revokes), "ms"),
    figure(ours("last-revoke"), Math.max(...revokes), "ms", script.ms * people),
    figure(ours("last-proof"), deed.provenAt - deed.startedAt, "ms", script.ms * people),
    figure(ours("processor-of-host"), deed.spent.hostMs, "ms"),
    figure(ours("processor-of-lab"), deed.spent.labMs, "ms"),
    figure(ours("table-requests"), deed.spent.tableRequests, "count"),
    figure(ours("requests"), counts.requests, "count", scripts.requests * people),
    figure(ours("http-requests"), counts.trips, "count", scripts.trips * people),
    figure(ours("resource-units"), counts.units, "units", scripts.units * people),
    figure(ours("throttled"), counts.throttled, "count"),
    figure(ours("peak-memory-of-host"), deed.peakMiB, "MiB"),
  ];
}

async function scriptOfOne(lab: RunningLab, rttMs: number) {
  await withoutMuster(lab);
  const script = usualScript(lab);
  const one = lab.world.people.slice(0, 1);
  lab.graph.setRtt(0);
  await script.join(one);
  lab.graph.setRtt(rttMs);
  return measureScript(lab, () => script.leave(one));
}
