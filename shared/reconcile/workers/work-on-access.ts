import type { PairRecord } from "../../model/pair.ts";
import type { AccessMessage } from "../../queue/keys.ts";
import { placeAt } from "../../policy/places.ts";
import { analystRow } from "../../state/analysts.ts";
import { pairRow } from "../../state/pairs.ts";
import { reconcileAccess } from "../access/access.ts";
import { handle } from "../run/handle.ts";
import { nextAccessLook } from "../run/next-look.ts";
import { takenOver } from "../access/take-over.ts";
import { type WorkerPorts, type Log, whoWaits } from "./worker-ports.ts";

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
