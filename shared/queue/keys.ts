import { z } from "zod";
import { analystIdSchema, groupIdSchema, targetNameSchema } from "../model/ids.ts";

/**
 * What travels on Service Bus: which analyst (or group, or pair) to look at, never what changed. Everything a worker
 * needs is in the body: what the Functions host says about a message can be overwritten by the body's own fields, so
 * no name used here is a name the host uses.
 */
const common = {
  /** Why somebody should look, for the journal. */
  cause: z.string().max(200),
  /** When the thing happened or was heard of, epoch ms: a read that began later has seen it. In a wake: its time. */
  heardAt: z.number().int().nonnegative(),
  /** "wake": a reminder that was scheduled by the worker itself. */
  occasion: z.enum(["event", "wake"]),
};

export const analystKeySchema = z.object({
  key: z.discriminatedUnion("kind", [
    z.object({ kind: z.literal("analyst"), analyst: analystIdSchema }),
    /** A role group changed and nobody said who: compare its members with what is known. */
    z.object({ kind: z.literal("role-group"), group: groupIdSchema }),
  ]),
  ...common,
});
export type AnalystMessage = z.infer<typeof analystKeySchema>;

export const accessKeySchema = z.object({
  key: z.object({ kind: z.literal("access"), target: targetNameSchema, analyst: analystIdSchema }),
  ...common,
});
export type AccessMessage = z.infer<typeof accessKeySchema>;

export type Message = AnalystMessage | AccessMessage;
export type Key = Message["key"];

/** A key that needs a person, with what they should know and do. */
export type ParkedMessage = {
  readonly key: Key;
  readonly reason: string;
  readonly advice: string;
  readonly parkedAt: number;
};

export const queueNames = { analysts: "analysts", access: "access", parked: "parked" } as const;
export type WorkQueue = "analysts" | "access";

export function queueOf(key: Key): WorkQueue {
  return key.kind === "access" ? queueNames.access : queueNames.analysts;
}

/** The session of a key: work on one key never runs twice at the same time. Also its name in state and logs. */
export function sessionOf(key: Key): string {
  switch (key.kind) {
    case "analyst":
      return `analyst:${key.analyst}`;
    case "role-group":
      return `group:${key.group}`;
    case "access":
      return `access:${key.target}:${key.analyst}`;
    default:
      return key satisfies never;
  }
}
