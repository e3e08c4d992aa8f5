import { setTimeout as delay } from "node:timers/promises";
import { expect, test } from "vitest";
import { codeOf, plain, receiveNow, receiveOne, sessionful, startBusIn } from "./bus-world.ts";

const noWait = async () => {};
const hour = 3_600_000;
const always = (ms: number) => ({ deliveryMs: [ms, ms] as const });

test("takes its time for every delivery: after sending, after falling due and after coming back", async () => {
  const { client, clock, broker } = await startBusIn({ weather: always(hour) }, plain("work"));
  const sender = client.createSender("work");
  const receiver = client.createReceiver("work");
  const arrival = async () => {
    const waiting = receiver.receiveMessages(1, { maxWaitTimeInMs: 5000 });
    await expect
      .poll(() => clock.upcoming().map(({ label }) => label))
      .toContain("work: a message is on its way");
    expect(broker.busy()).toEqual(["work: 1 on their way"]);
    expect(broker.working()).toEqual([]);
    expect(clock.expected()).toHaveLength(1);
    const before = clock.now();
    await clock.advance(hour, noWait);
    const [message] = await waiting;
    if (message === undefined) throw new Error("Nothing arrived after the delivery's time.");
    expect(clock.now() - before).toBeGreaterThanOrEqual(hour);
    return message;
  };
  await sender.sendMessages({ body: 1 });
  const sent = await arrival();
  await receiver.abandonMessage(sent);
  const returned = await arrival();
  expect(returned.deliveryCount).toBe(1);
  await receiver.completeMessage(returned);
  await sender.scheduleMessages({ body: 2 }, new Date(clock.now() + hour));
  await clock.advance(hour, noWait);
  expect((await arrival()).body).toBe(2);
});

test("is locked when it arrives, and may still be taken by somebody else before", async () => {
  const { client, connect, clock, broker } = await startBusIn({ weather: always(hour) }, plain("work"));
  await client.createSender("work").sendMessages({ body: 1 });
  expect(await receiveNow(client.createReceiver("work"))).toEqual([]);
  expect(broker.busy()).toEqual(["work: 1 waiting"]);
  const waiting = connect().createReceiver("work").receiveMessages(1, { maxWaitTimeInMs: 5000 });
  await expect.poll(() => clock.upcoming().length).toBeGreaterThan(0);
  await clock.advance(2 * hour, noWait);
  expect(await waiting).toMatchObject([{ body: 1, deliveryCount: 0 }]);
});

test("keeps the order of a session, however long each of its messages takes", async () => {
  const { client } = await startBusIn({ weather: { deliveryMs: [1, 60] } }, sessionful("keys"));
  const bodies = Array.from({ length: 20 }, (_, n) => n);
  await client.createSender("keys").sendMessages(bodies.map((body) => ({ body, sessionId: "a" })));
  const session = await client.acceptNextSession("keys");
  const seen: unknown[] = [];
  while (seen.length < bodies.length) {
    const received = await session.receiveMessages(7, { maxWaitTimeInMs: 3000 });
    seen.push(...received.map(({ body }) => body as number));
    for (const message of received) await session.completeMessage(message);
  }
  expect(seen).toEqual(bodies);
});

test("never delivers to a receiver that waits less than a delivery takes", async () => {
  const { client, broker } = await startBusIn({ weather: always(250) }, sessionful("keys"));
  await client.createSender("keys").sendMessages({ body: 1, sessionId: "a" });
  for (let round = 0; round < 3; round++) {
    const session = await client.acceptNextSession("keys");
    expect(await session.receiveMessages(1, { maxWaitTimeInMs: 150 })).toEqual([]);
    await session.close();
  }
  expect(broker.stats()["keys"]).toMatchObject({ active: 1, locked: 0, redelivered: 0 });
});

test("gives ready sessions in an order of its own, the same for the same seed", async () => {
  const orders = await Promise.all(
    [1, 1, 2].map(async (seed) => {
      const { client } = await startBusIn({ weather: { unorderedSessions: 1 }, seed }, sessionful("keys"));
      const ids = ["a", "b", "c", "d", "e", "f", "g", "h"];
      await client.createSender("keys").sendMessages(ids.map((sessionId) => ({ body: 1, sessionId })));
      const order: string[] = [];
      for (const _ of ids) order.push((await client.acceptNextSession("keys")).sessionId);
      expect(order.toSorted()).toEqual(ids);
      return order.join("");
    }),
  );
  expect(orders[0]).toBe(orders[1]);
  expect(orders[0]).not.toBe(orders[2]);
  expect(orders).not.toContain("abcdefgh");
});

test("loses locks, drops links and doubles messages in the share that the weather says", async () => {
  const weather = { lostLocks: 0.3, droppedLinks: 0.3, doubledMessages: 0.3 };
  const { client, broker } = await startBusIn({ weather }, sessionful("keys", { maxDeliveryCount: 1000 }));
  const sessions = Array.from({ length: 30 }, (_, n) => `s-${n}`);
  await client.createSender("keys").sendMessages(sessions.map((sessionId) => ({ body: 1, sessionId })));
  const bystander = await client.acceptSession("keys", "nobody's");
  const codes: string[] = [];
  while (broker.busy().length > 0) {
    const session = await client.acceptNextSession("keys");
    codes.push(await codeOf(session.completeMessage(await receiveOne(session))));
    await session.close();
  }
  const { completed, redelivered } = broker.stats()["keys"] ?? {};
  expect(completed).toBe(sessions.length);
  expect(codes).toContain("SessionLockLost");
  expect(bystander.isClosed).toBe(false);
  expect(redelivered).toBe(codes.length - sessions.length);
  expect(redelivered).toBeGreaterThan(sessions.length / 3);
});

test("detaches a link that nobody uses, and lets its session go; senders and plain receivers come back", async () => {
  const idleLinkMs = 300;
  const { client, connect } = await startBusIn({ idleLinkMs }, sessionful("keys"), plain("work"));
  const sender = client.createSender("keys");
  await sender.sendMessages({ body: 1, sessionId: "a" });
  const receiver = client.createReceiver("work");
  expect(await receiveNow(receiver)).toEqual([]);
  const idle = await client.acceptNextSession("keys");
  await expect.poll(() => idle.isClosed, { timeout: 3000 }).toBe(true);
  expect((await connect().acceptNextSession("keys")).sessionId).toBe("a");
  expect(await codeOf(sender.sendMessages({ body: 2, sessionId: "b" }))).toBe("no error");
  await client.createSender("work").sendMessages({ body: 3 });
  expect((await receiveOne(receiver)).body).toBe(3);
});

test("keeps a link that is used now and then", async () => {
  const { client } = await startBusIn({ idleLinkMs: 600 }, sessionful("keys"));
  const sender = client.createSender("keys");
  const session = await client.acceptSession("keys", "a");
  for (let body = 0; body < 4; body++) {
    await delay(300); // links idle in real time
    await sender.sendMessages({ body, sessionId: "a" });
    await session.completeMessage(await receiveOne(session));
  }
  expect(session.isClosed).toBe(false);
});
