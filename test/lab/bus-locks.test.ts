import { setTimeout as delay } from "node:timers/promises";
import { expect, test } from "vitest";
import { codeOf, plain, receiveNow, receiveOne, sessionful, startBus } from "./bus-world.ts";

// Locks run in real time, so these tests wait for real.
const lockMs = 400;
const withoutRenewal = { maxAutoLockRenewalDurationInMs: 0 };

test("delivers a message again when its lock has run out, and refuses the late settlement", async () => {
  const { client, broker } = await startBus(plain("work", { lockMs }));
  await client.createSender("work").sendMessages({ body: 1 });
  const late = client.createReceiver("work", withoutRenewal);
  const held = await receiveOne(late);
  const again = await receiveOne(client.createReceiver("work", withoutRenewal));
  expect(again.deliveryCount).toBe(1);
  expect(await codeOf(late.completeMessage(held))).toBe("MessageLockLost");
  expect(broker.stats()["work"]).toMatchObject({ redelivered: 1, completed: 0, locked: 1 });
});

test("dead-letters a message whose lock runs out at its last delivery", async () => {
  const { client, broker } = await startBus(plain("work", { lockMs: 150, maxDeliveryCount: 1 }));
  await client.createSender("work").sendMessages({ body: 1 });
  await receiveOne(client.createReceiver("work", withoutRenewal));
  await expect.poll(() => broker.peek("work", "deadLetter")).toHaveLength(1);
});

test("keeps a lock that is renewed", async () => {
  const { client, broker } = await startBus(plain("work", { lockMs }));
  await client.createSender("work").sendMessages({ body: 1 });
  const receiver = client.createReceiver("work", withoutRenewal);
  const message = await receiveOne(receiver);
  for (let round = 0; round < 3; round++) {
    await delay(lockMs * 0.6);
    const until = await receiver.renewMessageLock(message);
    expect(until.getTime()).toBeGreaterThan(Date.now());
  }
  await receiver.completeMessage(message);
  expect(broker.stats()["work"]).toMatchObject({ completed: 1, redelivered: 0 });
});

test("refuses to renew a lock that is gone", async () => {
  const { client } = await startBus(plain("work", { lockMs: 100 }));
  await client.createSender("work").sendMessages({ body: 1 });
  const receiver = client.createReceiver("work", withoutRenewal);
  const message = await receiveOne(receiver);
  await delay(150);
  expect(await codeOf(receiver.renewMessageLock(message))).toBe("MessageLockLost");
});

test("lets the client renew by itself while a handler works", async () => {
  const { client, broker } = await startBus(plain("work", { lockMs: 2500 }));
  await client.createSender("work").sendMessages({ body: 1 });
  const done = Promise.withResolvers<void>();
  client.createReceiver("work").subscribe({
    processMessage: async () => {
      await delay(3500);
      done.resolve();
    },
    processError: async () => {},
  });
  await done.promise;
  await expect.poll(() => broker.stats()["work"]).toMatchObject({ completed: 1, redelivered: 0 });
});

test("keeps the lock of a receiver that closed, until it runs out", async () => {
  const { client } = await startBus(plain("work", { lockMs }));
  await client.createSender("work").sendMessages({ body: 1 });
  const closed = client.createReceiver("work", withoutRenewal);
  await receiveOne(closed);
  await closed.close();
  const next = client.createReceiver("work", withoutRenewal);
  expect(await receiveNow(next)).toEqual([]);
  expect(await receiveOne(next)).toMatchObject({ deliveryCount: 1 });
});

test("keeps every lock when the virtual clock jumps, and tells clients virtual time", async () => {
  const { client, clock, broker } = await startBus(plain("work"), sessionful("keys"));
  await client.createSender("work").sendMessages([{ body: 1 }, { body: 2 }]);
  await client.createSender("keys").sendMessages({ body: 3, sessionId: "a" });
  const receiver = client.createReceiver("work", withoutRenewal);
  const message = await receiveOne(receiver);
  const session = await client.acceptNextSession("keys", withoutRenewal);
  const inSession = await receiveOne(session);
  const jumpMs = 40 * 60_000;
  await clock.advance(jumpMs, async () => {});
  await receiver.completeMessage(message);
  await session.completeMessage(inSession);
  expect(broker.stats()).toMatchObject({ work: { completed: 1 }, keys: { completed: 1 } });
  const after = await receiveOne(receiver);
  const until = after.lockedUntilUtc?.getTime() ?? 0;
  expect(until - Date.now()).toBeGreaterThan(jumpMs + 50_000);
  expect((await session.renewSessionLock()).getTime() - Date.now()).toBeGreaterThan(jumpMs + 50_000);
});

test("loses a session with its lock: the next receiver gets the messages in order, counted as failed", async () => {
  const { client, connect } = await startBus(sessionful("keys", { lockMs }));
  await client.createSender("keys").sendMessages([1, 2, 3].map((body) => ({ body, sessionId: "a" })));
  const slow = await client.acceptNextSession("keys", withoutRenewal);
  const held = await slow.receiveMessages(2, { maxWaitTimeInMs: 3000 });
  const next = await connect().acceptNextSession("keys", withoutRenewal);
  expect(slow.isClosed).toBe(true);
  const [first] = held;
  if (first === undefined) throw new Error("Two messages were in the session.");
  expect(await codeOf(slow.completeMessage(first))).toBe("SessionLockLost");
  const received = await next.receiveMessages(3, { maxWaitTimeInMs: 3000 });
  expect(received.map(({ body, deliveryCount }) => [body as number, deliveryCount])).toEqual([
    [1, 1],
    [2, 1],
    [3, 0],
  ]);
});

test("keeps a session whose lock is renewed, and refuses a renewal by who has lost it", async () => {
  const { client, connect } = await startBus(sessionful("keys", { lockMs }));
  const first = await client.acceptSession("keys", "a", withoutRenewal);
  await delay(lockMs * 0.6);
  await first.renewSessionLock();
  await delay(lockMs * 0.6);
  expect(await codeOf(connect().acceptSession("keys", "a"))).toBe("SessionCannotBeLocked");
  await delay(lockMs);
  await connect().acceptSession("keys", "a", withoutRenewal);
  expect(await codeOf(first.renewSessionLock())).toBe("SessionLockLost");
});
