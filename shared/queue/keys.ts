import { z } from "zod";
import { analystIdSchema, groupIdSchema, guidSchema, tenantIdSchema } from "../model/ids.ts";

/**
 * What travels on Service Bus: which analyst (or group, or pair) to look at, never what changed. Everything a worker
 * needs is in the body: what the Functions host says about a message can be overwritten by the body's own fields, so
 * no name used here is a name the host uses.
 */
const common = {
  /** Why somebody should look, for the journal. */
  cause: z.string().max(200),
  /** When the thing happened or was heard of, epoch ms, by the sender's clock: for people, not for decisions. In a wake: its time. */
  heardAt: z.number().int().nonnegative(),
  /** "check": nothing is known to have changed. "wake": a reminder that was scheduled by the worker itself. */
  occasion: z.enum(["event", "check", "wake"]),
};

const analystKey = z.object({ kind: z.literal("analyst"), analyst: analystIdSchema });

export const analystMessageSchema = z.object({
  key: z.discriminatedUnion("kind", [
    analystKey,
    /** A role group changed, or a group in one: compare its members with what is known. */
    z.object({ kind: z.literal("role-group"), group: groupIdSchema }),
    /** Somebody's attributes changed, and they are not known: compare who holds a role by attributes with what is known. */
    z.object({ kind: z.literal("attribute-roles") }),
    /** A lifecycle workflow has called, and waits to hear how it went: `call` is the id of its task's result. */
    z.object({ kind: z.literal("workflow"), tenant: tenantIdSchema, call: guidSchema }),
  ]),
  ...common,
});
export type AnalystMessage = z.infer<typeof analystMessageSchema>;

/** A user who was not known to be an analyst when the event was heard. */
export const arrivalMessageSchema = z.object({
  key: z.object({ kind: z.literal("arrival"), user: analystIdSchema }),
  ...common,
  /** How often looking at this user has failed: nothing else is remembered of them. */
  tries: z.number().int().nonnegative(),
});
export type ArrivalMessage = z.infer<typeof arrivalMessageSchema>;

export const accessMessageSchema = z.object({
  key: z.object({ kind: z.literal("access"), tenant: tenantIdSchema, analyst: analystIdSchema }),
  ...common,
  /** The version of the analyst's record that the target is told of; null when it is looked at for another reason. */
  version: z.number().int().nonnegative().nullable(),
});
export type AccessMessage = z.infer<typeof accessMessageSchema>;

export const sweepMessageSchema = z.object({
  /** What is compared as a whole: one tenant, for one run of a sweep. */
  key: z.object({ kind: z.literal("sweep"), run: z.string(), tenant: tenantIdSchema }),
  ...common,
});
export type SweepMessage = z.infer<typeof sweepMessageSchema>;

export type Message = AnalystMessage | AccessMessage | ArrivalMessage | SweepMessage;
export type Key = Message["key"];
/** The keys that something is remembered of. */
export type WorkKey = (AnalystMessage | AccessMessage)["key"];

/** The time of a message that is sent now. Whole milliseconds since 1970, whatever the clock says. */
export const heardAt = ({ now }: { readonly now: () => number }) => Math.max(0, Math.floor(now()));

/** A key that needs a person, with what they should know and do. */
export type ParkedMessage = {
  readonly key: Key;
  readonly reason: string;
  readonly advice: string;
  readonly parkedAt: number;
};

export const queueNames = {
  analysts: "analysts",
  arrivals: "arrivals",
  access: "access",
  sweeps: "sweeps",
  parked: "parked",
} as const;
export type WorkQueue = "analysts" | "arrivals" | "access" | "sweeps";

export function queueOf(key: Key): WorkQueue {
  switch (key.kind) {
    case "access":
      return queueNames.access;
    case "arrival":
      return queueNames.arrivals;
    case "sweep":
      return queueNames.sweeps;
    case "analyst":
    case "role-group":
    case "attribute-roles":
    case "workflow":
      return queueNames.analysts;
    default:
      return key satisfies never;
  }
}

/** The session of a key: work on one key runs once at a time, as a rule. Also its name in logs. */
export function sessionOf(key: Key): string {
  switch (key.kind) {
    case "analyst":
      return `analyst:${key.analyst}`;
    case "arrival":
      return `arrival:${key.user}`;
    case "role-group":
      return `group:${key.group}`;
    case "attribute-roles":
      return "attribute-roles";
    case "sweep":
      // Of two runs of sweeps, one reads a tenant after the other.
      return `sweep:${key.tenant}`;
    case "workflow":
      return `workflow:${key.tenant}:${key.call}`;
    case "access":
      return `access:${key.tenant}:${key.analyst}`;
    default:
      return key satisfies never;
  }
}
