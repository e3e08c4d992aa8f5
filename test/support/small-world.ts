import type { SourceUser } from "../../shared/model/analyst.ts";
import type { Scope } from "../../shared/model/grant.ts";
import type { AnalystId, GroupId, TenantId } from "../../shared/model/ids.ts";
import type { Policy } from "../../shared/policy/policy.ts";
import type { Message, ParkedMessage, SweepMessage } from "../../shared/queue/keys.ts";
import type { PolicyNow } from "../../shared/reconcile/run/policy-in-force.ts";
import { workOnArrival } from "../../shared/reconcile/workers/work-on-arrival.ts";
import { workOnAccess } from "../../shared/reconcile/workers/work-on-access.ts";
import { workOnAnalyst } from "../../shared/reconcile/workers/work-on-analyst.ts";
import { workOnSweep } from "../../shared/reconcile/workers/work-on-sweep.ts";
import type { SweepWorkerPorts } from "../../shared/reconcile/workers/worker-ports.ts";
import { analystRow, analysts } from "../../shared/state/analysts.ts";
import { departures } from "../../shared/state/departures.ts";
import { findings } from "../../shared/state/findings.ts";
import type { JournalEntry } from "../../shared/state/journal.ts";
import { pairRow, pairs } from "../../shared/state/pairs.ts";
import { roleKeys } from "../../shared/state/role-keys.ts";
import { subscriptionRows } from "../../shared/state/subscription-rows.ts";
import { runs } from "../../shared/state/runs.ts";
import { slots } from "../../shared/state/slots.ts";
import { workflowCalls } from "../../shared/state/workflow-calls.ts";
import { troubles } from "../../shared/state/troubles.ts";
import { listsOfSource, listsOfTarget } from "./memory-lists.ts";
import { memoryProvisioner, memorySource, memoryTarget, type MemoryTarget } from "./memory-tenant.ts";
import { memoryTable } from "./memory-table.ts";
import { policyNow, smallPolicy } from "./small-policy.ts";
import {
  ana,
  contosoTenant,
  fabrikamTenant,
  groupId,
  hunters,
  lighthouse,
  now as start,
  readers,
  readersAtHome,
  responders,
  respondersAtHome,
  syncScope,
} from "./fixtures.ts";

/**
 * A source tenant, two targets, the tables and the queue, with workers on them, and a clock that only the test moves. Nothing
 * takes time and nothing lags here unless a test puts it in the way.
 */
export type SmallWorld = ReturnType<typeof smallWorld>;

