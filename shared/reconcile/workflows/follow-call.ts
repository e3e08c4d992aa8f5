import type { AnalystId } from "../../model/ids.ts";
import type { KeptCall } from "../../model/workflow-call.ts";
import { placeAt } from "../../policy/places.ts";
import type { Policy } from "../../policy/policy.ts";
import { analystRow } from "../../state/analysts.ts";
import type { KeyClock } from "../../state/key-state.ts";
import { pairRow } from "../../state/pairs.ts";
import type { Outcome } from "../run/outcome.ts";
import { beginOnce, type Following, type FollowPorts } from "./begin-call.ts";
import { howFar, type HowFar, type Known } from "./how-far.ts";
import type { Whose } from "./whose-account.ts";

/**
 * Sees to it that what a workflow says of somebody is acted on, and tells the workflow when that has come to its end: completed when every
 * place has proven it, failed when nobody can prove it in time.
 */
export async function followCall(following: Following): Promise<readonly Outcome[]> {
  const { ports, claim } = following;
  const call = claim.state().value;
  const now = ports.now();
  if (call === null || isOver(call, now)) return [];
  const { policy } = await ports.policy();
  const { call: begun, whose } = await beginOnce(call, policy, following);
  const far = await farOf(begun, whose, { policy, ports });
  // People have to know of it for as long as it is so.
  if (call.told !== null) return far.kind === "proven" ? [] : [failed(call, call.told.why)];
  const isLate = now >= call.until - marginMs;
  if (far.kind === "waits" && !isLate)
    return [
      { kind: "again", at: Math.min(now + pauseMs(now - call.heardAt), call.until - marginMs), why: far.why },
    ];
  const status = far.kind === "proven" ? "completed" : "failed";
  const heard = await ports.callback(call.tenant).resume(call.callbackPath, status);
  const why = heard === "heard" ? far.why : `${far.why}; the workflow did not wait for it any more`;
  claim.set({ value: { ...begun, told: { status, why, at: now } } });
  return status === "completed" ? [] : [failed(call, why)];
}

/** What was told as failed stays open until it is proven after all, or nobody can be interested any more. */
const isOver = ({ told }: KeptCall, now: number) =>
  told !== null && (told.status === "completed" || now - told.at > openMs);

const openMs = 7 * 24 * 60 * 60_000;

/** The workflow hears of it while it still waits. */
const marginMs = 60_000;

/** Often at first: somebody may be out within seconds. */
const pauseMs = (waitedMs: number) => Math.min(Math.max(2_000, waitedMs / 4), 60_000);

function failed({ workflow, category }: KeptCall, why: string): Outcome {
  return {
    kind: "parked",
    reason: `the ${category} workflow ${workflow} was told that its task has failed: ${why}`,
    advice: "see to what is open, which Muster goes on with; the workflow does not ask again by itself",
    cause: null,
    finding: "workflow-failed",
  };
}

async function farOf(
  call: KeptCall,
  whose: Whose,
  known: { readonly policy: Policy; readonly ports: FollowPorts },
): Promise<HowFar> {
  switch (whose.kind) {
    case "analyst":
      return howFar(call, await knownOf(whose.analyst, call, known));
    case "open":
      return { kind: "waits", why: "it may be the account of somebody whose account has not been found yet" };
    case "nobody":
      return { kind: "proven", why: "nobody of Muster's has this account" };
    default:
      return whose satisfies never;
  }
}

async function knownOf(
  analyst: AnalystId,
  call: KeptCall,
  { policy, ports }: { readonly policy: Policy; readonly ports: FollowPorts },
): Promise<Known> {
  const isSource = call.tenant === policy.source.tenantId;
  const known = await ports.analysts.read(analystRow(analyst));
  const record = known?.value ?? null;
  const tenants = isSource ? (record?.targets ?? []) : [call.tenant];
  const states = await Promise.all(
    tenants.map(async (tenant) => ({ tenant, state: await ports.pairs.read(pairRow(tenant, analyst)) })),
  );
  const looks = isSource ? [known] : states.map(({ state }) => state);
  // Counted: the clocks of who hears and who looks may differ. An older version has not counted.
  const { at, heard } = call.called ?? { at: call.heardAt, heard: null };
  return {
    record,
    // Who is nobody's is not remembered, looked at or not.
    isLookedAt: looks.every((one) =>
      one === null
        ? ports.now() - at > unknownMs
        : isSince(one.clock, { at, heard }) && one.clock.heard === one.clock.looked,
    ),
    isSource,
    isProtected: policy.protected.includes(analyst),
    pairs: states.map(({ tenant, state }) => ({
      tenant: placeAt(policy, tenant)?.name ?? tenant,
      pair: state?.value ?? null,
    })),
  };
}

const isSince = (
  { looked, lookedAt }: KeyClock,
  { at, heard }: { readonly at: number; readonly heard: number | null },
) => (heard === null ? lookedAt >= at : looked > heard);

/** Somebody who is made an analyst just now is on record by then. */
const unknownMs = 60_000;
