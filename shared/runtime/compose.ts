import { randomBytes } from "node:crypto";
import { ManagedIdentityCredential, type TokenCredential } from "@azure/identity";
import { ServiceBusClient } from "@azure/service-bus";
import { credentialFor } from "../graph/credentials.ts";
import { groupDirectory, type GroupDirectory } from "../graph/group-directory.ts";
import { graphHttp } from "../graph/http.ts";
import { sourceReader } from "../graph/source-reader.ts";
import { sourceWriter } from "../graph/source-writer.ts";
import { subscriptionWriter } from "../graph/subscriptions.ts";
import { provisioner, syncJobReader } from "../graph/synchronization.ts";
import { targetReader } from "../graph/target-reader.ts";
import { targetWriter } from "../graph/target-writer.ts";
import { graphTenant, type GraphTenant } from "../graph/tenant.ts";
import type { Policy, Target } from "../policy/policy.ts";
import { sender, type Sender } from "../queue/sender.ts";
import type { AccessPorts } from "../reconcile/access-ports.ts";
import type { AnalystPorts } from "../reconcile/analyst.ts";
import type { ReceivePorts } from "../reconcile/receive.ts";
import type { RoleGroupPorts } from "../reconcile/role-group.ts";
import type { SubscribePorts } from "../reconcile/subscribe.ts";
import { accounts } from "../state/accounts.ts";
import { analysts } from "../state/analysts.ts";
import { clocks, type Clocks } from "../state/clocks.ts";
import { journal } from "../state/journal.ts";
import { ledger } from "../state/ledger.ts";
import { slots } from "../state/slots.ts";
import { subscriptionRows, type SubscriptionRow } from "../state/subscription-rows.ts";
import { readPolicy } from "./policy-file.ts";
import { readSettings, type Settings } from "./settings.ts";
import { openTables, type Tables } from "./tables.ts";

/** The queue: enough to keep a message that cannot be handled now. The tables are opened when they are asked. */
type Foundation = {
  readonly settings: Settings;
  readonly sender: Sender;
  readonly clocks: Clocks;
  readonly now: () => number;
};

/** Everything, with real parts in place. */
export type Muster = Foundation & {
  readonly policy: Policy;
  readonly analystPorts: AnalystPorts;
  readonly roleGroupPorts: RoleGroupPorts;
  readonly accessPorts: (target: Target) => AccessPorts;
  readonly receivePorts: ReceivePorts;
  readonly subscribePorts: SubscribePorts;
};

const now = () => Date.now();

/** Built once a process, on first use; a failure is not kept, so that a repaired deployment needs no restart. */
export const foundation = once(buildFoundation);
export const muster = once(buildMuster);

/** For settings with an identity instead of a connection string. */
function platformCredential({ identity }: Settings): TokenCredential {
  if (identity.assertion.kind === "managed-identity") {
    return new ManagedIdentityCredential({ clientId: identity.assertion.clientId });
  }
  throw new Error(
    "MUSTER_IDENTITY_CLIENT_ID: set it, because ServiceBus or the tables are reached with an identity",
  );
}

const openState = once(() => {
  const settings = readSettings(process.env);
  return openTables(settings.tables, () => platformCredential(settings));
});

/** The clocks of keys, also while the tables cannot be opened: then every question fails, and the message is kept. */
const lateClocks: Clocks = {
  get: async (session) => clocks((await openState()).Clocks).get(session),
  put: async (session, clock) => clocks((await openState()).Clocks).put(session, clock),
};

async function buildFoundation(): Promise<Foundation> {
  const settings = readSettings(process.env);
  const { serviceBus } = settings;
  const client =
    serviceBus.kind === "identity"
      ? new ServiceBusClient(serviceBus.endpoint, platformCredential(settings))
      : new ServiceBusClient(serviceBus.text);
  return { settings, sender: sender(client), clocks: lateClocks, now };
}

async function buildMuster(): Promise<Muster> {
  const base = await foundation();
  const tables = await openState();
  const policy = await readPolicy(base.settings.policyFile);
  const tenants = tenantDirectory(base.settings);
  const source = tenants(policy.source.tenantId);
  const send = base.sender.send;
  const sourcePorts = { reader: sourceReader(source.graph), groups: source.groups };
  const analystTable = analysts(tables.Analysts);
  const journalTable = journal(tables.Journal);
  return {
    ...base,
    policy,
    analystPorts: {
      policy,
      ...sourcePorts,
      writer: sourceWriter(source.graph),
      analysts: analystTable,
      journal: journalTable,
      send,
      now,
    },
    roleGroupPorts: { policy, ...sourcePorts, analysts: analystTable, send },
    accessPorts: (target) => {
      const tenant = tenants(target.tenantId);
      return {
        policy,
        target,
        source: sourcePorts,
        tenant: { reader: targetReader(tenant.graph), groups: tenant.groups },
        sourceWriter: sourceWriter(source.graph),
        targetWriter: targetWriter(tenant.graph),
        provisioner: source.provisioner,
        jobs: syncJobReader(source.graph),
        analysts: analystTable,
        accounts: accounts(tables.Accounts),
        ledger: ledger(tables.Ledger),
        slots: slots(tables.Slots),
        journal: journalTable,
        now,
      };
    },
    receivePorts: receivePorts({ policy, tables, send }),
    subscribePorts: {
      policy,
      groups: source.groups,
      graph: subscriptionWriter(source.graph),
      rows: subscriptionRows(tables.Subscriptions),
      notificationUrl: base.settings.notificationUrl,
      newClientState: () => randomBytes(32).toString("hex"),
      now,
    },
  };
}

type Tenant = {
  readonly graph: GraphTenant;
  readonly groups: GroupDirectory;
  readonly provisioner: ReturnType<typeof provisioner>;
};

/** One gateway a tenant and process: limits and throttling are remembered where they apply. */
function tenantDirectory({ graphUrl, identity }: Settings): (tenantId: string) => Tenant {
  const tenants = new Map<string, Tenant>();
  return (tenantId) => {
    const known = tenants.get(tenantId);
    if (known !== undefined) return known;
    const credential = credentialFor(tenantId, identity);
    const graph = graphTenant({ tenantId, url: graphUrl, http: graphHttp({ url: graphUrl, credential }) });
    const tenant = { graph, groups: groupDirectory(graph), provisioner: provisioner(graph) };
    tenants.set(tenantId, tenant);
    return tenant;
  };
}

/** Subscriptions change a few times a week; a delivery must not wait for a table every time. */
const memoryMs = 30_000;

function receivePorts({
  policy,
  tables,
  send,
}: {
  readonly policy: Policy;
  readonly tables: Tables;
  readonly send: Sender["send"];
}): ReceivePorts {
  const rows = subscriptionRows(tables.Subscriptions);
  let remembered: { readonly at: number; readonly rows: readonly SubscriptionRow[] } | null = null;
  return {
    sourceTenant: policy.source.tenantId,
    async subscriptions(how) {
      if (how === "fresh" || remembered === null || now() - remembered.at > memoryMs) {
        remembered = { at: now(), rows: await rows.list() };
      }
      return remembered.rows;
    },
    renewSoon: (row, state) =>
      rows.put({ ...row, expiresAt: 0, subscriptionId: state === "recreate" ? null : row.subscriptionId }),
    send,
    now,
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
