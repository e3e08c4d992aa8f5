import { catchUpIfDue } from "../reconcile/catch-up.ts";
import { muster } from "./compose.ts";
import { logTo, type LogTarget } from "./log.ts";

/** Puts everybody on the queue when it is time to. */
export async function catchUpIfItIsTime(log: LogTarget): Promise<void> {
  const { catchUpPorts } = await muster();
  const why = await catchUpIfDue(await catchUpPorts());
  if (why !== null) logTo(log)("info", "Everybody is looked at.", { why });
}
