import { beginNight as begin } from "../reconcile/sweep/start-sweeps.ts";
import { muster } from "./compose.ts";
import { logTo, type LogTarget } from "./log.ts";

/** Begins the nightly comparison of every tenant with the policy. */
export async function beginNight(log: LogTarget): Promise<void> {
  const { startPorts } = await muster();
  const id = await begin(await startPorts());
  logTo(log)("info", id === null ? "The night has begun already." : "The night has begun.", { run: id });
}
