import type { RunningLab } from "../../lab/running-lab.ts";
import type { Person } from "../baseline/usual-script.ts";
import { figure, type Figure } from "../figure.ts";
import { arrivals, lanesOf, usual, type Arrival } from "../measure/chains.ts";
import { measureDeed, type Deed } from "../measure/deed.ts";
import type { ScriptRun } from "../measure/script-run.ts";
import { countsOf, isMembership } from "../measure/traffic.ts";
import { staffOf } from "./people.ts";

export type Joiner = {
  readonly deed: Deed;
  /** By target: the membership is given. */
  readonly inPlace: readonly Arrival[];
};

/** Somebody is put into the group of a role. */
export async function measureJoiner(lab: RunningLab, person: Person): Promise<Joiner> {
  const lanes = lanesOf(lab);
  const deed = await measureDeed(lab, {
    purpose: "join",
    pairs: lanes.length,
    act: () => staffOf(lab).hire([person]),
  });
  return {
    deed,
    inPlace: arrivals(deed.requests, lanes, (own, { tenantId }) =>
      own.findLast((one) => one.tenantId === tenantId && isMembership(one, "POST")),
    ),
  };
}

export function joinerFigures(at: string, { deed, inPlace }: Joiner, script: ScriptRun): readonly Figure[] {
  const times = inPlace.map((one) => one.at - deed.startedAt);
  const [counts, scripts] = [countsOf(deed.requests), countsOf(script.requests)];
  const ours = (name: string) => `joiner.${at}.${name}`;
  return [
    figure(ours("first-in-place"), Math.min(...times), "ms"),
    figure(ours("last-in-place"), Math.max(...times), "ms", script.ms),
    figure(ours("last-proof"), deed.provenAt - deed.startedAt, "ms", script.ms),
    figure(ours("path"), usual(inPlace), "round trips", scripts.trips),
    figure(ours("processor-of-host"), deed.spent.hostMs, "ms"),
    figure(ours("table-requests"), deed.spent.tableRequests, "count"),
    figure(ours("requests"), counts.requests, "count", scripts.requests),
    figure(ours("http-requests"), counts.trips, "count", scripts.trips),
    figure(ours("resource-units"), counts.units, "units", scripts.units),
    figure(ours("throttled"), counts.throttled, "count", scripts.throttled),
    figure(ours("peak-memory-of-host"), deed.peakMiB, "MiB"),
    figure(ours("requests-after-proof"), countsOf(deed.after).requests, "count"),
  ];
}
