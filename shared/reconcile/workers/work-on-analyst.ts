import type { AnalystRecord } from "../../model/analyst.ts";
import { sessionOf, type AnalystMessage } from "../../queue/keys.ts";
import { analystPartition, analystRow } from "../../state/analysts.ts";
import { sourcePartition } from "../../state/findings.ts";
import { roleKeyRow } from "../../state/role-keys.ts";
import { reconcileAnalyst } from "../source/analyst.ts";
import { noteSilence } from "../events/silence.ts";
import { compareAttributeRoles, compareRoleGroup } from "../source/compare-holders.ts";
import { handle } from "../run/handle.ts";
import type { HandlePorts } from "../run/handling.ts";
import { nextSourceLook } from "../run/next-look.ts";
import { workOnWorkflow } from "./work-on-workflow.ts";
import { type WorkerPorts, type Log, whoWaits } from "./worker-ports.ts";

/** Handles one message of the queue `analysts`: an analyst, a role group, the roles that attributes give, or a workflow's call. */
export function workOnAnalyst(message: AnalystMessage, ports: WorkerPorts, log: Log): Promise<void> {
  const { key } = message;
  if (key.kind === "workflow") return workOnWorkflow({ ...message, key }, ports, log);
  const sourcePorts = { ...ports, ...ports.source, now: ports.now };
  if (key.kind !== "analyst") {
    const onSilence = (resources: readonly string[]) => noteSilence(resources, ports);
    const comparing = { ...sourcePorts, onSilence };
    return handle<null>(message, roleKeyPorts(key, ports, log), (_claim, run) =>
      key.kind === "role-group"
        ? compareRoleGroup(key.group, comparing, run)
        : compareAttributeRoles(comparing, run),
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
