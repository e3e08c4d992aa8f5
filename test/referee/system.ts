import {
  accessMessageSchema,
  analystMessageSchema,
  arrivalMessageSchema,
  queueOf,
  sessionOf,
  sweepMessageSchema,
  type Message,
  type WorkQueue,
} from "../../shared/queue/keys.ts";
import { tenantIdSchema } from "../../shared/model/ids.ts";
import { catchUpIfDue, wishCatchUp } from "../../shared/reconcile/events/catch-up.ts";
import { policyInForce, type PolicyNow } from "../../shared/reconcile/run/policy-in-force.ts";
import { receiveNotifications } from "../../shared/reconcile/events/receive.ts";
import { noteHeard } from "../../shared/reconcile/events/silence.ts";
import { keepSubscriptions } from "../../shared/reconcile/events/subscribe.ts";
import { beginNight, tendSweeps, type StartPorts } from "../../shared/reconcile/sweep/start-sweeps.ts";
import { workOnArrival } from "../../shared/reconcile/workers/work-on-arrival.ts";
import { workOnAccess } from "../../shared/reconcile/workers/work-on-access.ts";
import { workOnAnalyst } from "../../shared/reconcile/workers/work-on-analyst.ts";
import { receiveCall } from "../../shared/reconcile/workflows/receive-call.ts";
import { workOnSweep } from "../../shared/reconcile/workers/work-on-sweep.ts";
import type { SweepWorkerPorts } from "../../shared/reconcile/workers/worker-ports.ts";
import { analystRow, analysts } from "../../shared/state/analysts.ts";
import { departures } from "../../shared/state/departures.ts";
import { findings } from "../../shared/state/findings.ts";
import type { JournalEntry } from "../../shared/state/journal.ts";
import { marks } from "../../shared/state/marks.ts";
import { pairs } from "../../shared/state/pairs.ts";
import { roleKeys } from "../../shared/state/role-keys.ts";
import { runs } from "../../shared/state/runs.ts";
import { slots } from "../../shared/state/slots.ts";
import { subscriptionRows } from "../../shared/state/subscription-rows.ts";
import { workflowCalls } from "../../shared/state/workflow-calls.ts";
import { troubles } from "../../shared/state/troubles.ts";
import type { Bus } from "./bus.ts";
import { sourceTenant } from "./cast.ts";
import type { Graph } from "./graph.ts";
import type { Life } from "./host.ts";
import { subscriptionsOf, type Subscriptions } from "./subscriptions.ts";
import { tableOf, type Rows } from "./tables.ts";

export type SystemParts = {
  readonly life: Life;
  /** @throws PolicyUnusable */
  readonly policy: () => PolicyNow;
  readonly graph: Graph;
  readonly subscriptions: Subscriptions;
  readonly graphNow: () => number;
  readonly pause: (ms: number) => Promise<void>;
  readonly bus: Bus;
  readonly tables: Readonly<Record<string, Rows>>;
  /** Whether everything is compared now and then. */
  readonly nights: "yes" | "no";
  /** Hears what a workflow is told of its task, by where it waits for that. */
  readonly onResume: (path: string, status: "completed" | "failed") => void;
  /** Hears what people are told. */
  readonly onEntry: (entry: JournalEntry) => void;
  readonly onParked: (told: Told) => void;
  readonly onLog: (line: () => string) => void;
};

/** What people read in the queue `parked`. */
export type Told = { readonly session: string; readonly reason: string };

export type System = {
  readonly notify: (text: string) => Promise<boolean>;
  /** A relay passes the call of a workflow of this tenant on. @returns whether it was accepted */
  readonly relay: (text: string, tenant: string) => Promise<boolean>;
  /** The timer that looks whether it is time to catch up. */
  readonly catchUp: () => Promise<void>;
  /** The timer that looks after the subscriptions. */
  readonly subscribe: () => Promise<void>;
  /** The timer of the night. */
  readonly night: () => Promise<void>;
  /** What a host does first when it starts. */
  readonly start: () => Promise<void>;
};

export const tableNames = [
  "Analysts",
  "Pairs",
  "RoleKeys",
  "Subscriptions",
  "Slots",
  "Troubles",
  "Findings",
  "Departures",
  "WorkflowCalls",
  "Marks",
  "Runs",
] as const;

/** How long workflows wait for the end of a task. */
const workflowPatienceMs = 60 * 60_000;

/** A delivery does not wait for the table every time. */
const memoryMs = 30_000;

const slotsPerHost = ["analysts", "analysts", "analysts", "access", "access", "access", "arrivals"] as const;

const sweepSlots = ["sweeps", "sweeps"] as const;

