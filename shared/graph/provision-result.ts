import { z } from "zod";
import { accountIdSchema, type AccountId } from "../model/ids.ts";

/** What on-demand provisioning said, whichever of its shapes it used. */
export type ProvisionResult =
  /** The account is in the target. `created`: this call made it; `matched`: it was there. */
  | { readonly kind: "provisioned"; readonly account: AccountId; readonly origin: "created" | "matched" }
  /** Done, but the answer does not name the account: its stamp will. */
  | { readonly kind: "unnamed" }
  /** The sync engine does not see the analyst in scope; right after joining it usually will soon. */
  | { readonly kind: "not-in-scope"; readonly detail: string }
  | { readonly kind: "failed"; readonly code: string; readonly detail: string };

const pairSchema = z.looseObject({ key: z.string().nullish(), value: z.string().nullish() });

const resultSchema = z.looseObject({
  result: z.string().nullish(),
  details: z.looseObject({ errorCode: z.string().nullish(), errorMessage: z.string().nullish() }).nullish(),
});

const stepSchema = z.looseObject({
  name: z.string().nullish(),
  type: z.string().nullish(),
  status: z.string().nullish(),
  description: z.string().nullish(),
  details: z.record(z.string(), z.unknown()).nullish(),
});

const eventSchema = z.looseObject({
  action: z.string().nullish(),
  targetIdentity: z.looseObject({ id: z.string().nullish() }).nullish(),
  statusInfo: z
    .looseObject({
      status: z.string().nullish(),
      errorCode: z.string().nullish(),
      reason: z.string().nullish(),
    })
    .nullish(),
  provisioningSteps: z.array(stepSchema).nullish(),
});

type Event = z.infer<typeof eventSchema>;

/**
 * Reads the answer of provisionOnDemand: a pair of strings that hold JSON. Two shapes are documented: a result object
 * in `key` with an event in `value`, or a type name in `key` with a list of events in `value`.
 * https://learn.microsoft.com/graph/api/synchronization-synchronizationjob-provisionondemand
 */
export function readProvisionResult(body: unknown): ProvisionResult {
  const pair = pairSchema.safeParse(body);
  if (!pair.success)
    return { kind: "failed", code: "unreadable", detail: "the answer is not a key and a value" };
  const verdict = resultSchema.safeParse(jsonOf(pair.data.key)).data;
  const event = lastEvent(jsonOf(pair.data.value));
  const code = verdict?.details?.errorCode || event?.statusInfo?.errorCode || skipReason(event);
  const detail = verdict?.details?.errorMessage ?? event?.statusInfo?.reason ?? describeSteps(event);
  const status = (verdict?.result ?? event?.statusInfo?.status ?? stepStatus(event)).toLowerCase();
  const account = accountIdSchema.safeParse(event?.targetIdentity?.id).data;
  const action = event?.action?.toLowerCase() ?? "";
  if (status === "success" && ["delete", "disable"].includes(action)) {
    return { kind: "failed", code: action, detail: `sync decided to ${action} the account: ${detail}` };
  }
  // "RedundantExport" is a skip that means: already as it should be.
  if (status === "success" || (status === "skipped" && code === "RedundantExport")) {
    if (account === undefined) return { kind: "unnamed" };
    return { kind: "provisioned", account, origin: action === "create" ? "created" : "matched" };
  }
  if (status === "skipped" && isUnscoped(code, detail, event)) return { kind: "not-in-scope", detail };
  return { kind: "failed", code: code || status || "unknown", detail };
}

function jsonOf(text: string | null | undefined): unknown {
  try {
    return text === null || text === undefined ? undefined : JSON.parse(text);
  } catch {
    return undefined;
  }
}

function lastEvent(value: unknown): Event | undefined {
  const events: readonly unknown[] = Array.isArray(value) ? value : [value];
  return eventSchema.safeParse(events.at(-1)).data;
}

/** Without a verdict, the steps tell: all succeeded, or the first that did not. */
function stepStatus(event: Event | undefined): string {
  const steps = event?.provisioningSteps ?? [];
  const odd = steps.find(({ status }) => status?.toLowerCase() !== "success");
  return steps.length === 0 ? "" : (odd?.status ?? "success");
}

function describeSteps(event: Event | undefined): string {
  const odd = (event?.provisioningSteps ?? []).filter(({ status }) => status?.toLowerCase() !== "success");
  return odd.map(({ name, description }) => description ?? name ?? "").join("; ") || "no reason was given";
}

/** A skip has no error code in the cross-tenant shape: the step that skipped says why. */
function skipReason(event: Event | undefined): string {
  const reasons = (event?.provisioningSteps ?? []).map(({ details }) => details?.["SkipReason"]);
  return reasons.findLast((reason) => typeof reason === "string") ?? "";
}

/** The scoping step lists its questions with True or False. Other steps have such words, too, about other things. */
function isUnscoped(code: string, detail: string, event: Event | undefined): boolean {
  if (/scope|assigned|NotEffectivelyEntitled/i.test(`${code} ${detail}`)) return true;
  const scoping = (event?.provisioningSteps ?? []).filter(({ name, type }) =>
    /scoping/i.test(`${name} ${type}`),
  );
  return scoping.some(({ details }) =>
    Object.values(details ?? {}).some((answer) => String(answer).toLowerCase() === "false"),
  );
}
