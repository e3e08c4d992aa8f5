import { describe, expect, test } from "vitest";
import { ServiceBusClient } from "@azure/service-bus";
import { codeOf, plain, receiveNow, receiveOne, sessionful, startBus } from "./bus-world.ts";

describe("sending", () => {
  test("keeps the order of single messages, arrays and batches", async () => {
    const { client, broker } = await startBus(plain("work"));
    const sender = client.createSender("work");
    await sender.sendMessages({ body: 1 });
    await sender.sendMessages([{ body: 2 }, { body: 3 }]);
    const batch = await sender.createMessageBatch();
    for (const body of [4, 5, 6]) expect(batch.tryAddMessage({ body })).toBe(true);
    await sender.sendMessages(batch);
    const received = await client.createReceiver("work").receiveMessages(6, { maxWaitTimeInMs: 3000 });
    expect(received.map(({ body }) => body as number)).toEqual([1, 2, 3, 4, 5, 6]);
    expect(broker.stats()["work"]).toMatchObject({ sent: 6, locked: 6, active: 0 });
  });

  test("keeps bodies, properties and application properties as they were sent", async () => {
    const { client } = await startBus(plain("work"));
    const sent = {
      body: { key: "contoso/ana", list: [1, null, "ä"] },
      messageId: "m-1",
      correlationId: "c-1",
      subject: "key",
      contentType: "application/json",
      applicationProperties: { int: -5, big: 5e9, float: 1.5, yes: true, none: null, text: "x" },
    };
    await client.createSender("work").sendMessages(sent);
    const received = await receiveOne(client.createReceiver("work"));
    expect(received).toMatchObject(sent);
    expect(received.sequenceNumber?.toNumber()).toBe(1);
  });

  test.each([
    ["bytes", Buffer.from([0, 1, 255])],
    ["text", "plain"],
    ["nothing", null],
  ])("keeps a body of %s", async (_, body) => {
    const { client } = await startBus(plain("work"));
    await client.createSender("work").sendMessages({ body });
    expect((await receiveOne(client.createReceiver("work"))).body).toEqual(body);
  });

  test("gives a message without an id one of its own", async () => {
    const { client } = await startBus(plain("work"));
    await client.createSender("work").sendMessages({ body: 1 });
    const receiver = client.createReceiver("work");
    const message = await receiveOne(receiver);
    expect(message.messageId).toMatch(/^[0-9a-f]{32}$/);
    await receiver.completeMessage(message);
  });

  test("takes a message of many frames and refuses one above the limit", async () => {
    const { client } = await startBus(plain("work"));
    const sender = client.createSender("work");
    const big = "x".repeat(250_000);
    await sender.sendMessages({ body: big });
    expect((await receiveOne(client.createReceiver("work"))).body).toBe(big);
    expect(await codeOf(sender.sendMessages({ body: "x".repeat(263_000) }))).toBe("MessageSizeExceeded");
  });

  test("takes 256 KB in one batch and in one call that schedules, and no more", async () => {
    const { client, broker } = await startBus(plain("work"));
    const sender = client.createSender("work");
    const batch = await sender.createMessageBatch();
    expect(batch.maxSizeInBytes).toBe(256 * 1024);
    const half = { body: "x".repeat(135_000) };
    expect(batch.tryAddMessage(half)).toBe(true);
    expect(batch.tryAddMessage(half)).toBe(false);
    expect(await codeOf(sender.sendMessages([half, half, half]))).toBe("MessageSizeExceeded");
    const later = new Date(Date.now() + 60_000);
    expect(await codeOf(sender.scheduleMessages([half, half, half], later))).toBe("MessageSizeExceeded");
    expect(broker.stats()["work"]).toMatchObject({ sent: 0 });
  });

  test("refuses a queue that does not exist, for senders and receivers", async () => {
    const { client } = await startBus(plain("work"));
    expect(await codeOf(client.createSender("nope").sendMessages({ body: 1 }))).toBe(
      "MessagingEntityNotFound",
    );
    expect(await codeOf(receiveNow(client.createReceiver("nope")))).toBe("MessagingEntityNotFound");
    expect(await codeOf(client.acceptNextSession("nope"))).toBe("MessagingEntityNotFound");
  });

  test("finds a queue whatever the case of its name", async () => {
    const { client, broker } = await startBus(plain("Work"));
    await client.createSender("wORK").sendMessages({ body: 1 });
    expect(broker.peek("work")).toHaveLength(1);
  });

  test("refuses a message without a session where sessions are required, and the whole batch with it", async () => {
    const { client, broker } = await startBus(sessionful("keys"));
    const sender = client.createSender("keys");
    const mixed = [{ body: 1, sessionId: "a" }, { body: 2 }];
    await expect(sender.sendMessages(mixed)).rejects.toThrow(/needs sessions/);
    expect(broker.stats()["keys"]).toMatchObject({ sent: 0, active: 0 });
  });
});

