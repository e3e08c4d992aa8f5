import type { ArrivalMessage } from "../../queue/keys.ts";
import { meetArrival } from "../source/meet-arrival.ts";
import type { WorkerPorts, Log } from "./worker-ports.ts";

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
