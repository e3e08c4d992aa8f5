import { randomUUID } from "node:crypto";
import rhea from "rhea";
import type { Message as AmqpMessage } from "rhea";
import type { Message, Parcel } from "../engine/message.ts";
import { decodeMessage } from "./rhea-internals.ts";

const { types } = rhea;

/** Reads what the engine has to know of a message that was sent. The bytes are copied: they are a view on a socket. */
export function readParcel(bytes: Buffer): Parcel {
  const message = decodeMessage(bytes);
  const dueAt: unknown = message.message_annotations?.["x-opt-scheduled-enqueue-time"];
  return {
    content: Buffer.from(bytes),
    // The client cannot complete a message that has no id.
    messageId: messageIdOf(message) ?? randomUUID().replaceAll("-", ""),
    sessionId: message.group_id,
    ttlMs: message.ttl,
    scheduledFor: dueAt instanceof Date ? dueAt.getTime() : undefined,
  };
}

/** The encoded messages inside a batch envelope: every data section of its body is one. */
export function readBatch(bytes: Buffer): readonly Parcel[] {
  const body = decodeMessage(bytes).body as Section;
  const parts = body.multiple === true ? (body.content as Buffer[]) : [body.content as Buffer];
  return parts.map(readParcel);
}

/** Encodes a message for a receiver. */
export function writeDelivery(message: Message): Buffer {
  return write(message, { "x-opt-locked-until": timestamp(message.lock?.term.lockedUntil() ?? 0) });
}

/** Encodes a message for someone who only looks. */
export function writePeeked(message: Message): Buffer {
  return write(message, { "x-opt-message-state": types.wrap_int(peekStates[message.state]) });
}

/** The body as a program would see it: JSON when it is JSON, else text or the AMQP value. */
export function readBody(message: Message): unknown {
  const body: unknown = decodeMessage(message.content).body;
  const content = isSection(body) && body.multiple !== true ? body.content : body;
  if (!Buffer.isBuffer(content)) return content;
  const text = content.toString("utf8");
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

// rhea's form of a body made of data or sequence sections.
type Section = { readonly content: unknown; readonly multiple?: boolean; collect_sections(): void };

const peekStates = { active: 0, deferred: 1, scheduled: 2 } as const;

function write(message: Message, annotations: Readonly<Record<string, unknown>>): Buffer {
  const sent = decodeMessage(message.content);
  const source = message.deadLetterSource;
  return rhea.message.encode({
    ...sent,
    message_id: sent.message_id ?? message.messageId,
    delivery_count: message.deliveryCount,
    message_annotations: {
      ...sent.message_annotations,
      "x-opt-sequence-number": types.wrap_long(message.sequence),
      "x-opt-enqueued-time": timestamp(message.enqueuedAt),
      ...(source === undefined ? {} : { "x-opt-deadletter-source": source }),
      ...annotations,
    },
    application_properties: { ...sent.application_properties, ...message.changes },
  });
}

function timestamp(at: number): unknown {
  return types.wrap_timestamp(Math.round(at));
}

function messageIdOf({ message_id: id }: AmqpMessage): string | undefined {
  return Buffer.isBuffer(id) ? id.toString("hex") : id?.toString();
}

function isSection(body: unknown): body is Section {
  return typeof body === "object" && body !== null && "collect_sections" in body;
}
