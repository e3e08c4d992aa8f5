import { randomBytes } from "node:crypto";
import { setTimeout as pause } from "node:timers/promises";
import { ManagedIdentityCredential } from "@azure/identity";
import { ServiceBusClient } from "@azure/service-bus";
import { accountLists } from "../graph/account-lists.ts";
import { grantReaders, holderReaders } from "../graph/grants/by-kind.ts";
import { sourceReader } from "../graph/source-reader.ts";
import { sourceWriter } from "../graph/source-writer.ts";
import { subscriptionWriter } from "../graph/subscriptions.ts";
import { syncJobReader } from "../graph/synchronization.ts";
import { targetReader } from "../graph/target-reader.ts";
import { targetWriter } from "../graph/target-writer.ts";
import type { GraphTenant } from "../graph/tenant.ts";
import { workflowCallback } from "../graph/workflow-callback.ts";
import { sender, type Sender } from "../queue/sender.ts";
import { wishCatchUp, type CatchUpPorts } from "../reconcile/events/catch-up.ts";
import { policyInForce, type PolicyNow } from "../reconcile/run/policy-in-force.ts";
import type { ReceivePorts } from "../reconcile/events/receive.ts";
import { noteHeard } from "../reconcile/events/silence.ts";
import type { SubscribePorts } from "../reconcile/events/subscribe.ts";
import type { StartPorts } from "../reconcile/sweep/start-sweeps.ts";
import type { ReceiveCallPorts } from "../reconcile/workflows/receive-call.ts";
import type { SweepWorkerPorts } from "../reconcile/workers/worker-ports.ts";
import { analysts } from "../state/analysts.ts";
import { departures } from "../state/departures.ts";
import { findings } from "../state/findings.ts";
import { journal } from "../state/journal.ts";
import { marks, readAtMostEvery } from "../state/marks.ts";
import { pairs } from "../state/pairs.ts";
import { roleKeys } from "../state/role-keys.ts";
import { runs } from "../state/runs.ts";
import { slots } from "../state/slots.ts";
import { subscriptionRows, type SubscriptionRow, type SubscriptionRows } from "../state/subscription-rows.ts";
import { troubles } from "../state/troubles.ts";
import { workflowCalls } from "../state/workflow-calls.ts";
import type { ApiPorts } from "./api/api-ports.ts";
import { knownAnalysts } from "./known-analysts.ts";
import { policyFile } from "./policy-file.ts";
import { tenantDirectory } from "./tenant-directory.ts";
import {
  readBusSettings,
  readSettings,
  readTableSettings,
  readWorkflowPatience,
  type BusSettings,
} from "./settings.ts";
import { openTables, type Tables } from "./tables.ts";

/** Everything, with real parts in place. What names the source tenant asks the policy first. */
export type Muster = {
  readonly workerPorts: () => Promise<SweepWorkerPorts>;
  readonly subscribePorts: () => Promise<SubscribePorts>;
  readonly catchUpPorts: () => Promise<CatchUpPorts>;
  readonly startPorts: () => Promise<StartPorts>;
};

/** Good enough for what this host alone remembers, and until Graph has answered. What hosts judge of each other's goes by Graph's clock. */
const now = () => Date.now();

/** The queue alone: enough to keep a message that cannot be handled, whatever else is missing. */
export const bus = once(async (): Promise<Sender> => sender(busClient(readBusSettings(process.env))));

/** Built once a process, on first use; a failure is not kept, so that a repaired deployment needs no restart. */
export const muster = once(buildMuster);

function busClient({ connection, identity }: BusSettings): ServiceBusClient {
  if (connection.kind === "connection-string") return new ServiceBusClient(connection.text);
  const credential =
    identity === "system-assigned"
      ? new ManagedIdentityCredential()
      : new ManagedIdentityCredential({ clientId: identity.clientId });
  return new ServiceBusClient(connection.endpoint, credential);
}

type Memory = ReturnType<typeof stateIn> & { readonly wish: (why: string) => Promise<void> };

const memory = once(async (): Promise<Memory> => {
  const { tables, clientId } = readTableSettings(process.env);
  const state = stateIn(
    await openTables(tables, () => new ManagedIdentityCredential(clientId === null ? {} : { clientId })),
  );
  const wish = (why: string) => wishCatchUp(why, { mark: state.marks.catchUp, now });
  // Whatever happened while no host was there was heard by nobody.
  await wish("a host has started");
  return { ...state, wish };
});

/** What a delivery needs to be kept: neither a policy nor anything that speaks with Graph. */
export const receivePorts = once(async (): Promise<ReceivePorts> => {
  const { send } = await bus();
  const { subscriptions, analysts: known, wish } = await memory();
  const rows = remembered(subscriptions);
  return {
    subscriptions: rows.list,
    async heardAgain(resource) {
      await noteHeard(resource, { subscriptions });
      rows.forget();
    },
    async renewSoon(resource, wanted) {
      await subscriptions.change(resource, (row) => ({
        ...row,
        expiresAt: 0,
        subscriptionId: wanted === "recreate" ? null : row.subscriptionId,
      }));
      if (wanted === "recreate") await wish("a subscription has missed something");
    },
    isKnown: knownAnalysts(known, now),
    send,
    now,
  };
});

