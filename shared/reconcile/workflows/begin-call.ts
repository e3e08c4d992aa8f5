import type { WorkflowCallback } from "../../graph/workflow-callback.ts";
import { analystIdSchema, type AnalystId, type TenantId } from "../../model/ids.ts";
import type { KeptCall } from "../../model/workflow-call.ts";
import type { PairRecord } from "../../model/pair.ts";
import type { Policy } from "../../policy/policy.ts";
import { heardAt, type AccessMessage, type AnalystMessage } from "../../queue/keys.ts";
import { analystRow, type Analysts } from "../../state/analysts.ts";
import type { Departures } from "../../state/departures.ts";
import type { Claim } from "../../state/key-state.ts";
import { pairRow, type Pairs } from "../../state/pairs.ts";
import { departedThere } from "../run/departed-there.ts";
import type { Run } from "../run/handling.ts";
import type { PolicyNow } from "../run/policy-in-force.ts";
import { dueNow, welcomeBack } from "./welcome-back.ts";
import { whoseAccount, type Whose } from "./whose-account.ts";

export type FollowPorts = {
  readonly policy: () => Promise<PolicyNow>;
  readonly analysts: Pick<Analysts, "read">;
  readonly pairs: Pick<Pairs, "read" | "list" | "claim">;
  readonly departures: Pick<Departures, "read" | "last">;
  readonly callback: (tenant: TenantId) => WorkflowCallback;
  readonly send: (messages: readonly (AnalystMessage | AccessMessage)[]) => Promise<void>;
  readonly now: () => number;
};

export type Following = {
  readonly ports: FollowPorts;
  readonly claim: Claim<KeptCall | null>;
  readonly run: Pick<Run, "cause">;
};

/** The call with what is remembered of it since, and whom it is about. */
type Begun = { readonly call: KeptCall; readonly whose: Whose };

/** Calls whom the workflow speaks of, once; or those whose account it may be, so that it is known soon. */
export async function beginOnce(call: KeptCall, policy: Policy, following: Following): Promise<Begun> {
  if (call.analyst !== null) return { call, whose: { kind: "analyst", analyst: call.analyst } };
  const isSource = call.tenant === policy.source.tenantId;
  const whose: Whose = isSource
    ? { kind: "analyst", analyst: analystIdSchema.parse(call.subject) }
    : await whoseAccount(call, following.ports.pairs);
  if (whose.kind === "analyst") return { call: await begin(call, whose.analyst, policy, following), whose };
  if (whose.kind === "nobody" || call.called !== null) return { call, whose };
  const { ports, claim, run } = following;
  const { tenant } = call;
  const common = { cause: run.cause, heardAt: heardAt(ports), occasion: "event", version: null } as const;
  await ports.send(
    whose.among.map((analyst) => ({ key: { kind: "access", tenant, analyst } as const, ...common })),
  );
  const begun: KeptCall = { ...call, called: { at: ports.now(), heard: 0 } };
  await claim.write({ value: begun });
  return { call: begun, whose };
}

/** @returns the call, with who they are */
async function begin(
  call: KeptCall,
  analyst: AnalystId,
  policy: Policy,
  { ports, claim, run }: Following,
): Promise<KeptCall> {
  const source = policy.source.tenantId;
  const isSource = call.tenant === source;
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

/** What a target's workflow says holds in the target alone, unless the source has said since then that they are back. */
async function noteDeparture(
  { tenant, subject }: KeptCall,
  { analyst, source }: { readonly analyst: AnalystId; readonly source: TenantId },
  { departures, pairs, now }: FollowPorts,
): Promise<void> {
  let noted: PairRecord["departed"] | undefined;
  for (let tries = 0; tries < tryLimit; tries += 1) {
    const departed = await departedThere({ tenant, subject, analyst, source }, departures);
    // Between reading and writing another run may have noted what was said later.
    if (noted !== undefined && noted?.at === departed?.at) return;
    await pairs.claim(pairRow(tenant, analyst), (state) =>
      dueNow({ ...state.value, departed }, state, now()),
    );
    noted = departed;
  }
}

const tryLimit = 5;
