import type { RunningLab } from "../../lab/running-lab.ts";
import type { Person } from "../baseline/usual-script.ts";
import { figure, type Figure } from "../figure.ts";
import {
  answeredAt,
  arrivals,
  lanesOf,
  longest,
  usual,
  type Arrival,
  type Request,
} from "../measure/chains.ts";
import { measureDeed, type Deed } from "../measure/deed.ts";
import type { ScriptRun } from "../measure/script-run.ts";
import { countsOf, isMembership, isWrite } from "../measure/traffic.ts";
import { staffOf } from "./people.ts";

export type Leaver = {
  readonly deed: Deed;
  /** By target: the membership is taken; a read after the last write has shown what is left. */
  readonly revoked: readonly Arrival[];
  readonly readClean: readonly Arrival[];
};

/** Somebody's account at home is disabled. */
export async function measureLeaver(lab: RunningLab, person: Person): Promise<Leaver> {
  const lanes = lanesOf(lab);
  const deed = await measureDeed(lab, {
    purpose: "leave",
    pairs: lanes.length,
    act: () => staffOf(lab).disable([person]),
  });
  const inTarget = (own: readonly Request[], tenantId: string) =>
    own.filter((one) => one.tenantId === tenantId);
  return {
    deed,
    revoked: arrivals(deed.requests, lanes, (own, { tenantId }) =>
      inTarget(own, tenantId).findLast((one) => isMembership(one, "DELETE")),
    ),
    readClean: arrivals(deed.requests, lanes, (own, { tenantId }) => {
      const here = inTarget(own, tenantId);
      const written = here.findLast(isWrite);
      return here.find((one) => written !== undefined && Date.parse(one.at) >= answeredAt(written));
    }),
  };
}

export function leaverFigures(
  at: string,
  { deed, revoked, readClean }: Leaver,
  script: ScriptRun,
  rttMs: number,
) {
  const since = (time: number) => time - deed.startedAt;
  const last = (all: readonly Arrival[]) => since(Math.max(...all.map((one) => one.at)));
  const deletes = script.requests.filter((one) => isMembership(one, "DELETE")).map(answeredAt);
  const [counts, scripts] = [countsOf(deed.requests), countsOf(script.requests)];
  const trips = usual(readClean);
  const ours = (name: string) => `leaver.${at}.${name}`;
  return [
    figure(
      ours("first-revoke"),
      since(Math.min(...revoked.map((one) => one.at))),
      "ms",
      Math.min(...deletes) - script.startedAt,
    ),
    figure(ours("last-revoke"), last(revoked), "ms", Math.max(...deletes) - script.startedAt),
    figure(ours("last-clean-read"), last(readClean), "ms", script.ms),
    figure(ours("last-proof"), since(deed.provenAt), "ms", script.ms),
    figure(ours("path-to-revoke"), usual(revoked), "round trips", scripts.trips),
    figure(ours("path-to-clean-read"), trips, "round trips", scripts.trips),
    figure(ours("longest-path-to-clean-read"), longest(readClean).chain.length, "round trips"),
    figure(ours("waiting-for-graph"), trips * rttMs, "ms", scripts.trips * rttMs),
    figure(ours("own-time"), last(readClean) - trips * rttMs, "ms", script.ms - scripts.trips * rttMs),
    figure(ours("processor-of-host"), deed.spent.hostMs, "ms"),
    figure(ours("processor-of-lab"), deed.spent.labMs, "ms"),
    figure(ours("table-requests"), deed.spent.tableRequests, "count"),
    figure(ours("requests"), counts.requests, "count", scripts.requests),
    figure(ours("http-requests"), counts.trips, "count", scripts.trips),
    figure(ours("resource-units"), counts.units, "units", scripts.units),
    figure(ours("throttled"), counts.throttled, "count", scripts.throttled),
    figure(ours("peak-memory-of-host"), deed.peakMiB, "MiB"),
    figure(ours("requests-after-proof"), countsOf(deed.after).requests, "count"),
  ] satisfies readonly Figure[];
}
