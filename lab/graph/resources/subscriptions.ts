import type { Call, Reply } from "../http/call.ts";
import { GraphProblem } from "../http/problem.ts";
import { param, type Route } from "../http/router.ts";
import { requirePermission } from "../identity/authorize.ts";
import { subscriptionNeeds } from "../identity/permission-table.ts";
import type { Lab } from "../lab.ts";
import { proveEndpoint } from "../notify/handshake.ts";
import { listing } from "../odata/listing.ts";
import { pagedQuery } from "../odata/query.ts";
import { normalized, type SubscriptionRecord } from "../notify/subscriptions.ts";
import { readNewSubscription, readSubscriptionChange, type NewSubscription } from "./subscription-body.ts";

const maxPerAppAndTenant = 100;

export function subscriptionRoutes(route: Route, lab: Lab): void {
  route("POST", "/subscriptions", (call) => subscribe(lab, call));
  route("GET", "/subscriptions", (call) =>
    listing(call, pagedQuery(call), {
      items: ownOf(lab, call),
      context: "subscriptions",
      read: () => undefined,
      show: shown,
    }),
  );
  route("GET", "/subscriptions/{id}", (call, params) => ({
    status: 200,
    body: entity(call, requireOwn(lab, call, param(params, "id"))),
  }));
  route("PATCH", "/subscriptions/{id}", (call, params) => renew(lab, call, param(params, "id")));
  route("POST", "/subscriptions/{id}/reauthorize", (call, params) => {
    const record = requireOwn(lab, call, param(params, "id"));
    requireReading(call, record.resource);
    keep(lab, record);
    return { status: 204 };
  });
  route("DELETE", "/subscriptions/{id}", (call, params) => {
    lab.subscriptions.delete(requireOwn(lab, call, param(params, "id")).id);
    return { status: 204 };
  });
}

async function subscribe(lab: Lab, call: Call): Promise<Reply> {
  const wanted = readNewSubscription(call);
  requireReading(call, wanted.resource);
  refuseDuplicate(lab, call, wanted);
  const urls = new Set([wanted.notificationUrl, wanted.lifecycleNotificationUrl ?? wanted.notificationUrl]);
  for (const url of urls) await proveEndpoint(url, validationToken(call), lab.closing);
  // Another request may have been faster while the endpoint answered.
  refuseDuplicate(lab, call, wanted);
  const { kind, appId, servicePrincipalId } = call.caller;
  const record = keep(lab, {
    ...wanted,
    id: lab.mint("subscription"),
    tenantId: call.tenant.id,
    owner: { kind, appId, servicePrincipalId },
  });
  lab.notifier.watchLife(record);
  return { status: 201, body: entity(call, record) };
}

async function renew(lab: Lab, call: Call, id: string): Promise<Reply> {
  const change = readSubscriptionChange(call);
  const current = requireOwn(lab, call, id);
  requireReading(call, current.resource);
  if (change.notificationUrl !== undefined && change.notificationUrl !== current.notificationUrl) {
    await proveEndpoint(change.notificationUrl, validationToken(call), lab.closing);
  }
  // Whoever updates a subscription reauthorizes it as well.
  const renewed = keep(lab, { ...current, ...change });
  if (change.expiresAt !== undefined) lab.notifier.watchLife(renewed);
  return { status: 200, body: entity(call, renewed) };
}

/** Keeps it with access as fresh as the token of the call that it came with. */
function keep(lab: Lab, record: Omit<SubscriptionRecord, "accessUntil">): SubscriptionRecord {
  const { tenantId, resource } = record;
  const accessMs = lab.draws.ms(lab.weather.subscriptionAccessMs, "access", tenantId, normalized(resource));
  const kept = { ...record, accessUntil: lab.clock.now() + accessMs };
  lab.subscriptions.put(kept);
  lab.notifier.watchAccess(kept);
  return kept;
}

/** Who wants to hear of users, or go on hearing of them, must be able to read them; the same for groups. */
function requireReading(call: Call, resource: string): void {
  requirePermission(call, subscriptionNeeds[normalized(resource).startsWith("users") ? "users" : "groups"]);
}

function refuseDuplicate(lab: Lab, call: Call, wanted: NewSubscription): void {
  const own = ownOf(lab, call);
  const same = own.find(
    ({ resource, changeType }) =>
      normalized(resource) === normalized(wanted.resource) && changeType === wanted.changeType,
  );
  if (same !== undefined) {
    const message = `Subscription Id ${same.id} already exists for the requested combination`;
    throw new GraphProblem(409, "ObjectIdentifierInUse", message);
  }
  if (own.length >= maxPerAppAndTenant) {
    const message = `The app has reached its limit of ${maxPerAppAndTenant} subscriptions in this tenant.`;
    throw new GraphProblem(403, "Forbidden", message);
  }
}

function ownOf(lab: Lab, call: Call): readonly SubscriptionRecord[] {
  return lab.subscriptions.of(call.tenant.id).filter(({ owner }) => owner.appId === call.caller.appId);
}

function requireOwn(lab: Lab, call: Call, id: string): SubscriptionRecord {
  const record = lab.subscriptions.get(call.tenant.id, id);
  if (record?.owner.appId === call.caller.appId) return record;
  throw new GraphProblem(404, "ResourceNotFound", `The object was not found: subscription '${id}'.`);
}

// With blanks and colons in it: whoever forgets to decode is found out.
function validationToken(call: Call): string {
  return `Validation: Testing client application reachability for subscription Request-Id: ${call.requestId}`;
}

function entity(call: Call, record: SubscriptionRecord) {
  return { "@odata.context": `${call.url.origin}/v1.0/$metadata#subscriptions/$entity`, ...shown(record) };
}

function shown(record: SubscriptionRecord) {
  return {
    id: record.id,
    resource: record.resource,
    applicationId: record.owner.appId,
    changeType: record.changeType,
    clientState: record.clientState,
    notificationUrl: record.notificationUrl,
    notificationQueryOptions: null,
    lifecycleNotificationUrl: record.lifecycleNotificationUrl,
    expirationDateTime: new Date(record.expiresAt).toISOString(),
    creatorId: record.owner.servicePrincipalId,
    includeResourceData: null,
    latestSupportedTlsVersion: record.latestSupportedTlsVersion ?? "v1_2",
    encryptionCertificate: null,
    encryptionCertificateId: null,
    notificationUrlAppId: null,
  };
}
