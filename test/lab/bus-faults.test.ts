import { spawn } from "node:child_process";
import { once } from "node:events";
import { connect as connectSocket } from "node:net";
import { expect, test } from "vitest";
import { codeOf, plain, receiveOne, sessionful, startBus } from "./bus-world.ts";

test("delivers a message again after its completion was lost, once, and only as many as asked for", async () => {
  const { client, broker } = await startBus(plain("work"));
  broker.faults.duplicateNext("work", 1);
  await client.createSender("work").sendMessages([{ body: 1 }, { body: 2 }]);
  const receiver = client.createReceiver("work");
  const seen = [];
  for (let n = 0; n < 3; n++) {
    const message = await receiveOne(receiver);
    seen.push([message.body as number, message.deliveryCount]);
    await receiver.completeMessage(message);
  }
  expect(seen).toEqual([
    [1, 0],
    [1, 1],
    [2, 0],
  ]);
  expect(broker.stats()["work"]).toMatchObject({
    sent: 2,
    completed: 2,
    redelivered: 1,
    active: 0,
    locked: 0,
  });
});

test("takes the lock of the next delivery away while its receiver works, and hands the message to another", async () => {
  const { client, connect, broker } = await startBus(plain("work"));
  await client.createSender("work").sendMessages({ body: 1 });
  broker.faults.loseNextLock("work", 1);
  const robbed = client.createReceiver("work");
  const held = await receiveOne(robbed);
  const next = connect().createReceiver("work");
  const again = await receiveOne(next);
  expect(again).toMatchObject({ body: 1, deliveryCount: 1 });
  expect(await codeOf(robbed.completeMessage(held))).toBe("MessageLockLost");
  await next.completeMessage(again);
  expect(broker.stats()["work"]).toMatchObject({ completed: 1, redelivered: 1 });
});

test("takes a whole session away when the lock of one of its messages is lost", async () => {
  const { client, connect, broker } = await startBus(sessionful("keys"));
  await client.createSender("keys").sendMessages([1, 2].map((body) => ({ body, sessionId: "a" })));
  broker.faults.loseNextLock("keys", 1);
  const robbed = await client.acceptNextSession("keys");
  const held = await receiveOne(robbed);
  const next = await connect().acceptNextSession("keys");
  const received = await next.receiveMessages(2, { maxWaitTimeInMs: 3000 });
  expect(received).toMatchObject([{ body: 1, deliveryCount: 1 }, { body: 2 }]);
  expect(await codeOf(robbed.completeMessage(held))).toBe("SessionLockLost");
});

test("refuses the settlement of a receiver that was quicker than the loss of its lock", async () => {
  const { client, broker } = await startBus(plain("work"), sessionful("keys"));
  broker.faults.loseNextLock("work", 1);
  broker.faults.loseNextLock("keys", 1);
  await client.createSender("work").sendMessages({ body: 1 });
  await client.createSender("keys").sendMessages({ body: 1, sessionId: "a" });
  const receiver = client.createReceiver("work");
  const session = await client.acceptNextSession("keys");
  expect(await codeOf(receiver.completeMessage(await receiveOne(receiver)))).toBe("MessageLockLost");
  expect(await codeOf(session.completeMessage(await receiveOne(session)))).toBe("SessionLockLost");
  expect(broker.busy()).toEqual(["work: 1 waiting", "keys: 1 waiting"]);
});

test("takes a lock away as late as it is told to, in virtual time", async () => {
  const { client, clock, broker } = await startBus(sessionful("keys"));
  await client.createSender("keys").sendMessages({ body: 1, sessionId: "a" });
  broker.faults.loseNextLock("keys", 1, { afterMs: 20_000 });
  const session = await client.acceptNextSession("keys");
  const held = await receiveOne(session);
  await clock.advance(19_000, async () => {});
  expect(broker.busy()).toEqual(["keys: 1 locked"]);
  await clock.advance(1_000, async () => {});
  expect(broker.busy()).toEqual(["keys: 1 waiting"]);
  await expect.poll(() => session.isClosed).toBe(true);
  expect(await codeOf(session.completeMessage(held))).toBe("SessionLockLost");
});

test("drops the link of a receiver that got a message: its session is free at once, and nothing counts as failed", async () => {
  const { client, connect, broker } = await startBus(sessionful("keys"));
  await client.createSender("keys").sendMessages([1, 2].map((body) => ({ body, sessionId: "a" })));
  broker.faults.dropLinks("keys", "link", { times: 1 });
  const robbed = await client.acceptNextSession("keys");
  const held = await receiveOne(robbed);
  const next = await connect().acceptNextSession("keys");
  const received = await next.receiveMessages(2, { maxWaitTimeInMs: 3000 });
  expect(received).toMatchObject([
    { body: 1, deliveryCount: 0 },
    { body: 2, deliveryCount: 0 },
  ]);
  expect(await codeOf(robbed.completeMessage(held))).toBe("SessionLockLost");
  expect(await codeOf(client.createSender("keys").sendMessages({ body: 3, sessionId: "b" }))).toBe(
    "no error",
  );
});

test("drops the whole connection of a receiver, with every session on it", async () => {
  const { client, connect, broker } = await startBus(sessionful("keys"));
  const sender = connect().createSender("keys");
  await sender.sendMessages(["a", "b"].map((sessionId) => ({ body: 1, sessionId })));
  const bystander = await client.acceptSession("keys", "b");
  broker.faults.dropLinks("keys", "connection", { times: 1 });
  await receiveOne(await client.acceptSession("keys", "a"));
  await expect.poll(() => bystander.isClosed).toBe(true);
  expect(broker.busy()).toEqual(["keys: 2 waiting"]);
});