describe("receiving", () => {
  test("answers an empty list when nothing is there", async () => {
    const { client } = await startBus(plain("work"));
    expect(await receiveNow(client.createReceiver("work"))).toEqual([]);
  });

  test("removes a message for good at delivery in receive-and-delete mode", async () => {
    const { client, broker } = await startBus(plain("work"));
    await client.createSender("work").sendMessages([{ body: 1 }, { body: 2 }]);
    const receiver = client.createReceiver("work", { receiveMode: "receiveAndDelete" });
    expect(await receiver.receiveMessages(2, { maxWaitTimeInMs: 3000 })).toHaveLength(2);
    expect(broker.stats()["work"]).toMatchObject({ active: 0, locked: 0, completed: 2 });
  });

  test("streams to a subscriber, which completes by itself and abandons what its handler throws on", async () => {
    const { client, broker } = await startBus(plain("work", { maxDeliveryCount: 2 }));
    await client.createSender("work").sendMessages([{ body: "good" }, { body: "bad" }]);
    const seen: unknown[] = [];
    const done = Promise.withResolvers<void>();
    client.createReceiver("work").subscribe({
      processMessage: async ({ body }) => {
        seen.push(body);
        if (seen.length === 3) done.resolve();
        if (body === "bad") throw new Error("the handler fails");
      },
      processError: async () => {},
    });
    await done.promise;
    await expect.poll(() => broker.peek("work", "deadLetter")).toHaveLength(1);
    expect(seen.filter((body) => body === "bad")).toHaveLength(2);
    expect(broker.stats()["work"]).toMatchObject({
      completed: 1,
      abandoned: 2,
      redelivered: 1,
      deadLetteredTotal: 1,
    });
  });

  test("shares the messages of a queue among its receivers", async () => {
    const { client, connect } = await startBus(plain("work"));
    const receivers = [client.createReceiver("work"), connect().createReceiver("work")];
    const waiting = receivers.map((receiver) => receiver.receiveMessages(1, { maxWaitTimeInMs: 3000 }));
    await client.createSender("work").sendMessages([{ body: 1 }, { body: 2 }]);
    const received = (await Promise.all(waiting)).flat();
    expect(new Set(received.map(({ body }) => body as number))).toEqual(new Set([1, 2]));
  });

  test("refuses a receiver without a session where sessions are required, and the reverse", async () => {
    const { client } = await startBus(plain("work"), sessionful("keys"));
    await expect(receiveNow(client.createReceiver("keys"))).rejects.toThrow(/needs sessions/);
    // The client has one code for every attach without the session it asked for.
    expect(await codeOf(client.acceptSession("work", "a"))).toBe("SessionCannotBeLocked");
  });
});

