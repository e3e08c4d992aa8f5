import type { ServiceBusReceivedMessage } from "@azure/service-bus";
import type { TypedData } from "./worker-contract.ts";

export type TriggerMessage = {
  readonly data: TypedData;
  readonly metadata: Readonly<Record<string, TypedData>>;
};

/**
 * A received message as the Functions host hands it to the library. The message must have been received with
 * `skipParsingBodyAsJson`, so that its body is still what was sent. Throws for bodies Azure cannot convert either.
 */
export function toTriggerMessage(
  message: ServiceBusReceivedMessage,
  body: "text" | "binary",
): TriggerMessage {
  const bytes = bodyBytes(message);
  if (body === "binary") return { data: { bytes }, metadata: metadataOf(message) };
  const text = bytes.toString("utf8");
  return { data: { string: text }, metadata: withBodyFields(metadataOf(message), text) };
}

function bodyBytes(message: ServiceBusReceivedMessage): Buffer {
  const body: unknown = message.body;
  if (Buffer.isBuffer(body)) return body;
  if (typeof body === "string") return Buffer.from(body, "utf8");
  throw new Error(
    `Message ${String(message.messageId)} has an AMQP body that is neither bytes nor text. ` +
      "A Functions trigger cannot convert it; send a string or bytes.",
  );
}

type Metadata = Record<string, TypedData>;

// The library lower-cases first letters. Strings travel as text, and the library parses them as JSON when it can.
function metadataOf(message: ServiceBusReceivedMessage): Metadata {
  const properties = { json: JSON.stringify(message.applicationProperties ?? {}) };
  return {
    // .NET counts this delivery, the JavaScript SDK only the earlier ones.
    DeliveryCount: { json: String((message.deliveryCount ?? 0) + 1) },
    ...times("ExpiresAt", message.expiresAtUtc),
    ...times("EnqueuedTime", message.enqueuedTimeUtc),
    ...text("DeadLetterSource", message.deadLetterSource),
    ...text("LockToken", message.lockToken),
    ...text("MessageId", message.messageId),
    ...text("ContentType", message.contentType),
    ...text("ReplyTo", message.replyTo),
    ...(message.sequenceNumber && { SequenceNumber: { json: message.sequenceNumber.toString() } }),
    ...text("To", message.to),
    ...text("Subject", message.subject),
    ...text("Label", message.subject),
    ...text("CorrelationId", message.correlationId),
    ApplicationProperties: properties,
    UserProperties: properties,
    ...text("SessionId", message.sessionId),
    ...text("ReplyToSessionId", message.replyToSessionId),
    ...text("PartitionKey", message.partitionKey),
  };
}

function text(name: string, value: string | number | Buffer | undefined): Metadata {
  // The SDK gives null for some absent fields, against its types.
  return value === undefined || value === null ? {} : { [name]: { string: String(value) } };
}

// `…Utc` is a DateTime without a zone, the other a DateTimeOffset; .NET drops zeros at the end of the fraction.
function times(name: string, value: Date | undefined): Metadata {
  const plain = value?.toISOString().replace(/\.?0*Z$/, "") ?? "9999-12-31T23:59:59.9999999";
  return { [`${name}Utc`]: { json: `"${plain}"` }, [name]: { json: `"${plain}+00:00"` } };
}

/**
 * The trap of the Functions host: top-level fields of a JSON object overwrite metadata of the same name in any case.
 * Objects stay JSON, arrays and nulls are skipped, the rest becomes .NET's text for it.
 */
function withBodyFields(metadata: Metadata, body: string): Metadata {
  const names = new Map(Object.keys(metadata).map((name) => [name.toLowerCase(), name]));
  const merged = { ...metadata };
  for (const [field, value] of Object.entries(jsonObject(body))) {
    if (value === null || Array.isArray(value)) continue;
    merged[names.get(field.toLowerCase()) ?? field] = fieldData(value);
  }
  return merged;
}

type JsonObject = Readonly<Record<string, object | string | number | boolean | null>>;

function jsonObject(body: string): JsonObject {
  try {
    const parsed: unknown = JSON.parse(body);
    // What JSON.parse makes of an object holds just such values.
    return typeof parsed === "object" && parsed !== null && !Array.isArray(parsed)
      ? (parsed as JsonObject)
      : {};
  } catch {
    return {};
  }
}

function fieldData(value: object | string | number | boolean): TypedData {
  if (typeof value === "object") return { json: JSON.stringify(value) };
  if (typeof value === "boolean") return { string: value ? "True" : "False" };
  return { string: String(value) };
}