/** What a workflow says of somebody is kept with neither a policy nor Graph. */
export const workflowPorts = once(async (): Promise<ReceiveCallPorts> => {
  const { send } = await bus();
  const { departures: said, calls } = await memory();
  return { departures: said, calls, send, patienceMs: readWorkflowPatience(process.env), now };
});

/** The policy is asked for by what begins something: reports are read without it. */
export const apiPorts = once(async (): Promise<ApiPorts> => {
  const { send } = await bus();
  const state = await memory();
  const policy = async () => (await (await muster()).workerPorts()).policy();
  return { ...state, policy, send, now };
});

async function buildMuster(): Promise<Muster> {
  const settings = readSettings(process.env);
  const { send, schedule, park } = await bus();
  const { wish, ...state } = await memory();
  const tenants = tenantDirectory(settings, state.marks.policy);
  const load = policyFile(settings.policyFile);
  const mark = readAtMostEvery(policyMs, state.marks.policy, { now });
  const policyBy = (graph: GraphTenant) => () =>
    policyInForce({ load, mark, onNews: wish, heed: tenants.heed, now: graph.now });
  const isFirst = firstTimes();
  const source = (policyNow: PolicyNow) => tenants.of(policyNow.policy.source.tenantId);

  return {
    async workerPorts() {
      const tenant = source(await load());
      return {
        ...state,
        policy: policyBy(tenant.graph),
        source: {
          reader: sourceReader(tenant.graph),
          writer: sourceWriter(tenant.graph),
          groups: tenant.groups,
          grants: grantReaders(tenant.graph, tenant),
          provisioner: tenant.provisioner,
          jobs: syncJobReader(tenant.graph),
          now: tenant.graph.now,
        },
        target: (id) => {
          const tenant = tenants.of(id);
          return { reader: targetReader(tenant.graph, tenant), writer: targetWriter(tenant.graph) };
        },
        lists(id) {
          const { graph } = tenants.of(id);
          return {
            holders: holderReaders(graph),
            accounts: accountLists(graph),
            home: graph === tenant.graph ? "yes" : "no",
          };
        },
        send,
        schedule,
        park,
        now: tenant.graph.now,
        isFirst,
        callback: (id) => workflowCallback(tenants.of(id).graph),
      };
    },
    async subscribePorts() {
      const tenant = source(await load());
      return {
        policy: policyBy(tenant.graph),
        groups: tenant.groups,
        reader: sourceReader(tenant.graph),
        graph: subscriptionWriter(tenant.graph),
        rows: state.subscriptions,
        findings: state.findings,
        notificationUrl: settings.notificationUrl,
        newClientState: () => randomBytes(32).toString("hex"),
        catchUp: wish,
        now: tenant.graph.now,
      };
    },
    async catchUpPorts() {
      const { groups, graph } = source(await load());
      const reader = sourceReader(graph);
      const policy = policyBy(graph);
      const policyChanges = async () => (await state.marks.policy.read())?.value.changes ?? 0;
      const mark = state.marks.catchUp;
      return { ...state, policy, policyChanges, groups, reader, mark, send, schedule, now: graph.now };
    },
    async startPorts() {
      const { graph } = source(await load());
      return { ...state, policy: policyBy(graph), mark: state.marks.sweep, send, now: graph.now };
    },
  };
}

function stateIn(tables: Tables) {
  return {
    analysts: analysts(tables.Analysts),
    pairs: pairs(tables.Pairs),
    roleKeys: roleKeys(tables.RoleKeys),
    subscriptions: subscriptionRows(tables.Subscriptions),
    slots: slots(tables.Slots, pause),
    troubles: troubles(tables.Troubles),
    findings: findings(tables.Findings),
    departures: departures(tables.Departures),
    calls: workflowCalls(tables.WorkflowCalls),
    runs: runs(tables.Runs),
    marks: marks(tables.Marks),
    journal: journal(tables.Journal),
  };
}

/** Which policy is in force is asked in every round of every look, and many of them begin at one moment. */
const policyMs = 500;

/** What a delivery is proven by hardly ever changes; it must not wait for a table every time. */
const memoryMs = 30_000;

function remembered(rows: SubscriptionRows): {
  readonly list: ReceivePorts["subscriptions"];
  readonly forget: () => void;
} {
  let known: { readonly at: number; readonly rows: readonly SubscriptionRow[] } | null = null;
  return {
    async list(how) {
      const last = known;
      if (how !== "fresh" && last !== null && now() - last.at <= memoryMs) return last.rows;
      known = { at: now(), rows: await rows.list() };
      return known.rows;
    },
    forget: () => (known = null),
  };
}

/** Remembers the last moment of each thing: what is done for many together is asked for by each of them. */
function firstTimes(): SweepWorkerPorts["isFirst"] {
  const last = new Map<string, number>();
  return (what, at) => {
    if (last.get(what) === at) return false;
    last.set(what, at);
    return true;
  };
}

function once<T>(build: () => Promise<T>): () => Promise<T> {
  let built: Promise<T> | null = null;
  return () => {
    if (built !== null) return built;
    const building = build();
    built = building;
    building.catch(() => (built = null));
    return building;
  };
}