describe("settling", () => {
  test("removes a completed message and tells the truth about it", async () => {
    const { client, broker } = await startBus(plain("work"));
    await client.createSender("work").sendMessages({ body: 1 });
    const receiver = client.createReceiver("work");
    await receiver.completeMessage(await receiveOne(receiver));
    expect(broker.stats()["work"]).toMatchObject({ active: 0, locked: 0, completed: 1, redelivered: 0 });
    expect(broker.busy()).toEqual([]);
  });

  test("delivers an abandoned message again, in its old place, with a higher delivery count and its changes", async () => {
    const { client } = await startBus(plain("work"));
    await client.createSender("work").sendMessages([{ body: "first" }, { body: "second" }]);
    const receiver = client.createReceiver("work");
    const first = await receiveOne(receiver);
    expect(first.deliveryCount).toBe(0);
    await receiver.abandonMessage(first, { tries: 1 });
    const again = await receiveOne(receiver);
    expect(again).toMatchObject({ body: "first", deliveryCount: 1, applicationProperties: { tries: 1 } });
  });

  test("dead-letters a message at its last failed delivery", async () => {
    const { client, broker } = await startBus(plain("work", { maxDeliveryCount: 3 }));
    await client.createSender("work").sendMessages({ body: { key: "a" }, messageId: "m-1" });
    const receiver = client.createReceiver("work");
    for (let tries = 0; tries < 3; tries++) await receiver.abandonMessage(await receiveOne(receiver));
    expect(broker.peek("work", "deadLetter")).toMatchObject([
      {
        messageId: "m-1",
        body: { key: "a" },
        deadLetterReason: "MaxDeliveryCountExceeded",
        deliveryCount: 3,
      },
    ]);
    expect(broker.stats()["work"]).toMatchObject({ active: 0, deadLettered: 1, deadLetteredTotal: 1 });
    expect(broker.busy()).toEqual([]);
  });

  test("dead-letters on request, and hands the dead letter out with its reason", async () => {
    const { client, broker } = await startBus(sessionful("keys"));
    await client.createSender("keys").sendMessages({ body: 1, sessionId: "a" });
    const session = await client.acceptSession("keys", "a");
    await session.deadLetterMessage(await receiveOne(session), {
      deadLetterReason: "Poison",
      deadLetterErrorDescription: "cannot be read",
      attempt: 7,
    });
    const deadLetters = client.createReceiver("keys", { subQueueType: "deadLetter" });
    const dead = await receiveOne(deadLetters);
    expect(dead).toMatchObject({
      deadLetterReason: "Poison",
      deadLetterErrorDescription: "cannot be read",
      deadLetterSource: "keys",
      sessionId: "a",
      applicationProperties: { attempt: 7 },
    });
    await deadLetters.completeMessage(dead);
    expect(broker.stats()["keys"]).toMatchObject({ deadLettered: 0, deadLetteredTotal: 1 });
  });

  test("refuses to dead-letter a dead letter, and keeps it", async () => {
    const { client, broker } = await startBus(plain("work", { maxDeliveryCount: 1 }));
    await client.createSender("work").sendMessages({ body: 1 });
    const receiver = client.createReceiver("work");
    await receiver.abandonMessage(await receiveOne(receiver));
    const deadLetters = client.createReceiver("work", { subQueueType: "deadLetter" });
    const dead = await receiveOne(deadLetters);
    await expect(deadLetters.deadLetterMessage(dead)).rejects.toThrow(/dead-letter queue/);
    expect(broker.peek("work", "deadLetter")).toHaveLength(1);
  });

  test("keeps a deferred message aside until it is asked for by number", async () => {
    const { client, broker } = await startBus(plain("work"));
    await client.createSender("work").sendMessages([{ body: "later" }, { body: "now" }]);
    const receiver = client.createReceiver("work");
    const later = await receiveOne(receiver);
    await receiver.deferMessage(later);
    expect((await receiveOne(receiver)).body).toBe("now");
    expect(broker.stats()["work"]).toMatchObject({ deferred: 1, locked: 1 });
    const number = later.sequenceNumber;
    if (number === undefined) throw new Error("A received message has a sequence number.");
    const [taken] = await receiver.receiveDeferredMessages(number);
    expect(taken?.body).toBe("later");
    if (taken !== undefined) await receiver.completeMessage(taken);
    expect(await codeOf(receiver.receiveDeferredMessages(number))).toBe("MessageNotFound");
    expect(broker.stats()["work"]).toMatchObject({ deferred: 0, completed: 1 });
  });

  test("settles after the receiver was closed, because the lock belongs to the queue", async () => {
    const { client, broker } = await startBus(plain("work"));
    await client.createSender("work").sendMessages({ body: 1 });
    const closed = client.createReceiver("work");
    const message = await receiveOne(closed);
    await closed.close();
    await client.createReceiver("work").completeMessage(message);
    expect(broker.stats()["work"]).toMatchObject({ locked: 0, completed: 1 });
  });
});

describe("peeking", () => {
  test("shows what is there, whatever its state, and takes nothing", async () => {
    const { client, clock, broker } = await startBus(plain("work"));
    const sender = client.createSender("work");
    await sender.sendMessages([{ body: { n: 1 } }, { body: "two" }]);
    await sender.scheduleMessages({ body: 3 }, new Date(clock.now() + 60_000));
    const receiver = client.createReceiver("work");
    await receiveOne(receiver);
    const peeked = await receiver.peekMessages(10);
    expect(peeked.map(({ body, state }) => [body as unknown, state])).toEqual([
      [{ n: 1 }, "active"],
      ["two", "active"],
      [3, "scheduled"],
    ]);
    expect(await receiver.peekMessages(10)).toEqual([]);
    expect(broker.peek("work")).toMatchObject([{ body: { n: 1 } }, { body: "two" }]);
    expect(broker.peek("work", "scheduled")).toMatchObject([{ body: 3 }]);
    expect(() => broker.peek("nope")).toThrow(/no queue 'nope'/);
  });

  test("shows dead letters to a client too", async () => {
    const { client } = await startBus(plain("work", { maxDeliveryCount: 1 }));
    await client.createSender("work").sendMessages({ body: 1 });
    const receiver = client.createReceiver("work");
    await receiver.abandonMessage(await receiveOne(receiver));
    const deadLetters = client.createReceiver("work", { subQueueType: "deadLetter" });
    expect(await deadLetters.peekMessages(10)).toMatchObject([
      { deadLetterReason: "MaxDeliveryCountExceeded" },
    ]);
  });
});

test("accepts a connection string with a signature in place of a key", async () => {
  const { broker } = await startBus(plain("work"));
  const signature = "SharedAccessSignature sr=lab&sig=x&se=9999999999&skn=lab";
  const client = new ServiceBusClient(
    `Endpoint=sb://localhost:${broker.port};SharedAccessSignature=${signature};UseDevelopmentEmulator=true`,
  );
  await client.createSender("work").sendMessages({ body: 1 });
  await client.close();
  expect(broker.peek("work")).toHaveLength(1);
});
