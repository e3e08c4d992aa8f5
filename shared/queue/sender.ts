import type { ServiceBusClient, ServiceBusMessage, ServiceBusSender } from "@azure/service-bus";
import { queueNames, queueOf, sessionOf, type Message, type ParkedMessage, type WorkQueue } from "./keys.ts";

/** Puts keys where workers find them. Every method resolves only when Service Bus has the messages. */
export type Sender = {
  readonly send: (messages: readonly Message[]) => Promise<void>;
  /** Delivers the key at `at` (epoch ms). */
  readonly schedule: (message: Message, at: number) => Promise<void>;
  readonly park: (message: ParkedMessage) => Promise<void>;
};

export function sender(client: ServiceBusClient): Sender {
  const senders = new Map<string, ServiceBusSender>();
  const to = (queue: string) => {
    const known = senders.get(queue) ?? client.createSender(queue);
    senders.set(queue, known);
    return known;
  };
  return {
    async send(messages) {
      const byQueue = Map.groupBy(messages, ({ key }) => queueOf(key));
      await Promise.all([...byQueue].map(([queue, batch]) => sendAll(to(queue), batch.map(wrap))));
    },
    async schedule(message, at) {
      const queue: WorkQueue = queueOf(message.key);
      await to(queue).scheduleMessages(wrap(message), new Date(at));
    },
    async park(message) {
      await to(queueNames.parked).sendMessages({
        body: message,
        contentType: "application/json",
        subject: sessionOf(message.key),
      });
    },
  };
}

function wrap(message: Message): ServiceBusMessage {
  return { body: message, contentType: "application/json", sessionId: sessionOf(message.key) };
}

/** One call takes what fits into one batch; a big fan-out takes several. */
async function sendAll(target: ServiceBusSender, messages: readonly ServiceBusMessage[]): Promise<void> {
  let batch = await target.createMessageBatch();
  for (const message of messages) {
    if (batch.tryAddMessage(message)) continue;
    await target.sendMessages(batch);
    batch = await target.createMessageBatch();
    if (!batch.tryAddMessage(message)) throw new Error("a key is larger than a Service Bus message may be");
  }
  if (batch.count > 0) await target.sendMessages(batch);
}
