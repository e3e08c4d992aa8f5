import { catchUpIfDue } from "../reconcile/events/catch-up.ts";
import { tendSweeps } from "../reconcile/sweep/start-sweeps.ts";
import { muster } from "./compose.ts";
import { logTo, type LogTarget } from "./log.ts";

/** Puts whoever has changed, or everybody, on the queue when it is time to; and sees to it that sweeps go on. */
export async function catchUpIfItIsTime(log: LogTarget): Promise<void> {
  const { catchUpPorts, startPorts } = await muster();
  const write = logTo(log);
  const did = await catchUpIfDue(await catchUpPorts());
  if (did !== null) {
    const { why, whom, unknown } = did;
    const what = whom === "everybody" ? "Everybody is looked at." : "Whoever has changed is looked at.";
    write("info", what, unknown === "" ? { why } : { why, unknown });
  }
  const { begun, called } = await tendSweeps(await startPorts());
  if (begun !== null) write("info", "Everything is compared with the new policy.", { run: begun });
  if (called > 0)
    write("warn", "Places of a sweep were called again that nobody had carried on.", { called });
}
