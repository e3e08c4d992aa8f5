import { presentNamesOf } from "../../planner/role-lists.ts";
import type { AnalystRecord } from "../../model/analyst.ts";
import type { AnalystId } from "../../model/ids.ts";
import { waitingPart, type Sweep, type SweepPart, type SweepScope } from "../../model/sweep.ts";
import { desiredGrants } from "../../policy/desired.ts";
import { homeOf, placesOf } from "../../policy/places.ts";
import type { Place, Policy } from "../../policy/policy.ts";
import { heardAt, type Message, type SweepMessage } from "../../queue/keys.ts";
import { analystRow, type Analysts } from "../../state/analysts.ts";
import { sweepId, type Runs } from "../../state/runs.ts";
import type { PolicyNow } from "../run/policy-in-force.ts";

export type BeginPorts = {
  /** @throws PolicyUnusable */
  readonly policy: () => Promise<PolicyNow>;
  readonly analysts: Pick<Analysts, "read">;
  readonly runs: Pick<Runs, "begin" | "parts">;
  readonly send: (messages: readonly Message[]) => Promise<void>;
  readonly now: () => number;
};

export type AskedSweep = Pick<Sweep, "occasion" | "mode" | "scope" | "by">;

/** `unknown`: the policy has no such target, or no target with that tag. */
export type BegunSweep =
  { readonly kind: "begun"; readonly id: string } | { readonly kind: "unknown"; readonly what: string };

/** A name that no other sweep has. */
export const newSweepId = (now: number): string =>
  sweepId(now, crypto.randomUUID().replaceAll("-", "").slice(0, 12));

/**
 * Writes down what is to be compared, and puts it on the queue. With the id of a sweep that is there already, it is put on the queue once
 * more, which does no harm: so whoever died in between, or asks twice, may do it again.
 */
export async function beginSweep(asked: AskedSweep, id: string, ports: BeginPorts): Promise<BegunSweep> {
  const { policy } = await ports.policy();
  const places = await placesIn(asked.scope, policy, ports);
  if (places.length === 0) return { kind: "unknown", what: inWords(asked.scope) };
  const begunAt = ports.now();
  const parts = places.map(partOf).map((part) => ({ ...part, nextAt: begunAt }));
  const sweep: Sweep = { id, ...asked, begunAt, endedAt: null };
  const isNew = await ports.runs.begin(sweep, parts);
  const known = isNew ? parts : await ports.runs.parts(id);
  await ports.send(known.map((part) => messageOf(sweep, part, ports)));
  return { kind: "begun", id };
}

export const partOf = ({ tenantId: tenant, name }: Pick<Place, "tenantId" | "name">): SweepPart =>
  waitingPart({ tenant, name });

/** Puts one place of a sweep on the queue. */
export const messageOf = (
  { id, occasion }: Pick<Sweep, "id" | "occasion">,
  { tenant }: Pick<SweepPart, "tenant">,
  ports: { readonly now: () => number },
): SweepMessage => ({
  key: { kind: "sweep", run: id, tenant },
  cause: causeOf({ occasion }),
  heardAt: heardAt(ports),
  occasion: "check",
});

export const causeOf = ({ occasion }: Pick<Sweep, "occasion">): string => `sweep: ${occasion}`;

async function placesIn(
  scope: SweepScope,
  policy: Policy,
  ports: Pick<BeginPorts, "analysts">,
): Promise<readonly Place[]> {
  switch (scope.kind) {
    case "all":
      return placesOf(policy);
    case "target":
      // The source is a place as well, under a name that no target may have.
      return placesOf(policy).filter(({ name }) => name === scope.target);
    case "tag":
      return policy.targets.filter(({ tags }) => tags.includes(scope.tag));
    case "analyst":
      return placesOfAnalyst(scope.analyst, policy, ports);
    default:
      return scope satisfies never;
  }
}

/** Wherever somebody is or should be. Of whom nothing is known, the source tells. */
export async function placesOfAnalyst(
  id: AnalystId,
  policy: Policy,
  { analysts }: Pick<BeginPorts, "analysts">,
): Promise<readonly Place[]> {
  const record = (await analysts.read(analystRow(id)))?.value ?? null;
  const isConcerned = (place: Place) => record !== null && concerns(place, record);
  return placesOf(policy).filter((place) => place.tenantId === homeOf(policy).tenantId || isConcerned(place));
}

const concerns = (place: Place, { targets, roles }: AnalystRecord) =>
  targets.includes(place.tenantId) || desiredGrants(place, presentNamesOf(roles)).length > 0;

function inWords(scope: SweepScope): string {
  switch (scope.kind) {
    case "all":
      return "a target";
    case "target":
      return `a target ${scope.target}`;
    case "tag":
      return `a target with the tag ${scope.tag}`;
    case "analyst":
      return `an analyst ${scope.analyst}`;
    default:
      return scope satisfies never;
  }
}
