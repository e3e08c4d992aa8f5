import { errorText } from "../../model/error-text.ts";
import type { SweepMessage } from "../../queue/keys.ts";
import { carryOn } from "../sweep/carry-on.ts";
import type { SweepWorkerPorts, Log } from "./worker-ports.ts";

/** Handles one message of the queue `sweeps`: one place of one sweep, by one step. */
export async function workOnSweep(message: SweepMessage, ports: SweepWorkerPorts, log: Log): Promise<void> {
  const { source, target, lists, now } = ports;
  try {
    await carryOn(message, {
      ...ports,
      place: (tenant) => ({
        ...lists(tenant),
        grants: lists(tenant).home === "yes" ? source.grants : target(tenant).reader.grants,
      }),
      planning: {
        analyst: { ...ports, ...source, now },
        access: (tenant) => ({ ...ports, tenant: { reader: target(tenant).reader } }),
      },
      log,
    });
  } catch (error) {
    // Without its tables it cannot even say that it has failed.
    log("error", "A sweep could not be carried on, and is put back.", {
      key: `${message.key.run} ${message.key.tenant}`,
      why: errorText(error),
    });
    await ports.schedule(message, now() + putBackMs);
  }
}

const putBackMs = 60_000;
