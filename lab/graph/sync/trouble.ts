import type { Weather } from "../../weather.ts";
import type { Draws } from "../draws.ts";
import type { FaultBook } from "../faults/fault-registry.ts";
import type { SentinelWatch } from "../faults/sentinel-watch.ts";
import type { SyncJob } from "./job.ts";

/** Why one user could not be exported; everybody else is. */
type Trouble = { readonly code: string; readonly message: string };

/** What befalls a user whose turn it is. */
export type TroubleWith = (
  job: SyncJob,
  userId: string,
  when: "in a cycle" | "on demand",
) => Trouble | undefined;

/** By a fault, by a name that brings it, or as it happens now and then: such a user is tried again in the next cycle. */
export function troubles(parts: {
  readonly weather: Weather;
  readonly draws: Draws;
  readonly faults: FaultBook;
  readonly sentinels: SentinelWatch;
}): TroubleWith {
  const { weather, draws, faults, sentinels } = parts;

  function byFault(job: SyncJob, userId: string): Trouble | undefined {
    const name = job.source.users.get(userId)?.properties["userPrincipalName"];
    for (const tenant of [job.source, job.target]) {
      const target = { tenant, caller: "app", method: "", paths: [job.id] } as const;
      const struck = faults.take("userFails", target, ({ user }) => user === userId || user === name);
      if (struck !== undefined) return { code: struck.fault.code, message: struck.fault.message };
    }
    return undefined;
  }

  return (job, userId, when) => {
    const fault = byFault(job, userId);
    if (fault !== undefined) return fault;
    if (sentinels.fails(job.source, userId)) {
      return { code: "InvalidUserInformation", message: "The name of this user brings trouble." };
    }
    const isUnlucky =
      when === "in a cycle" && draws.happens(weather.failedInCycle, "fails in cycle", job.id, userId);
    return isUnlucky
      ? { code: "GatewayTimeout", message: "The target did not answer in time; the next cycle tries again." }
      : undefined;
  };
}