test("drops links for as long as it is told to, or until it is called off", async () => {
  const { client, clock, broker } = await startBus(sessionful("keys"));
  await client.createSender("keys").sendMessages({ body: 1, sessionId: "a" });
  const ordered = broker.faults.dropLinks("keys", "link", { forMs: 60_000 });
  const settle = async () => {
    const session = await client.acceptNextSession("keys");
    return codeOf(session.completeMessage(await receiveOne(session)));
  };
  expect([await settle(), await settle()]).toEqual(["SessionLockLost", "SessionLockLost"]);
  expect(ordered.timesLeft()).toBeUndefined();
  await clock.advance(60_000, async () => {});
  expect(ordered.timesLeft()).toBe(0);
  const again = broker.faults.dropLinks("keys", "link", { times: 5 });
  expect(again.timesLeft()).toBe(5);
  again.cancel();
  expect(again.timesLeft()).toBe(0);
  expect(await settle()).toBe("no error");
});

test("lets a message without a session be settled after its link dropped, because the queue holds its lock", async () => {
  const { client, broker } = await startBus(plain("work"));
  await client.createSender("work").sendMessages({ body: 1 });
  broker.faults.dropLinks("work", "link", { times: 1 });
  const receiver = client.createReceiver("work");
  expect(await codeOf(receiver.completeMessage(await receiveOne(receiver)))).toBe("no error");
  expect(broker.stats()["work"]).toMatchObject({ completed: 1, redelivered: 0 });
});

test("drops every connection, frees the sessions at once and lets clients come back", async () => {
  const { client, broker } = await startBus(sessionful("keys"));
  const sender = client.createSender("keys");
  await sender.sendMessages({ body: 1, sessionId: "a" });
  await receiveOne(await client.acceptNextSession("keys"));
  broker.faults.dropConnections();
  await expect.poll(() => broker.busy()).toEqual(["keys: 1 waiting"]);
  await sender.sendMessages({ body: 2, sessionId: "a" });
  const session = await client.acceptNextSession("keys");
  const received = await session.receiveMessages(2, { maxWaitTimeInMs: 3000 });
  expect(received.map(({ body, deliveryCount }) => [body as number, deliveryCount])).toEqual([
    [1, 0],
    [2, 0],
  ]);
});

test("refuses connections while it is down, and has kept everything afterwards", async () => {
  const { client, connect, broker } = await startBus(plain("work"));
  await client.createSender("work").sendMessages({ body: 1 });
  const up = Promise.all([broker.faults.down(150), broker.faults.down(150)]);
  expect(await connectionTo(broker.port)).toBe("ECONNREFUSED");
  expect(await codeOf(client.createSender("work").sendMessages({ body: 2 }))).not.toBe("no error");
  await up;
  expect(await connectionTo(broker.port)).toBe("connected");
  expect((await receiveOne(connect().createReceiver("work"))).body).toBe(1);
});

test("closes while it is down, without coming back", async () => {
  const { broker } = await startBus(plain("work"));
  const up = broker.faults.down(60_000);
  await broker.close();
  await up;
  expect(await connectionTo(broker.port)).toBe("ECONNREFUSED");
});

test("refuses a fault for a queue that does not exist", async () => {
  const { broker } = await startBus(plain("work"));
  expect(() => broker.faults.duplicateNext("wrok", 1)).toThrow(/no queue 'wrok'; it has work/);
});

test("runs beside another broker, each with its own messages", async () => {
  const [one, two] = [await startBus(plain("work")), await startBus(plain("work"))];
  await one.client.createSender("work").sendMessages({ body: "one" });
  await two.client.createSender("work").sendMessages({ body: "two" });
  expect(await receiveOne(one.client.createReceiver("work"))).toMatchObject({ body: "one" });
  expect(await receiveOne(two.client.createReceiver("work"))).toMatchObject({ body: "two" });
});

test("leaves nothing open after close, even with locks held, waiters and scheduled messages", async () => {
  const child = spawn(process.execPath, ["--input-type=module", "--eval", openAndClose], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  let said = "";
  child.stdout.on("data", (chunk: Buffer) => (said += chunk.toString()));
  const [code] = (await once(child, "exit")) as [number | null];
  expect({ code, said }).toEqual({ code: 0, said: "closed\n" });
});

// The process exits by itself, or never. Its clients stay open: their connections are cut by the broker.
const openAndClose = `
import { ServiceBusClient } from "@azure/service-bus";
import { startBroker } from "./lab/bus/broker.ts";
import { startClock } from "./lab/clock.ts";
const queues = [{ name: "keys", sessions: "required", ttlMs: 3_600_000 }];
const broker = await startBroker({ clock: startClock(), queues });
const client = new ServiceBusClient(broker.connectionString, { retryOptions: { maxRetries: 0, timeoutInMs: 1000 } });
const sender = client.createSender("keys");
await sender.sendMessages([{ body: 1, sessionId: "a" }, { body: 2, sessionId: "a" }]);
await sender.scheduleMessages({ body: 3, sessionId: "b" }, new Date(Date.now() + 3_600_000));
const session = await client.acceptNextSession("keys", { maxAutoLockRenewalDurationInMs: 0 });
await session.receiveMessages(1);
client.acceptNextSession("keys").catch(() => {});
await session.peekMessages(1);
await broker.close();
console.log("closed");
`;

async function connectionTo(port: number): Promise<string> {
  const socket = connectSocket(port, "127.0.0.1");
  try {
    await once(socket, "connect");
    return "connected";
  } catch (error) {
    return error instanceof Error && "code" in error ? String(error.code) : String(error);
  } finally {
    socket.destroy();
  }
}
