import { z } from "zod";
import { permissionTable } from "../identity/permission-table.ts";

const regex = z.string().refine(isRegex, "is not a valid regular expression");

const match = z
  .strictObject({
    /** Tenant id or name. */
    tenant: z.string().optional(),
    method: z.string().optional(),
    /** Regular expression, tried on the path with and without `/v1.0` and with the query. */
    path: regex.optional(),
    /** Faults hit the app only, unless this says `any`. */
    caller: z.enum(["app", "any"]).optional(),
  })
  .default({});

const common = {
  match,
  /** How often it acts; without end when left out. */
  times: z.int().positive().optional(),
  /** Which share of the requests it acts on, decided by a seeded die. */
  share: z.number().min(0).max(1).optional(),
};

const ms = z.number().nonnegative();
const before = z.boolean().optional();

/** Everything that can be made to go wrong in Graph and Entra; see "Faults" in the lab's contract. */
export const faultSchema = z.discriminatedUnion("kind", [
  z.strictObject({ kind: z.literal("throttle"), ...common, retryAfterSeconds: ms.optional() }),
  z.strictObject({
    kind: z.literal("error"),
    ...common,
    status: z.int().min(400).max(599),
    code: z.string().optional(),
  }),
  z.strictObject({ kind: z.literal("timeout"), ...common, before }),
  z.strictObject({ kind: z.literal("reset"), ...common, before }),
  z.strictObject({ kind: z.literal("slow"), ...common, ms }),
  z.strictObject({ kind: z.literal("lag"), ...common, ms }),
  z.strictObject({ kind: z.literal("emptyRead"), ...common }),
  z.strictObject({
    kind: z.literal("partialPage"),
    ...common,
    status: z.union([z.literal(500), z.literal(503)]).optional(),
  }),
  z.strictObject({ kind: z.literal("lostNotification"), ...common }),
  z.strictObject({ kind: z.literal("duplicateNotification"), ...common, n: z.int().min(2).default(2) }),
  z.strictObject({ kind: z.literal("reorderNotifications"), ...common, windowMs: ms.default(300) }),
  z.strictObject({ kind: z.literal("delayNotification"), ...common, ms }),
  z.strictObject({ kind: z.literal("quarantine"), ...common, job: z.string().optional() }),
  z.strictObject({
    kind: z.literal("userFails"),
    ...common,
    /** Id or user principal name in the source tenant. */
    user: z.string().min(1),
    code: z.string().min(1).default("InvalidUserInformation"),
    message: z.string().min(1).default("An injected fault keeps this user from being synchronized."),
  }),
  z.strictObject({
    kind: z.literal("stuckDelivery"),
    ...common,
    /** Id, user principal name or address of whom the request is for. */
    user: z.string().min(1).optional(),
    /** Id or name of the access package. */
    package: z.string().min(1).optional(),
  }),
  z.strictObject({
    kind: z.literal("deniedReview"),
    match,
    // It happens once, when the fault is added.
    times: z.never().optional(),
    share: z.never().optional(),
    /** Id, user principal name or address of whom it is about. */
    user: z.string().min(1),
    /** Id or name of the group whose membership, or eligibility, was denied; without one, the access package has to be named. */
    group: z.string().min(1).optional(),
    package: z.string().min(1).optional(),
    /** Name of who denied it. */
    reviewer: z.string().min(1).default("Rita Reviewer"),
    justification: z.string().optional(),
  }),
  z.strictObject({
    kind: z.literal("revokedConsent"),
    ...common,
    /** `permissions` are refused at once. An app that was `deleted` or `disabled` gets no new token; old ones live on. */
    how: z.enum(["permissions", "deleted", "disabled"]).default("permissions"),
    /** What tokens issued before are good for until they end. */
    oldTokens: z.enum(["work", "denied"]).default("work"),
  }),
  z.strictObject({
    kind: z.literal("missingPermission"),
    match,
    // It is missing, or it is not.
    times: z.never().optional(),
    share: z.never().optional(),
    /** The same as `match.tenant`. */
    tenant: z.string().optional(),
    permission: z.string().refine(isKnownPermission, "is no permission that a call of the lab's Graph needs"),
  }),
]);

export type Fault = z.infer<typeof faultSchema>;
/** What callers may write: defaults filled in by the schema are optional. */
export type FaultInput = z.input<typeof faultSchema>;
export type FaultKind = Fault["kind"];

function isKnownPermission(name: string): boolean {
  return permissionTable.some(({ needs, properties = {} }) =>
    [needs, ...Object.values(properties)].flat(2).includes(name),
  );
}

function isRegex(text: string): boolean {
  try {
    return new RegExp(text) instanceof RegExp;
  } catch {
    return false;
  }
}