export function smallWorld() {
  let time = start;
  const now = () => time;
  let policy: PolicyNow = policyNow(smallPolicy());
  let policyChanges = 1;
  const tables = {
    analysts: memoryTable("Analysts"),
    pairs: memoryTable("Pairs"),
    roleKeys: memoryTable("RoleKeys"),
    slots: memoryTable("Slots"),
    troubles: memoryTable("Troubles"),
    findings: memoryTable("Findings"),
    departures: memoryTable("Departures"),
    calls: memoryTable("WorkflowCalls"),
    runs: memoryTable("Runs"),
    subscriptions: memoryTable("Subscriptions"),
  };
  const fabrikamScope = groupId(8);
  const source = memorySource(
    [readersAtHome, respondersAtHome, syncScope.scope.group, fabrikamScope, lighthouse],
    now,
  );
  const contoso = memoryTarget(
    [readers, responders, hunters].map(({ grant }) => grant.group),
    now,
  );
  const fabrikam = memoryTarget([groupId(4)], now);
  const targets: Readonly<Record<string, MemoryTarget>> = {
    [contosoTenant]: contoso,
    [fabrikamTenant]: fabrikam,
  };
  /** The small policy's own scope of each target, and others that a test says. */
  const scopes: Record<string, readonly Scope[]> = {
    contoso: [syncScope.scope],
    fabrikam: [{ kind: "group", group: fabrikamScope }],
  };
  const inScope = (target: string) => (id: AnalystId) =>
    (scopes[target] ?? []).some((scope) => source.isInScope(scope, id));
  const provisioner = memoryProvisioner({
    "Azure2Azure.contoso": { isInScope: inScope("contoso"), target: contoso },
    "Azure2Azure.fabrikam": { isInScope: inScope("fabrikam"), target: fabrikam },
  });
  const state = {
    analysts: analysts(tables.analysts.client),
    pairs: pairs(tables.pairs.client),
    roleKeys: roleKeys(tables.roleKeys.client),
    slots: slots(tables.slots.client, () => Promise.resolve()),
    troubles: troubles(tables.troubles.client),
    findings: findings(tables.findings.client),
    departures: departures(tables.departures.client),
    calls: workflowCalls(tables.calls.client),
    runs: runs(tables.runs.client),
    subscriptions: subscriptionRows(tables.subscriptions.client),
  };
  const entries: JournalEntry[] = [];
  const resumed: { readonly tenant: TenantId; readonly path: string; readonly status: string }[] = [];
  const sent: Message[] = [];
  let scheduled: readonly { readonly message: Message; readonly at: number }[] = [];
  const parked: ParkedMessage[] = [];
  const lastMoments = new Map<string, number>();
  const logged: string[] = [];
  let journalTrouble: JournalEntry["kind"] | null = null;

  const targetOf = (tenant: TenantId) => {
    if (tenant === policy.policy.source.tenantId) return source.home;
    const found = targets[tenant];
    if (found === undefined) throw new Error(`there is no tenant ${tenant} in this world`);
    return found;
  };
  const ports: SweepWorkerPorts = {
    ...state,
    policy: async () => policy,
    source: {
      reader: source.reader,
      writer: source.writer,
      groups: source.groups,
      grants: source.home.reader.grants,
      provisioner,
      jobs: provisioner,
      now,
    },
    target: targetOf,
    lists(tenant) {
      const found = targets[tenant];
      return found === undefined
        ? { ...listsOfSource(source), home: "yes" }
        : { ...listsOfTarget(found), home: "no" };
    },
    callback: (tenant) => ({
      async resume(path, status) {
        resumed.push({ tenant, path, status });
        return "heard";
      },
    }),
    journal: {
      async append(entry) {
        if (journalTrouble === entry.kind) {
          journalTrouble = null;
          throw new Error("the table Journal does not answer");
        }
        entries.push(entry);
      },
      day: async () => entries.toReversed(),
      forget: async () => undefined,
    },
    send: async (messages) => void sent.push(...messages),
    schedule: async (message, at) => void (scheduled = [...scheduled, { message, at }]),
    park: async (message) => void parked.push(message),
    now,
    isFirst(what, at) {
      const isNew = lastMoments.get(what) !== at;
      lastMoments.set(what, at);
      return isNew;
    },
  };
  const log = (level: string, message: string) => void logged.push(`${level}: ${message}`);

  function deliver(message: Message): Promise<void> {
    if ("version" in message) return workOnAccess(message, ports, log);
    if ("tries" in message) return workOnArrival(message, ports, log);
    if (isSweep(message)) return workOnSweep(message, ports, log);
    return workOnAnalyst(message, ports, log);
  }

  /** Delivers what was sent, and what is scheduled, in order and on time, until this time has come. */
  async function until(end: number): Promise<void> {
    for (;;) {
      const message = sent.shift();
      if (message !== undefined) {
        await deliver(message);
        continue;
      }
      const next = scheduled.toSorted((a, b) => a.at - b.at)[0];
      if (next === undefined || next.at > end) break;
      scheduled = scheduled.filter((one) => one !== next);
      time = Math.max(time, next.at);
      await deliver(next.message);
    }
    time = Math.max(time, end);
  }

  const addUser = (id: AnalystId, changes: Partial<SourceUser> = {}) =>
    void source.users.set(id, {
      id,
      userPrincipalName: `${id}@source.example`,
      displayName: id,
      enabled: true,
      attributes: {},
      stamps: {},
      sessionsValidFrom: null,
      ...changes,
    });
  addUser(ana);

  return {
    source,
    contoso,
    fabrikam,
    tables,
    state,
    ports,
    entries,
    resumed,
    sent,
    parked,
    logged,
    provisioner,
    scopes,
    inScope,
    now,
    addUser,
    deliver,
    until,
    scheduled: () => scheduled,
    forgetScheduled: () => void (scheduled = []),
    wait: (ms: number) => until(time + ms),
    policy: () => policy.policy,
    setPolicy(next: Policy): void {
      policy = { ...policyNow(next), changedAt: time };
      policyChanges += 1;
    },
    /** How often another policy came into force. */
    policyChanges: async () => policyChanges,
    /** The next entry of this kind cannot be written down. */
    failJournal: (kind: JournalEntry["kind"]) => void (journalTrouble = kind),
    /** Puts somebody into a role group, or takes them out, and says so on the queue. */
    async change(id: AnalystId, group: GroupId, to: "in" | "out"): Promise<void> {
      if (to === "in") source.members.get(group)?.add(id);
      else source.members.get(group)?.delete(id);
      await deliver(eventAbout(id, time));
    },
    /** Somebody of the source who is not deleted. */
    userOf(id: AnalystId): SourceUser {
      const user = source.users.get(id);
      if (user === undefined || user === "soft-deleted") throw new Error(`${id} is not there`);
      return user;
    },
    leaveProofs: () => entries.filter(({ kind, plan }) => kind === "proof" && plan.purpose === "leave"),
    recordOf: async (id: AnalystId) => (await state.analysts.read(analystRow(id)))?.value ?? null,
    pairOf: async (tenant: TenantId, id: AnalystId) =>
      (await state.pairs.read(pairRow(tenant, id)))?.value ?? null,
  };
}

export const eventAbout = (id: AnalystId, heardAt: number) =>
  ({ key: { kind: "analyst", analyst: id }, cause: "test", heardAt, occasion: "event" }) as const;

const isSweep = (message: Message): message is SweepMessage => message.key.kind === "sweep";
