import { performance } from "node:perf_hooks";
import { expect, test } from "vitest";
import type { ServiceBusClient } from "@azure/service-bus";
import { plain, receiveOne, sessionful, startBus } from "./bus-world.ts";

test("delivers more messages over one receiver than the client's window holds", async () => {
  const { client, broker } = await startBus(plain("work"));
  const total = 2500;
  const sender = client.createSender("work");
  for (let sent = 0; sent < total; sent += 500) {
    await sender.sendMessages(Array.from({ length: 500 }, (_, n) => ({ body: sent + n })));
  }
  const receiver = client.createReceiver("work", { maxAutoLockRenewalDurationInMs: 0 });
  const seen: number[] = [];
  while (seen.length < total) {
    const messages = await receiver.receiveMessages(250, { maxWaitTimeInMs: 3000 });
    expect(messages.length).toBeGreaterThan(0);
    await Promise.all(messages.map((message) => receiver.completeMessage(message)));
    seen.push(...messages.map(({ body }) => body as number));
  }
  expect(seen).toEqual(Array.from({ length: total }, (_, n) => n));
  expect(broker.stats()["work"]).toMatchObject({ completed: total, redelivered: 0, active: 0, locked: 0 });
});

test("answers every drain, also one that crosses a message on the wire", async () => {
  const { client, broker } = await startBus(sessionful("keys"));
  const sender = client.createSender("keys");
  const session = await client.acceptSession("keys", "a");
  const total = 400;
  const sends: Promise<void>[] = [];
  const seen: number[] = [];
  for (let n = 0; n < total; n++) {
    sends.push(sender.sendMessages({ body: n, sessionId: "a" }));
    // One credit and a wait of about the time a message takes: they meet often.
    for (const message of await session.receiveMessages(1, { maxWaitTimeInMs: 1 + (n % 3) })) {
      await session.completeMessage(message);
      seen.push(message.body as number);
    }
  }
  await Promise.all(sends);
  while (seen.length < total) {
    const message = await receiveOne(session);
    await session.completeMessage(message);
    seen.push(message.body as number);
  }
  expect(seen.toSorted((a, b) => a - b)).toEqual(Array.from({ length: total }, (_, n) => n));
  expect(session.isClosed).toBe(false);
  expect(broker.stats()["keys"]).toMatchObject({ completed: total, redelivered: 0, locked: 0 });
});

test("keeps the order of 40 sessions under 16 competing receivers, with failures in between", async () => {
  const { client, connect, broker } = await startBus(sessionful("keys"));
  const sessionCount = 40;
  const perSession = 5;
  const sender = client.createSender("keys");
  for (let n = 0; n < perSession; n++) {
    const round = Array.from({ length: sessionCount }, (_, s) => ({ body: n, sessionId: `s-${s}` }));
    await sender.sendMessages(round);
  }
  const record = new Map<string, number[]>();
  const inWork = new Set<string>();
  const overlaps: string[] = [];
  let failures = 0;

  async function work(own: ServiceBusClient): Promise<void> {
    while (broker.busy().length > 0) {
      const session = await own.acceptNextSession("keys").catch(() => undefined);
      const message = session && (await receiveOne(session));
      if (session === undefined || message === undefined) continue;
      if (inWork.has(session.sessionId)) overlaps.push(session.sessionId);
      inWork.add(session.sessionId);
      if (message.deliveryCount === 0 && Number(message.sequenceNumber) % 7 === 0) {
        failures++;
        await session.abandonMessage(message);
      } else {
        await session.completeMessage(message);
        record.set(session.sessionId, [...(record.get(session.sessionId) ?? []), message.body as number]);
      }
      inWork.delete(session.sessionId);
      await session.close();
    }
  }

  const clients = [connect(500), connect(500)];
  await Promise.all(Array.from({ length: 16 }, (_, n) => work(clients[n % 2] ?? client)));
  expect(overlaps).toEqual([]);
  expect(record.size).toBe(sessionCount);
  for (const bodies of record.values()) expect(bodies).toEqual([0, 1, 2, 3, 4]);
  expect(failures).toBeGreaterThan(0);
  expect(broker.stats()["keys"]).toMatchObject({ completed: sessionCount * perSession, abandoned: failures });
});

test("keeps requests free of the 40 ms of a delayed acknowledgement", async () => {
  const { client } = await startBus(sessionful("keys"));
  const sender = client.createSender("keys");
  const took = {
    send: [] as number[],
    accept: [] as number[],
    receive: [] as number[],
    peek: [] as number[],
  };
  async function timed<T>(what: keyof typeof took, run: () => Promise<T>): Promise<T> {
    const start = performance.now();
    const result = await run();
    took[what].push(performance.now() - start);
    return result;
  }
  for (let n = 0; n < 40; n++) {
    await timed("send", () => sender.sendMessages({ body: n, sessionId: `s-${n}` }));
    const session = await timed("accept", () => client.acceptNextSession("keys"));
    const message = await timed("receive", () => receiveOne(session));
    await timed("peek", () => session.peekMessages(1));
    await session.completeMessage(message);
    await session.close();
  }
  const median = (times: number[]) => times.toSorted((a, b) => a - b)[times.length / 2] ?? Infinity;
  for (const times of Object.values(took)) expect(median(times)).toBeLessThan(20);
});