/** The app in one life of a host: the real handlers and the real state code, wired as `runtime/` wires them. */
export function startSystem(parts: SystemParts): System {
  const { life, graph, bus, onEntry, onParked, onLog } = parts;
  const { now, travel } = life;
  const table = (name: (typeof tableNames)[number]) => tableOf(name, parts.tables[name] ?? new Map(), travel);
  const journal = {
    append: async (entry: JournalEntry) => {
      await travel.there("Journal write");
      onEntry(entry);
      await travel.back("Journal write");
    },
    day: async () => [],
    forget: async () => undefined,
  };
  const send = async (messages: readonly Message[]) => {
    if (messages.length === 0) return;
    await travel.there("bus send");
    for (const message of messages) bus.send(queueOf(message.key), sessionOf(message.key), message);
    await travel.back("bus send");
  };
  const schedule = async (message: Message, at: number) => {
    await travel.there("bus schedule");
    bus.schedule(queueOf(message.key), sessionOf(message.key), message, at);
    await travel.back("bus schedule");
  };
  const analystTable = analysts(table("Analysts"));
  const pairTable = pairs(table("Pairs"));
  const rows = subscriptionRows(table("Subscriptions"));
  const findingTable = findings(table("Findings"));
  const troubleTable = troubles(table("Troubles"));
  const mark = marks(table("Marks"));
  const wish = (why: string) => wishCatchUp(why, { mark: mark.catchUp, now });
  const policy = () =>
    policyInForce({
      load: async () => parts.policy(),
      mark: mark.policy,
      onNews: wish,
      heed: () => undefined,
      now,
    });
  const ports: SweepWorkerPorts = {
    policy,
    source: {
      reader: graph.sourceReader,
      writer: graph.sourceWriter,
      groups: graph.groups,
      grants: graph.targetReader(sourceTenant).grants,
      provisioner: graph.provisioner,
      jobs: graph.jobs,
      now: parts.graphNow,
    },
    target: (tenant) => ({
      reader: graph.targetReader(tenant),
      writer: graph.targetWriter(tenant),
    }),
    analysts: analystTable,
    pairs: pairTable,
    roleKeys: roleKeys(table("RoleKeys")),
    slots: slots(table("Slots"), parts.pause),
    troubles: troubleTable,
    findings: findingTable,
    departures: departures(table("Departures")),
    calls: workflowCalls(table("WorkflowCalls")),
    callback: () => ({
      async resume(path, status) {
        await travel.there("workflow callback");
        parts.onResume(path, status);
        await travel.back("workflow callback");
        return "heard";
      },
    }),
    subscriptions: rows,
    runs: runs(table("Runs")),
    lists: (tenant) => ({ ...graph.lists(tenant), home: tenant === sourceTenant ? "yes" : "no" }),
    journal,
    send,
    schedule,
    park: async ({ key, reason }) => onParked({ session: sessionOf(key), reason }),
    now,
    isFirst: () => true,
  };
  const log = (_level: string, message: string, fields: unknown) =>
    onLog(() => `${life.name}: ${message} ${JSON.stringify(fields)}`);

  function work(queue: WorkQueue, body: unknown): Promise<void> {
    switch (queue) {
      case "analysts":
        return workOnAnalyst(analystMessageSchema.parse(body), ports, log);
      case "access":
        return workOnAccess(accessMessageSchema.parse(body), ports, log);
      case "arrivals":
        return workOnArrival(arrivalMessageSchema.parse(body), ports, log);
      case "sweeps":
        return workOnSweep(sweepMessageSchema.parse(body), ports, log);
      default:
        return queue satisfies never;
    }
  }

  async function slot(queue: WorkQueue): Promise<void> {
    while (!life.isOver()) {
      const delivery = await bus.receive(queue, life.isOver);
      onLog(() => `${life.name} takes ${delivery.item.body}`);
      try {
        await work(queue, JSON.parse(delivery.item.body));
        bus.complete(delivery);
      } catch (error) {
        onLog(() => `${life.name}: threw ${String(error)}`);
        bus.abandon(delivery);
      }
    }
  }

  for (const queue of slotsPerHost) void slot(queue);
  if (parts.nights === "yes") for (const queue of sweepSlots) void slot(queue);

  const startPorts = (): StartPorts => ({ ...ports, mark: mark.sweep });

  let remembered: { readonly at: number; readonly rows: ReturnType<typeof rows.list> } | null = null;

  return {
    async notify(text) {
      const received = await receiveNotifications(text, {
        subscriptions: async (how) => {
          if (how === "fresh" || remembered === null || now() - remembered.at > memoryMs)
            remembered = { at: now(), rows: rows.list() };
          return remembered.rows;
        },
        renewSoon: async () => undefined,
        async heardAgain(resource) {
          await noteHeard(resource, { subscriptions: rows });
          remembered = null;
        },
        isKnown: async (id) => {
          const known = await analystTable.read(analystRow(id));
          return known !== null && known.value !== null;
        },
        send,
        now,
      });
      return received.kind === "accepted";
    },
    async relay(text, tenant) {
      const received = await receiveCall(text, tenantIdSchema.parse(tenant), {
        ...ports,
        patienceMs: workflowPatienceMs,
      });
      return received.kind === "accepted";
    },
    start: () => wish("a host has started"),
    async subscribe() {
      await keepSubscriptions({
        policy,
        groups: graph.groups,
        reader: graph.sourceReader,
        graph: subscriptionsOf(parts.subscriptions, travel),
        rows,
        findings: findingTable,
        notificationUrl: "https://muster.example",
        newClientState: () => "secret",
        catchUp: wish,
        now,
      });
    },
    async night() {
      await beginNight(startPorts());
    },
    async catchUp() {
      await catchUpIfDue({
        policy,
        groups: graph.groups,
        reader: graph.sourceReader,
        analysts: analystTable,
        pairs: pairTable,
        troubles: troubleTable,
        findings: findingTable,
        calls: ports.calls,
        journal,
        subscriptions: rows,
        mark: mark.catchUp,
        policyChanges: async () => (await mark.policy.read())?.value.changes ?? 0,
        schedule,
        send,
        now,
      });
      if (parts.nights === "yes") await tendSweeps(startPorts());
    },
  };
}
