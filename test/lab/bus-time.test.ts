import { expect, test } from "vitest";
import { codeOf, plain, receiveNow, receiveOne, sessionful, startBus } from "./bus-world.ts";

const rest = async () => {};
const minute = 60_000;

test("delivers a scheduled message when virtual time reaches it, and not before", async () => {
  const { client, clock, broker } = await startBus(plain("work"));
  const due = clock.now() + 10 * minute;
  await client.createSender("work").scheduleMessages([{ body: "later" }], new Date(due));
  const receiver = client.createReceiver("work");
  expect(broker.nextScheduledAt()).toBe(due);
  expect(broker.busy()).toEqual([]);
  await clock.advance(9 * minute, rest);
  expect(await receiveNow(receiver)).toEqual([]);
  const stops: string[][] = [];
  await clock.advance(2 * minute, async () => void stops.push(broker.busy()));
  expect(stops).toContainEqual(["work: 1 waiting"]);
  const message = await receiveOne(receiver);
  expect(message.body).toBe("later");
  expect(message.enqueuedTimeUtc?.getTime()).toBeGreaterThanOrEqual(due);
  expect(broker.nextScheduledAt()).toBeUndefined();
});

test("delivers scheduled messages in the order they fall due, behind what was enqueued before", async () => {
  const { client, clock } = await startBus(sessionful("keys"));
  const sender = client.createSender("keys");
  const at = (minutes: number) => new Date(clock.now() + minutes * minute);
  await sender.sendMessages({ body: "third", sessionId: "a", scheduledEnqueueTimeUtc: at(20) });
  await sender.sendMessages({ body: "second", sessionId: "a", scheduledEnqueueTimeUtc: at(10) });
  await sender.sendMessages({ body: "first", sessionId: "a" });
  await clock.advance(30 * minute, rest);
  const session = await client.acceptNextSession("keys");
  const received = await session.receiveMessages(3, { maxWaitTimeInMs: 3000 });
  expect(received.map(({ body }) => body as string)).toEqual(["first", "second", "third"]);
  expect(received.map(({ sequenceNumber }) => sequenceNumber?.toNumber())).toEqual([3, 4, 5]);
});

test("wakes a receiver that waits for a session when a scheduled message falls due", async () => {
  const { client, clock } = await startBus(sessionful("keys"));
  const due = new Date(clock.now() + 5 * minute);
  await client.createSender("keys").scheduleMessages({ body: 1, sessionId: "a" }, due);
  const waiting = client.acceptNextSession("keys");
  await clock.advance(5 * minute, rest);
  expect((await waiting).sessionId).toBe("a");
});

test("takes a message scheduled for the past at once", async () => {
  const { client, clock } = await startBus(plain("work"));
  await client.createSender("work").scheduleMessages({ body: 1 }, new Date(clock.now() - minute));
  expect((await receiveOne(client.createReceiver("work"))).body).toBe(1);
});

test("lets virtual time pass by itself", async () => {
  const { client, clock } = await startBus(plain("work"));
  await client.createSender("work").scheduleMessages({ body: 1 }, new Date(clock.now() + 100));
  expect((await receiveOne(client.createReceiver("work"))).body).toBe(1);
});

test("cancels scheduled messages: all that are named, or none", async () => {
  const { client, clock, broker } = await startBus(plain("work"));
  const sender = client.createSender("work");
  const [first, second] = await sender.scheduleMessages(
    [{ body: 1 }, { body: 2 }],
    new Date(clock.now() + minute),
  );
  if (first === undefined || second === undefined) throw new Error("Two messages were scheduled.");
  expect(await codeOf(sender.cancelScheduledMessages([first, second.add(7)]))).toBe("MessageNotFound");
  expect(broker.peek("work", "scheduled")).toHaveLength(2);
  await sender.cancelScheduledMessages([first]);
  await clock.advance(2 * minute, rest);
  expect(broker.peek("work")).toMatchObject([{ body: 2 }]);
  expect(await codeOf(sender.cancelScheduledMessages(second))).toBe("MessageNotFound");
});

test("refuses to schedule without a session where sessions are required", async () => {
  const { client, clock, broker } = await startBus(sessionful("keys"));
  const due = new Date(clock.now() + minute);
  await expect(client.createSender("keys").scheduleMessages({ body: 1 }, due)).rejects.toThrow(
    /needs sessions/,
  );
  expect(broker.nextScheduledAt()).toBeUndefined();
});

test("drops a message that outlives its time to live", async () => {
  const { client, clock, broker } = await startBus(plain("work"));
  await client.createSender("work").sendMessages([{ body: 1, timeToLive: minute }, { body: 2 }]);
  await clock.advance(2 * minute, rest);
  expect(broker.peek("work")).toMatchObject([{ body: 2 }]);
  expect(broker.stats()["work"]).toMatchObject({ expired: 1, deadLettered: 0 });
});

test("dead-letters what outlives the queue's time to live, where the queue says so", async () => {
  const queue = sessionful("keys", { ttlMs: minute, deadLetterOnExpiry: "yes" });
  const { client, connect, clock, broker } = await startBus(queue);
  await client.createSender("keys").sendMessages({ body: 1, sessionId: "a" });
  await clock.advance(2 * minute, rest);
  expect(broker.peek("keys", "deadLetter")).toMatchObject([{ deadLetterReason: "TTLExpiredException" }]);
  expect(await codeOf(connect(300).acceptNextSession("keys"))).toBe("ServiceTimeout");
});

test("lets a locked message outlive its time to live until it comes back", async () => {
  const { client, clock, broker } = await startBus(plain("work"));
  await client.createSender("work").sendMessages({ body: 1, timeToLive: minute });
  const receiver = client.createReceiver("work");
  const message = await receiveOne(receiver);
  await clock.advance(2 * minute, rest);
  expect(broker.stats()["work"]).toMatchObject({ locked: 1, expired: 0 });
  await receiver.abandonMessage(message);
  expect(broker.stats()["work"]).toMatchObject({ locked: 0, active: 0, expired: 1 });
});
