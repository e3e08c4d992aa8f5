import { catchUpIfDue } from "../reconcile/events/catch-up.ts";
import { muster } from "./compose.ts";
import { logTo, type LogTarget } from "./log.ts";

/** Puts whoever has changed, or everybody, on the queue when it is time to. */
export async function catchUpIfItIsTime(log: LogTarget): Promise<void> {
  const { catchUpPorts } = await muster();
  const did = await catchUpIfDue(await catchUpPorts());
  if (did === null) return;
  const { why, whom, unknown } = did;
  const what = whom === "everybody" ? "Everybody is looked at." : "Whoever has changed is looked at.";
  logTo(log)("info", what, unknown === "" ? { why } : { why, unknown });
}
