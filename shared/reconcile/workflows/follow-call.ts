import type { WorkflowCallback } from "../../graph/workflow-callback.ts";
import { analystIdSchema, type AnalystId, type TenantId } from "../../model/ids.ts";
import type { KeptCall } from "../../model/workflow-call.ts";
import { placeAt } from "../../policy/places.ts";
import type { Policy } from "../../policy/policy.ts";
import { heardAt, type AccessMessage, type AnalystMessage } from "../../queue/keys.ts";
import { analystRow, type Analysts } from "../../state/analysts.ts";
import type { Departures } from "../../state/departures.ts";
import type { Claim, KeyClock } from "../../state/key-state.ts";
import { pairRow, type Pairs } from "../../state/pairs.ts";
import { departedThere } from "../run/departed-there.ts";
import type { Run } from "../run/handling.ts";
import type { Outcome } from "../run/outcome.ts";
import type { PolicyNow } from "../run/policy-in-force.ts";
import { dueNow, welcomeBack } from "./welcome-back.ts";
import { howFar, type HowFar, type Known } from "./how-far.ts";

type FollowPorts = {
  readonly policy: () => Promise<PolicyNow>;
  readonly analysts: Pick<Analysts, "read">;
  readonly pairs: Pick<Pairs, "read" | "list" | "claim">;
  readonly departures: Pick<Departures, "read" | "last">;
  readonly callback: (tenant: TenantId) => WorkflowCallback;
  readonly send: (messages: readonly (AnalystMessage | AccessMessage)[]) => Promise<void>;
  readonly now: () => number;
};

type Following = {
  readonly ports: FollowPorts;
  readonly claim: Claim<KeptCall | null>;
  readonly run: Pick<Run, "cause">;
};

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
  const begun = call.analyst === null ? await begin(call, policy, following) : call;
  const { analyst } = begun;
  const far: HowFar =
    analyst === null
      ? { kind: "proven", why: "nobody of Muster's has this account" }
      : howFar(call, await knownOf(analyst, begun, { policy, ports }));
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

/** Calls whom the workflow speaks of, once. @returns the call, with who they are; null: nobody of Muster's */
async function begin(call: KeptCall, policy: Policy, { ports, claim, run }: Following): Promise<KeptCall> {
  const source = policy.source.tenantId;
  const isSource = call.tenant === source;
  const analyst = isSource ? analystIdSchema.parse(call.subject) : await whoseAccount(call, ports);
  if (analyst === null) return call;
  const isBack = isSource && call.category === "joiner";
  const back = isBack ? await welcomeBack(call.at, analyst, ports) : [];
  const changed = isSource ? back : [call.tenant];
  if (!isSource) await noteDeparture(call, { analyst, source }, ports);
  const before = isSource
    ? await ports.analysts.read(analystRow(analyst))
    : await ports.pairs.read(pairRow(call.tenant, analyst));
  const called = { at: ports.now(), heard: before?.clock.heard ?? 0 };
  const common = { cause: run.cause, heardAt: heardAt(ports), occasion: "event" } as const;
  await ports.send([
    ...(isSource ? [{ key: { kind: "analyst", analyst } as const, ...common }] : []),
    ...changed.map((tenant) => ({
      key: { kind: "access", tenant, analyst } as const,
      ...common,
      version: null,
    })),
  ]);
  const begun: KeptCall = { ...call, analyst, called };
  await claim.write({ value: begun });
  return begun;
}

/** By the account that is proven to be theirs, and by nothing else. */
async function whoseAccount(
  { tenant, subject }: KeptCall,
  { pairs }: FollowPorts,
): Promise<AnalystId | null> {
  const rows = await pairs.list(tenant);
  const own = rows.find(({ state }) => state.value.account?.accountId === subject);
  return own === undefined ? null : analystIdSchema.parse(own.rowKey);
}

/** What a target's workflow says holds in the target alone, unless the source has said since then that they are back. */
async function noteDeparture(
  { tenant, subject }: KeptCall,
  { analyst, source }: { readonly analyst: AnalystId; readonly source: TenantId },
  { departures, pairs, now }: FollowPorts,
): Promise<void> {
  const departed = await departedThere({ tenant, subject, analyst, source }, departures);
  await pairs.claim(pairRow(tenant, analyst), (state) => dueNow({ ...state.value, departed }, state, now()));
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
