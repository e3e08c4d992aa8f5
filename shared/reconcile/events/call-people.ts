import type { GroupDirectory } from "../../graph/group-directory.ts";
import type { AnalystId } from "../../model/ids.ts";
import { heardAt, type AnalystMessage } from "../../queue/keys.ts";
import { allLookedAt, type Analysts } from "../../state/analysts.ts";
import type { CatchUpMark } from "../../state/marks.ts";
import type { WorkflowCalls } from "../../state/workflow-calls.ts";
import type { PolicyNow } from "../run/policy-in-force.ts";
import { sendSpread, type SpreadPorts } from "../run/send-spread.ts";
import { tryRoleGroups, waysFound } from "../source/role-groups.ts";
import { pairsBehind, type BehindPorts } from "./pairs-behind.ts";
import { noteSilence, type SilencePorts } from "./silence.ts";
import { readChanges, type ChangePorts, type ChangesRead } from "./who-changed.ts";
import { whomToCall } from "./whom-to-call.ts";

export type CallPorts = BehindPorts &
  ChangePorts &
  SilencePorts &
  SpreadPorts & {
    readonly policy: () => Promise<PolicyNow>;
    /** How often another policy came into force. */
    readonly policyChanges: () => Promise<number>;
    readonly groups: GroupDirectory;
    readonly analysts: Pick<Analysts, "list">;
    readonly calls: Pick<WorkflowCalls, "open">;
  };

/** And this often everybody is looked at, whether anything tells that they have changed or not. */
export const everybodyMs = 24 * 60 * 60_000;

/** The timer comes every five minutes, and never at quite the same moment. */
export const timerSlackMs = 60_000;

/** Whom one catch-up called, and what it leaves to the next. */
export type Call = Pick<CatchUpMark, "owed" | "policy"> & {
  readonly whom: "everybody" | "changed";
  readonly changes: ChangesRead;
  /** Analysts are called in any case. */
  readonly roleGroups: "found" | "in trouble";
};

/** Puts every role group, and everybody who has changed, is behind or not settled, on the queue; or everybody there is. */
export async function callPeople(begun: CatchUpMark, ports: CallPorts): Promise<Call> {
  const { policy } = await ports.policy();
  const policyChanges = await ports.policyChanges();
  const cause = `catch-up: ${begun.why}`;
  // Before anybody is called: what happens meanwhile is told next time.
  const changes = await readChanges(begun.cursors, policy, ports);
  const { found, trouble } = await tryRoleGroups(policy, ports.groups, "low");
  const roleKeys: readonly AnalystMessage["key"][] = [
    { kind: "attribute-roles" },
    ...found.map(({ group }) => ({ kind: "role-group", group }) as const),
  ];
  const analysts = await allLookedAt(ports.analysts);
  const isNew = policyChanges !== begun.policy || (changes.kind === "unknown" && changes.isNew);
  const owed = analysts.length === 0 ? 0 : isNew ? looksAtNews : begun.owed;
  const sinceAll = ports.now() - begun.everybodyAt;
  // A clock that was ahead must not put off the next one.
  const isDay = sinceAll >= everybodyMs - timerSlackMs || sinceAll < -timerSlackMs;
  const whom = owed > 0 || isDay || changes.kind === "unknown" ? "everybody" : "changed";
  const ways = trouble === undefined ? waysFound(policy, found) : null;
  const called = whomToCall(analysts, { whom, changes, ways, now: ports.now() });
  if (called.unheard.length > 0) await noteSilence(["users"], ports);
  const check = { cause, heardAt: heardAt(ports), occasion: "check" } as const;
  const event = { ...check, cause: "catch-up: changed", occasion: "event" } as const;
  const records = analysts.map(({ record }) => record);
  await sendSpread(
    [
      ...called.unheard.map((analyst) => ({ key: keyOf(analyst), ...event })),
      ...roleKeys.map((key) => ({ key, ...check })),
      ...called.now.map((analyst) => ({ key: keyOf(analyst), ...check })),
      ...(await workflowsBehind(ports)).map((key) => ({ key, ...check })),
      ...(await pairsBehind(records, { cause, ports })),
    ],
    ports,
  );
  const roleGroups = trouble === undefined ? "found" : "in trouble";
  return { whom, changes, policy: policyChanges, owed: Math.max(0, owed - 1), roleGroups };
}

/** A workflow that has heard nothing for so long: the message that was to carry its call on may be lost, and what it said with it. */
async function workflowsBehind({ calls, now }: CallPorts): Promise<readonly AnalystMessage["key"][]> {
  const behind = (await calls.open()).filter(({ heardAt: at }) => Math.abs(now() - at) > lateMs);
  return behind.map(({ tenant, id }) => ({ kind: "workflow", tenant, call: id }));
}

const lateMs = 5 * 60_000;

/**
 * How many catch-ups call everybody when the policy is new, or nobody knows who has changed before: one look may come from a replica
 * that is behind.
 */
const looksAtNews = 2;

const keyOf = (analyst: AnalystId) => ({ kind: "analyst", analyst }) as const;
