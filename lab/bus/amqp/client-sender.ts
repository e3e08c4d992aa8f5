import type { EventContext, Receiver } from "rhea";
import type { Queue } from "../engine/queue.ts";
import { entityNotFound, messageTooLarge, notAllowed, type Refusal } from "./conditions.ts";
import type { EntityFinder } from "./entity.ts";
import { readBatch, readParcel } from "./message-codec.ts";
import { describeAttach, messageBytes } from "./rhea-internals.ts";

/** Learn, "Service Bus quotas": of a message with its properties, and of a batch, in the standard tier. */
export const maxMessageBytes = 256 * 1024;

/** Serves a link over which a client sends to a queue. */
export function serveSender(link: Receiver, findEntity: EntityFinder): void {
  const address = link.target.address;
  const entity = findEntity(address);
  // Without a size the client takes it for 0 and refuses to send arrays.
  describeAttach(link, { max_message_size: maxMessageBytes });
  link.set_source(link.source);
  link.set_target({ address });
  if (entity === undefined) return link.close(entityNotFound(address));
  link.on("message", (context: EventContext) => {
    const refusal = receive(context, entity.queue);
    if (refusal === undefined) context.delivery?.accept();
    else context.delivery?.reject(refusal);
  });
}

function receive(context: EventContext, queue: Queue): Refusal | undefined {
  const { bytes, holds } = messageBytes(context);
  if (bytes.length > maxMessageBytes) return messageTooLarge(bytes.length, maxMessageBytes);
  const parcels = holds === "batch" ? readBatch(bytes) : [readParcel(bytes)];
  if (queue.send(parcels) !== "sessionIdMissing") return undefined;
  return notAllowed(`The queue '${queue.settings.name}' needs sessions: set sessionId on every message.`);
}
