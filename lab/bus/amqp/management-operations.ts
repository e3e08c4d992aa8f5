import rhea from "rhea";
import { z } from "zod";
import type { Message } from "../engine/message.ts";
import type { Queue, Settlement } from "../engine/queue.ts";
import { refusalOf } from "./client-receiver.ts";
import { maxMessageBytes } from "./client-sender.ts";
import {
  badArgument,
  messageLockLost,
  messageNotFound,
  messageTooLarge,
  notAllowed,
  sessionLockLost,
  type Refusal,
} from "./conditions.ts";
import { tokenOfUuid, uuidBytes } from "./lock-token.ts";
import { readParcel, writeDelivery, writePeeked } from "./message-codec.ts";

/** A management request, and the queue its address named. */
export type ManagementRequest = {
  readonly queue: Queue;
  readonly body: unknown;
  /** The receiver on whose behalf the client asks. */
  readonly linkName: string | undefined;
};

export type ManagementAnswer = {
  readonly status: number;
  readonly body?: unknown;
  readonly refusal?: Refusal;
};

const { types } = rhea;
const typeCodes = { long: 0x81, timestamp: 0x83 };

// rhea leaves numbers that JavaScript cannot hold as buffers.
const long = z.union([z.number(), z.instanceof(Buffer).transform((bytes) => Number(bytes.readBigInt64BE()))]);
const token = z.instanceof(Buffer).transform(tokenOfUuid);
const sequences = z.object({ "sequence-numbers": z.array(long) });
const tokens = z.object({ "lock-tokens": z.array(token) });
const session = z.object({ "session-id": z.string() });
const disposition = tokens.extend({
  // "defered" is how the protocol spells it.
  "disposition-status": z.enum(["completed", "abandoned", "defered", "suspended"]),
  "deadletter-reason": z.string().nullish(),
  "deadletter-description": z.string().nullish(),
  "properties-to-modify": z.record(z.string(), z.unknown()).nullish(),
});
const settlements = { abandoned: "abandon", defered: "defer", suspended: "deadLetter" } as const;

/**
 * By name. The names and the shapes of bodies are those of Learn, "AMQP 1.0 in Azure Service Bus: request-response-based
 * operations"; operations on rules, and listing sessions, are left out.
 */
export const operations: Readonly<Record<string, (request: ManagementRequest) => ManagementAnswer>> = {
  "com.microsoft:renew-lock": operation(tokens, ({ "lock-tokens": held }, { queue }) => {
    const ends = held.map((token) => queue.renew(token));
    if (ends.includes(undefined)) return gone(messageLockLost(queue.settings.name));
    return ok({ expirations: types.wrap_array(ends, typeCodes.timestamp, undefined) });
  }),

  "com.microsoft:schedule-message": operation(
    z.object({ messages: z.array(z.object({ message: z.instanceof(Buffer) })) }),
    ({ messages }, { queue }) => {
      const bytes = messages.reduce((sum, { message }) => sum + message.length, 0);
      if (bytes > maxMessageBytes) return bad(messageTooLarge(bytes, maxMessageBytes));
      const scheduled = queue.send(messages.map(({ message }) => readParcel(message)));
      if (scheduled === "sessionIdMissing") {
        return bad(notAllowed(`The queue '${queue.settings.name}' needs sessions: set sessionId.`));
      }
      return ok({ "sequence-numbers": types.wrap_array(scheduled, typeCodes.long, undefined) });
    },
  ),

  "com.microsoft:cancel-scheduled-message": operation(sequences, (body, { queue }) =>
    queue.cancelScheduled(body["sequence-numbers"]) === "cancelled"
      ? ok(undefined)
      : notFound(messageNotFound(queue.settings.name)),
  ),

  "com.microsoft:peek-message": operation(
    z.object({
      "from-sequence-number": long,
      "message-count": z.number(),
      "session-id": z.string().nullish(),
    }),
    (body, { queue }) => {
      const isWanted = (message: Message) =>
        message.sequence >= body["from-sequence-number"] &&
        (typeof body["session-id"] !== "string" || message.sessionId === body["session-id"]);
      const found = queue.contents().filter(isWanted).slice(0, body["message-count"]);
      if (found.length === 0) return { status: 204 };
      return ok({ messages: found.map((message) => ({ message: writePeeked(message) })) });
    },
  ),

  "com.microsoft:receive-by-sequence-number": operation(
    sequences.extend({ "receiver-settle-mode": z.number() }),
    (body, { queue }) => {
      const mode = body["receiver-settle-mode"] === 0 ? "receiveAndDelete" : "peekLock";
      const found = queue.receiveDeferred(body["sequence-numbers"], mode);
      if (found === "notFound") return notFound(messageNotFound(queue.settings.name));
      return ok({ messages: found.map(lockedEntry) });
    },
  ),

  "com.microsoft:update-disposition": operation(disposition, (body, { queue }) => {
    const results = body["lock-tokens"].map((token) => queue.settle(token, settlementOf(body)));
    const refusal = results.map((result) => refusalOf(result, queue)).find((each) => each !== undefined);
    return refusal === undefined ? ok(undefined) : gone(refusal);
  }),

  "com.microsoft:renew-session-lock": operation(session, ({ "session-id": id }, { queue, linkName }) => {
    const end = queue.sessions?.renew(id, linkName);
    if (end === undefined) return gone(sessionLockLost(queue.settings.name));
    return ok({ expiration: types.wrap_timestamp(end) });
  }),

  "com.microsoft:get-session-state": operation(session, ({ "session-id": id }, { queue }) =>
    ok({ "session-state": queue.sessions?.state(id) ?? null }),
  ),

  "com.microsoft:set-session-state": operation(
    session.extend({ "session-state": z.instanceof(Buffer).nullish() }),
    ({ "session-id": id, "session-state": state }, { queue }) => {
      // The client encodes "no state" as the JSON text null.
      const isEmpty = state === undefined || state === null || state.toString() === "null";
      queue.sessions?.setState(id, isEmpty ? undefined : Buffer.from(state));
      return ok(undefined);
    },
  ),
};

function operation<Body>(
  schema: z.ZodType<Body>,
  run: (body: Body, request: ManagementRequest) => ManagementAnswer,
) {
  return (request: ManagementRequest): ManagementAnswer => {
    const body = schema.safeParse(request.body);
    return body.success ? run(body.data, request) : bad(badArgument(z.prettifyError(body.error)));
  };
}

function settlementOf(body: z.infer<typeof disposition>): Settlement {
  const status = body["disposition-status"];
  if (status === "completed") return { kind: "complete" };
  const { "deadletter-reason": reason, "deadletter-description": description } = body;
  return {
    kind: settlements[status],
    changes: {
      ...body["properties-to-modify"],
      ...(typeof reason === "string" ? { DeadLetterReason: reason } : {}),
      ...(typeof description === "string" ? { DeadLetterErrorDescription: description } : {}),
    },
  };
}

function lockedEntry(message: Message): Record<string, unknown> {
  const token = message.lock?.token;
  return {
    message: writeDelivery(message),
    ...(token === undefined ? {} : { "lock-token": types.wrap_uuid(uuidBytes(token)) }),
  };
}

function ok(body: unknown): ManagementAnswer {
  return { status: 200, body };
}

function bad(refusal: Refusal): ManagementAnswer {
  return { status: 400, refusal };
}

function notFound(refusal: Refusal): ManagementAnswer {
  return { status: 404, refusal };
}

function gone(refusal: Refusal): ManagementAnswer {
  return { status: 410, refusal };
}
