import { bodyOf, type Call } from "../http/call.ts";
import { GraphProblem } from "../http/problem.ts";
import { normalized, type SubscriptionRecord } from "../notify/subscriptions.ts";

const minute = 60_000;
/** "Just under 29 days": the longest life for users and groups. */
const longestLifeMs = 41_760 * minute;
const shortestLifeMs = 45 * minute;
const supportedResource = /^(users|groups)(\/[0-9a-f-]{36}(\/(members|owners))?)?$/;

export type NewSubscription = Omit<SubscriptionRecord, "id" | "tenantId" | "owner" | "accessUntil">;

/** The body of a POST, checked as Graph checks it. */
export function readNewSubscription(call: Call): NewSubscription {
  const body = bodyOf(call);
  const resource = requireText(body, "resource");
  if (!supportedResource.test(normalized(resource)) || /^users\/.+\//.test(normalized(resource))) {
    throw invalid(`The resource '${resource}' does not support change notifications.`);
  }
  return {
    resource,
    changeType: readChangeType(requireText(body, "changeType")),
    notificationUrl: readUrl(requireText(body, "notificationUrl"), "notificationUrl"),
    lifecycleNotificationUrl: readLifecycleUrl(body),
    expiresAt: readExpiry(call, requireText(body, "expirationDateTime")),
    clientState: readClientState(body["clientState"]),
    latestSupportedTlsVersion: textOrNull(body["latestSupportedTlsVersion"]),
  };
}

/** The body of a PATCH: the expiry and the notification URL are all that can be changed. */
export function readSubscriptionChange(call: Call): { expiresAt?: number; notificationUrl?: string } {
  const body = bodyOf(call);
  if ("lifecycleNotificationUrl" in body) {
    throw invalid("lifecycleNotificationUrl cannot be changed: delete the subscription and create it again.");
  }
  const { expirationDateTime, notificationUrl } = body;
  return {
    ...(typeof expirationDateTime === "string" && { expiresAt: readExpiry(call, expirationDateTime) }),
    ...(typeof notificationUrl === "string" && {
      notificationUrl: readUrl(notificationUrl, "notificationUrl"),
    }),
  };
}

function invalid(message: string): GraphProblem {
  return new GraphProblem(400, "InvalidRequest", message);
}

function readChangeType(text: string): string {
  const types = text.split(",").map((type) => type.trim());
  // Creation and soft deletion arrive as "updated": "created" is no type of users and groups.
  const unsupported = types.find((type) => type !== "updated" && type !== "deleted");
  if (unsupported !== undefined)
    throw invalid(`The change type '${unsupported}' is not supported for this resource.`);
  return types.toSorted().toReversed().join(",");
}

/** Real Graph wants https; the lab delivers to this machine only, over http as well. */
function readUrl(text: string, name: string): string {
  const url = URL.parse(text);
  if (url === null || !/^https?:$/.test(url.protocol))
    throw invalid(`The ${name} '${text}' is not a valid URL.`);
  const isLoopback = ["localhost", "127.0.0.1", "[::1]"].includes(url.hostname);
  if (!isLoopback)
    throw invalid(`The lab delivers notifications to this machine only, not to '${url.hostname}'.`);
  return text;
}

function readLifecycleUrl(body: Readonly<Record<string, unknown>>): string | null {
  const text = textOrNull(body["lifecycleNotificationUrl"]);
  return text === null ? null : readUrl(text, "lifecycleNotificationUrl");
}

function readExpiry(call: Call, text: string): number {
  const expiresAt = Date.parse(text);
  if (Number.isNaN(expiresAt)) throw invalid(`'${text}' is not a valid expirationDateTime.`);
  if (expiresAt <= call.at) throw invalid("The expirationDateTime lies in the past.");
  if (expiresAt > call.at + longestLifeMs) {
    throw invalid(`Subscription expiration can only be ${longestLifeMs / minute} minutes in the future.`);
  }
  // Shorter lives are silently raised.
  return Math.max(expiresAt, call.at + shortestLifeMs);
}

function readClientState(value: unknown): string | null {
  const text = textOrNull(value);
  if (text !== null && text.length > 128) throw invalid("clientState is longer than 128 characters.");
  return text;
}

function requireText(body: Readonly<Record<string, unknown>>, name: string): string {
  const value = body[name];
  if (typeof value === "string" && value !== "") return value;
  throw invalid(`A value is required for property '${name}' of resource 'subscription'.`);
}

function textOrNull(value: unknown): string | null {
  return typeof value === "string" ? value : null;
}
