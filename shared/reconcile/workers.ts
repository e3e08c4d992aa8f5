import type { GroupDirectory } from "../graph/group-directory.ts";
import type { GrantReaders } from "../graph/grants/kind.ts";
import type { SourceReader } from "../graph/source-reader.ts";
import type { SourceWriter } from "../graph/source-writer.ts";
import type { Provisioner, SyncJobReader } from "../graph/synchronization.ts";
import type { TargetReader } from "../graph/target-reader.ts";
import type { TargetWriter } from "../graph/target-writer.ts";
import type { AnalystRecord } from "../model/analyst.ts";
import { analystIdSchema, type AnalystId, type TenantId } from "../model/ids.ts";
import type { PairRecord } from "../model/pair.ts";
import {
  sessionOf,
  type AccessMessage,
  type AnalystMessage,
  type ArrivalMessage,
  type Message,
  type ParkedMessage,
} from "../queue/keys.ts";
import { placeAt } from "../policy/places.ts";
import { analystPartition, analystRow, type Analysts } from "../state/analysts.ts";
import { sourcePartition, type Findings } from "../state/findings.ts";
import type { Journal } from "../state/journal.ts";
import type { KeyTable } from "../state/key-state.ts";
import { pairRow, type Pairs } from "../state/pairs.ts";
import { roleKeyRow, type RoleKeys } from "../state/role-keys.ts";
import type { Slots } from "../state/slots.ts";
import type { Troubles } from "../state/troubles.ts";
import { reconcileAccess } from "./access/access.ts";
import { reconcileAnalyst } from "./source/analyst.ts";
import { compareAttributeRoles, compareRoleGroup } from "./source/compare-holders.ts";
import { handle } from "./run/handle.ts";
import type { HandlePorts } from "./run/handling.ts";
import { meetArrival } from "./source/meet-arrival.ts";
import { nextAccessLook, nextSourceLook } from "./run/next-look.ts";
import type { PolicyNow } from "./run/policy-in-force.ts";
import { takenOver } from "./access/take-over.ts";

/** Everything that handling messages needs, from the edges. */
export type WorkerPorts = {
  /** The policy that is in force now. @throws PolicyUnusable */
  readonly policy: () => Promise<PolicyNow>;
  readonly source: {
    readonly reader: SourceReader;
    readonly writer: SourceWriter;
    readonly groups: GroupDirectory;
    /** What analysts are given in the source themselves, by kind. */
    readonly grants: GrantReaders;
    readonly provisioner: Provisioner;
    readonly jobs: SyncJobReader;
    /** The tenant's own time, epoch ms. */
    readonly now: () => number;
  };
  readonly target: (tenant: TenantId) => {
    readonly reader: TargetReader;
    readonly writer: TargetWriter;
  };
  readonly analysts: Analysts;
  readonly pairs: Pairs;
  readonly roleKeys: RoleKeys;
  readonly slots: Slots;
  readonly troubles: Troubles;
  readonly findings: Findings;
  readonly journal: Journal;
  readonly send: (messages: readonly Message[]) => Promise<void>;
  readonly schedule: (message: Message, at: number) => Promise<void>;
  readonly park: (message: ParkedMessage) => Promise<void>;
  readonly now: () => number;
  /** Whether this process does something for the first time for this moment, epoch ms. */
  readonly isFirst: (what: string, at: number) => boolean;
};

type Log = HandlePorts<unknown>["log"];

/** Handles one message of the queue `analysts`: an analyst, a role group, or the roles that attributes give. */
export function workOnAnalyst(message: AnalystMessage, ports: WorkerPorts, log: Log): Promise<void> {
  const { key } = message;
  const sourcePorts = { ...ports, ...ports.source, now: ports.now };
  if (key.kind !== "analyst") {
    return handle<null>(message, roleKeyPorts(key, ports, log), (_claim, run) =>
      key.kind === "role-group"
        ? compareRoleGroup(key.group, sourcePorts, run)
        : compareAttributeRoles(sourcePorts, run),
    );
  }
  return handle<AnalystRecord | null>(
    message,
    {
      ...ports,
      log,
      claim: (begin) => ports.analysts.claim(analystRow(key.analyst), begin),
      isNothing: (value) => value === null,
      isLeaving: (value) => value !== null && value.leaving !== null,
      lookFor: ({ clock }, now, occasion) => nextSourceLook(clock, now, occasion),
      findings: {
        table: ports.findings,
        tenant: sourcePartition,
        subject: key.analyst,
        names: async (value) => ({ person: value?.userPrincipalName ?? null, place: null }),
        unproven: () => null,
      },
      partition: analystPartition,
      waiting: async (trouble) =>
        (await whoWaits(ports.analysts, analystPartition, trouble)).map((analyst) => ({
          kind: "analyst",
          analyst,
        })),
    },
    (claim, run) => reconcileAnalyst(key.analyst, sourcePorts, { claim, run }),
  );
}

