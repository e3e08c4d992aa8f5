import type { z } from "zod";
import {
  accessKeySchema,
  analystKeySchema,
  sessionOf,
  type AccessMessage,
  type AnalystMessage,
  type Message,
} from "../queue/keys.ts";
import { reconcileAccess } from "../reconcile/access.ts";
import { reconcileAnalyst } from "../reconcile/analyst.ts";
import { handle, type Run } from "../reconcile/handle.ts";
import type { Outcome } from "../reconcile/outcome.ts";
import { reconcileRoleGroup } from "../reconcile/role-group.ts";
import { foundation, muster, type Muster } from "./compose.ts";
import { logTo, type LogTarget } from "./log.ts";

/** Handles one message of the queue `analysts`. */
export function workOnAnalyst(body: unknown, log: LogTarget): Promise<void> {
  return work(analystKeySchema, { body, log }, (message, all, run) => runAnalyst(message, all, run));
}

/** Handles one message of the queue `access`. */
export function workOnAccess(body: unknown, log: LogTarget): Promise<void> {
  return work(accessKeySchema, { body, log }, (message, all, run) => runAccess(message, all, run));
}

function runAnalyst({ key }: AnalystMessage, all: Muster, run: Run): Promise<Outcome> {
  return key.kind === "analyst"
    ? reconcileAnalyst(key.analyst, all.analystPorts, run)
    : reconcileRoleGroup(key.group, all.roleGroupPorts, run);
}

async function runAccess({ key }: AccessMessage, all: Muster, run: Run): Promise<Outcome> {
  const target = all.policy.targets.find(({ name }) => name === key.target);
  if (target !== undefined) return reconcileAccess(key.analyst, all.accessPorts(target), run);
  return {
    kind: "parked",
    reason: `the target ${key.target} is not in the policy any more, and Muster once gave ${key.analyst} access there`,
    advice: "put the target back into the policy until everybody has left it, then take it out",
  };
}

type Delivery = { readonly body: unknown; readonly log: LogTarget };

/** While the policy is broken nothing can be decided, so everything waits this long and is tried again. */
const brokenPolicyMs = 60_000;

async function work<M extends Message>(
  schema: z.ZodType<M>,
  { body, log }: Delivery,
  run: (message: M, all: Muster, run: Run) => Promise<Outcome>,
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
  const { sender, clocks, now } = await foundation();
  await handle(
    message,
    { clocks, schedule: sender.schedule, park: sender.park, now, log: write },
    async (info) => {
      try {
        return await run(message, await muster(), info);
      } catch (error) {
        const isPolicy = error instanceof Error && error.message.startsWith("The policy is not valid");
        if (!isPolicy) throw error;
        write("error", "The policy is not valid.", { key: sessionOf(message.key), problems: error.message });
        return { kind: "again", at: now() + brokenPolicyMs, why: "the policy is not valid" };
      }
    },
  );
}
