import { setTimeout as pause } from "node:timers/promises";
import type { z } from "zod";
import {
  accessMessageSchema,
  analystMessageSchema,
  arrivalMessageSchema,
  sessionOf,
  sweepMessageSchema,
  type Message,
} from "../queue/keys.ts";
import { errorText } from "../model/error-text.ts";
import { workOnArrival } from "../reconcile/workers/work-on-arrival.ts";
import { workOnAccess } from "../reconcile/workers/work-on-access.ts";
import { workOnAnalyst } from "../reconcile/workers/work-on-analyst.ts";
import { workOnSweep } from "../reconcile/workers/work-on-sweep.ts";
import type { SweepWorkerPorts } from "../reconcile/workers/worker-ports.ts";
import { bus, muster } from "./compose.ts";
import { logTo, type Log, type LogTarget } from "./log.ts";

/** Handles one message of the queue `analysts`. */
export function takeAnalyst(body: unknown, log: LogTarget): Promise<void> {
  return take(analystMessageSchema, { body, log }, workOnAnalyst);
}

/** Handles one message of the queue `arrivals`. */
export function takeArrival(body: unknown, log: LogTarget): Promise<void> {
  return take(arrivalMessageSchema, { body, log }, workOnArrival);
}

/** Handles one message of the queue `access`. */
export function takeAccess(body: unknown, log: LogTarget): Promise<void> {
  return take(accessMessageSchema, { body, log }, workOnAccess);
}

/** Handles one message of the queue `sweeps`. */
export function takeSweep(body: unknown, log: LogTarget): Promise<void> {
  return take(sweepMessageSchema, { body, log }, workOnSweep);
}

type Delivery = { readonly body: unknown; readonly log: LogTarget };

/** A setting that is missing or a policy that is broken is repaired by people; events wait. */
const putBackMs = 60_000;
/** Service Bus gives a message ten deliveries: when it cannot be put back either, they must not be over in a second. */
const holdMs = 30_000;

async function take<M extends Message>(
  schema: z.ZodType<M>,
  { body, log }: Delivery,
  work: (message: M, ports: SweepWorkerPorts, log: Log) => Promise<void>,
): Promise<void> {
  const write = logTo(log);
  const parsed = schema.safeParse(body);
  if (!parsed.success) {
    // Thrown, so that Service Bus keeps the message: after ten deliveries it is a dead letter, with all it says.
    throw new Error(
      `This message is no key of Muster's: ${parsed.error.issues.map(({ message }) => message).join("; ")}`,
    );
  }
  const message = parsed.data;
  try {
    const ports = await portsOrNull(message, write);
    if (ports === null) await (await bus()).schedule(message, Date.now() + putBackMs);
    else await work(message, ports, write);
  } catch (error) {
    const why = errorText(error);
    write("error", "A message could be neither handled nor put back; Service Bus keeps it.", {
      key: sessionOf(message.key),
      why,
    });
    await pause(holdMs);
    throw error;
  }
}

/** No event dies of a setting: what cannot be handled for want of one is put back. */
async function portsOrNull(message: Message, write: Log): Promise<SweepWorkerPorts | null> {
  try {
    const { workerPorts } = await muster();
    return await workerPorts();
  } catch (error) {
    const why = errorText(error);
    write("error", "Nothing can be handled, and messages are put back until it can.", {
      key: sessionOf(message.key),
      why,
    });
    return null;
  }
}