function roleKeyPorts(key: AnalystMessage["key"], ports: WorkerPorts, log: Log): HandlePorts<null> {
  return {
    ...ports,
    log,
    claim: (begin) => ports.roleKeys.claim(roleKeyRow(sessionOf(key)), begin),
    // The clock is all there is to it.
    isNothing: () => false,
    isLeaving: () => false,
    lookFor: ({ clock }, now, occasion) => nextSourceLook(clock, now, occasion),
    findings: {
      table: ports.findings,
      tenant: sourcePartition,
      subject: sessionOf(key),
      names: async () => ({ person: null, place: null }),
      unproven: () => null,
    },
    partition: "role",
    waiting: async () => [],
  };
}

/** The analysts of a partition whose keys wait for a trouble to end. */
async function whoWaits(
  table: Pick<KeyTable<unknown>, "list">,
  partition: string,
  trouble: string,
): Promise<readonly AnalystId[]> {
  const rows = await table.list(partition);
  return rows
    .filter(({ state }) => state.clock.waitsFor.includes(trouble))
    .map(({ rowKey }) => analystIdSchema.parse(rowKey));
}

/** Handles one message of the queue `access`: one analyst in one target. */
export function workOnAccess(message: AccessMessage, ports: WorkerPorts, log: Log): Promise<void> {
  const { tenant, analyst } = message.key;
  const { reader, writer } = ports.target(tenant);
  const accessPorts = {
    ...ports,
    tenant: { reader },
    targetWriter: writer,
    sourceWriter: ports.source.writer,
    provisioner: ports.source.provisioner,
    jobs: ports.source.jobs,
    graphNow: ports.source.now,
  };
  // Not "at least": versions start anew for an analyst whose record was lost.
  const isServed = ({ served }: PairRecord) => message.version !== null && served === message.version;
  return handle<PairRecord>(
    message,
    {
      ...ports,
      log,
      claim: (begin) =>
        ports.pairs.claim(pairRow(tenant, analyst), (state) =>
          begin({ ...state, value: takenOver(state.value) }),
        ),
      isNothing: () => false,
      isLeaving: ({ leftAt }) => leftAt !== null,
      lookFor: ({ clock, value }, now, occasion) =>
        nextAccessLook(clock, now, { occasion, served: isServed(value) ? "yes" : "no" }),
      findings: {
        table: ports.findings,
        tenant,
        subject: analyst,
        names: () => namesOf(message.key, ports),
        unproven: (value) => value.unproven,
      },
      partition: tenant,
      waiting: async (trouble) =>
        (await whoWaits(ports.pairs, tenant, trouble)).map((one) => ({
          kind: "access",
          tenant,
          analyst: one,
        })),
    },
    (claim, run) => reconcileAccess({ tenant, analyst }, accessPorts, { claim, run }),
  );
}

/** Without a policy, a tenant has no name. */
async function namesOf({ tenant, analyst }: AccessMessage["key"], { analysts, policy }: WorkerPorts) {
  const known = await analysts.read(analystRow(analyst));
  const place = await policy().then(
    (now) => placeAt(now.policy, tenant)?.name ?? null,
    () => null,
  );
  return { person: known?.value?.userPrincipalName ?? null, place };
}

/** Handles one message of the queue `arrivals`: somebody who was not known to be an analyst. */
export function workOnArrival(message: ArrivalMessage, ports: WorkerPorts, log: Log): Promise<void> {
  const { policy, source, analysts, send, schedule, now, isFirst } = ports;
  const { reader, groups } = source;
  return meetArrival(message, {
    policy,
    reader,
    groups,
    analysts,
    send,
    schedule,
    now,
    isFirst,
    log: (text, fields) => log("warn", text, fields),
  });
}
