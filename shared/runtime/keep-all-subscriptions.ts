import { keepSubscriptions } from "../reconcile/events/subscribe.ts";
import type { Subscribed } from "../reconcile/events/subscribed.ts";
import { muster } from "./compose.ts";
import { logTo, type LogTarget } from "./log.ts";

/**
 * Keeps the subscriptions alive.
 * @throws Error naming each one that could not be kept, so that the run shows as failed; the next run tries again.
 */
export async function keepAllSubscriptions(log: LogTarget): Promise<void> {
  const { subscribePorts } = await muster();
  const results = await keepSubscriptions(await subscribePorts());
  const write = logTo(log);
  for (const { resource, did, detail } of results) {
    if (did !== "nothing")
      write(levels[did] ?? "info", "A subscription was looked after.", { resource, did, detail });
  }
  const failed = results.filter(({ did }) => did === "failed");
  if (failed.length === 0) return;
  throw new Error(
    `Not subscribed: ${failed.map(({ resource, detail }) => `${resource} (${detail})`).join("; ")}`,
  );
}

const levels: Partial<Record<Subscribed["did"], "warn" | "error">> = { "left out": "warn", failed: "error" };
