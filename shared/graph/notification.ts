import { z } from "zod";
import { analystIdSchema, groupIdSchema, type AnalystId, type GroupId } from "../model/ids.ts";

/** One item of a change notification, as far as it can be understood. */
export type Notification = {
  readonly subscriptionId: string;
  readonly clientState: string;
  readonly tenantId: string;
  readonly about:
    | { readonly kind: "user"; readonly id: AnalystId }
    /** `members`: who was added or removed, when Graph says so. */
    | { readonly kind: "group"; readonly id: GroupId; readonly members: readonly AnalystId[] }
    | { readonly kind: "lifecycle"; readonly event: string };
};

/** `unreadable` counts items that are no notification; the others are unaffected by them. */
export type NotificationBody =
  | { readonly kind: "items"; readonly items: readonly Notification[]; readonly unreadable: number }
  | { readonly kind: "invalid"; readonly problem: string };

const envelopeSchema = z.looseObject({ value: z.array(z.unknown()) });

const itemSchema = z.looseObject({
  subscriptionId: z.string(),
  clientState: z.string(),
  tenantId: z.string(),
  lifecycleEvent: z.string().nullish(),
  resource: z.string().nullish(),
  resourceData: z
    .looseObject({
      "@odata.type": z.string().nullish(),
      id: z.string().nullish(),
      "members@delta": z.array(z.unknown()).nullish(),
    })
    .nullish(),
});

/**
 * Reads the body of a delivery. Sequence numbers and event times are left alone: the former do not fit a JavaScript
 * number, and nothing here depends on order.
 * https://learn.microsoft.com/graph/change-notifications-delivery-webhooks
 */
export function readNotifications(text: string): NotificationBody {
  let body: unknown;
  try {
    body = JSON.parse(text);
  } catch {
    return { kind: "invalid", problem: "the body is not JSON" };
  }
  if (Array.isArray(body)) {
    return { kind: "invalid", problem: 'the body is an array; Graph sends an object with a "value" array' };
  }
  const envelope = envelopeSchema.safeParse(body);
  if (!envelope.success) return { kind: "invalid", problem: 'the body has no "value" array' };
  const items = envelope.data.value.map(readItem);
  return {
    kind: "items",
    items: items.filter((item) => item !== null),
    unreadable: items.filter((item) => item === null).length,
  };
}

function readItem(value: unknown): Notification | null {
  const parsed = itemSchema.safeParse(value);
  if (!parsed.success) return null;
  const { subscriptionId, clientState, tenantId, lifecycleEvent } = parsed.data;
  const about =
    lifecycleEvent === null || lifecycleEvent === undefined
      ? readSubject(parsed.data)
      : ({ kind: "lifecycle", event: lifecycleEvent } as const);
  return about === null ? null : { subscriptionId, clientState, tenantId: tenantId.toLowerCase(), about };
}

/** Graph answers with `Groups/…` what was subscribed as `groups/…`, so case means nothing. */
function readSubject({ resource, resourceData }: z.infer<typeof itemSchema>): Notification["about"] | null {
  const [collection = "", idInPath] = (resource ?? "").toLowerCase().split("/");
  const type = (resourceData?.["@odata.type"] ?? "").toLowerCase();
  const id = resourceData?.id ?? idInPath;
  if (collection === "users" || type.endsWith(".user")) {
    const user = analystIdSchema.safeParse(id);
    return user.success ? { kind: "user", id: user.data } : null;
  }
  if (collection !== "groups" && !type.endsWith(".group")) return null;
  const group = groupIdSchema.safeParse(id);
  if (!group.success) return null;
  return { kind: "group", id: group.data, members: membersOf(resourceData?.["members@delta"] ?? []) };
}

const memberSchema = z.looseObject({ id: analystIdSchema });

/** If one of the members cannot be read, none is used: the group is then compared as a whole. */
function membersOf(delta: readonly unknown[]): readonly AnalystId[] {
  const members = z.array(memberSchema).safeParse(delta);
  return members.success ? members.data.map(({ id }) => id) : [];
}
