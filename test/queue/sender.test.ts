import type { ServiceBusClient, ServiceBusMessage } from "@azure/service-bus";
import { beforeEach, describe, expect, test } from "vitest";
import type { AnalystMessage, Message } from "../../shared/queue/keys.ts";
import { sender } from "../../shared/queue/sender.ts";
import { ana, ben, contosoTenant, groupId } from "../support/fixtures.ts";

type Arrived = { readonly queue: string; readonly message: ServiceBusMessage; readonly at: number | null };

/** Service Bus in memory: queues that exist, batches of a few messages. */
let bus: { arrived: Arrived[]; batches: number; batchSize: number; senders: string[]; down: Set<string> };

beforeEach(() => {
  bus = { arrived: [], batches: 0, batchSize: 3, senders: [], down: new Set() };
});

function client(): ServiceBusClient {
  const createSender = (queue: string) => {
    bus.senders.push(queue);
    const accept = (messages: readonly ServiceBusMessage[], at: number | null) => {
      if (bus.down.has(queue)) throw new Error(`${queue} does not answer`);
      bus.arrived.push(...messages.map((message) => ({ queue, message, at })));
    };
    return {
      async createMessageBatch() {
        const messages: ServiceBusMessage[] = [];
        return {
          messages,
          get count() {
            return messages.length;
          },
          tryAddMessage: (message: ServiceBusMessage) =>
            messages.length < bus.batchSize && messages.push(message) > 0,
        };
      },
      async sendMessages(what: ServiceBusMessage | { readonly messages: readonly ServiceBusMessage[] }) {
        bus.batches += 1;
        accept("messages" in what ? what.messages : [what], null);
      },
      async scheduleMessages(message: ServiceBusMessage, at: Date) {
        accept([message], at.getTime());
      },
    };
  };
  return { createSender } as unknown as ServiceBusClient; // the sender uses no more of it
}

const common = { cause: "test", heardAt: 1, occasion: "event" } as const;
const about = (key: AnalystMessage["key"]): AnalystMessage => ({ key, ...common });
const analyst = about({ kind: "analyst", analyst: ana });
const access: Message = {
  key: { kind: "access", tenant: contosoTenant, analyst: ben },
  ...common,
  version: 3,
};
const arrival: Message = { key: { kind: "arrival", user: ben }, ...common, tries: 0 };
const session = `access:${contosoTenant}:${ben}`;

describe("a key that is sent", () => {
  test("arrives in its queue, in its session, whole", async () => {
    await sender(client()).send([analyst, access, arrival]);
    expect(bus.arrived).toHaveLength(3);
    expect(bus.arrived).toContainEqual({
      queue: "arrivals",
      message: { body: arrival, contentType: "application/json", sessionId: `arrival:${ben}` },
      at: null,
    });
    expect(bus.arrived).toContainEqual({
      queue: "analysts",
      message: { body: analyst, contentType: "application/json", sessionId: `analyst:${ana}` },
      at: null,
    });
    expect(bus.arrived).toContainEqual({
      queue: "access",
      message: { body: access, contentType: "application/json", sessionId: session },
      at: null,
    });
  });

  test("arrives whatever number of batches it takes, and none is empty", async () => {
    const many = Array.from({ length: 7 }, (_, index) =>
      about({ kind: "role-group", group: groupId(index) }),
    );
    await sender(client()).send(many);
    expect(bus.arrived.map(({ message }) => message.body as Message)).toEqual(many);
    expect(bus.batches).toBe(3);
  });

  test("uses the same connection as the one before", async () => {
    const { send } = sender(client());
    await send([analyst]);
    await send([analyst]);
    expect(bus.senders).toEqual(["analysts"]);
  });

  test("too large for a message is an error, not a silence", async () => {
    bus.batchSize = 0;
    await expect(sender(client()).send([analyst])).rejects.toThrow("larger than");
  });

  test("to a queue that does not answer is an error, also when another queue has its part", async () => {
    bus.down.add("access");
    await expect(sender(client()).send([analyst, access])).rejects.toThrow("access does not answer");
  });

  test("of none asks nobody", async () => {
    await sender(client()).send([]);
    expect(bus.senders).toEqual([]);
  });
});

test("a reminder arrives in the queue and session of its key, when it is due", async () => {
  const at = Date.UTC(2026, 10, 20, 12);
  await sender(client()).schedule(access, at);
  expect(bus.arrived).toMatchObject([{ queue: "access", at, message: { sessionId: session } }]);
});

test("what needs a person arrives in the queue parked, which has no sessions, and says whom it is about", async () => {
  const message = { key: access.key, reason: "no consent", advice: "consent again", parkedAt: 1 };
  await sender(client()).park(message);
  expect(bus.arrived).toEqual([
    {
      queue: "parked",
      at: null,
      message: { body: message, contentType: "application/json", subject: session },
    },
  ]);
});
