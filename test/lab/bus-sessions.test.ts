import { spawn } from "node:child_process";
import { once } from "node:events";
import { expect, test } from "vitest";
import { codeOf, receiveNow, receiveOne, sessionful, startBus } from "./bus-world.ts";

const messages = (sessionId: string, ...bodies: unknown[]) => bodies.map((body) => ({ body, sessionId }));

test("keeps the order of each session, whatever is sent in between", async () => {
  const { client } = await startBus(sessionful("keys"));
  await client.createSender("keys").sendMessages([
    { body: 1, sessionId: "a" },
    { body: 1, sessionId: "b" },
    { body: 2, sessionId: "a" },
    { body: 2, sessionId: "b" },
  ]);
  for (const sessionId of ["b", "a"]) {
    const session = await client.acceptSession("keys", sessionId);
    const received = await session.receiveMessages(2, { maxWaitTimeInMs: 3000 });
    expect(received).toMatchObject(messages(sessionId, 1, 2));
  }
});

test("gives a session to one receiver at a time", async () => {
  const { client, connect } = await startBus(sessionful("keys"));
  await client.createSender("keys").sendMessages(messages("a", 1, 2));
  const holder = await client.acceptSession("keys", "a");
  expect(await codeOf(connect().acceptSession("keys", "a"))).toBe("SessionCannotBeLocked");
  expect(await codeOf(connect(300).acceptNextSession("keys"))).toBe("ServiceTimeout");
  await holder.close();
  expect((await connect().acceptNextSession("keys")).sessionId).toBe("a");
});

test("gives the next free session in the order in which they got messages", async () => {
  const { client } = await startBus(sessionful("keys"));
  await client
    .createSender("keys")
    .sendMessages([...messages("b", 1), ...messages("a", 1), ...messages("b", 2)]);
  const first = await client.acceptNextSession("keys");
  const second = await client.acceptNextSession("keys");
  expect([first.sessionId, second.sessionId]).toEqual(["b", "a"]);
});

test("locks an empty session on request, and delivers what comes later", async () => {
  const { client } = await startBus(sessionful("keys"));
  const session = await client.acceptSession("keys", "a");
  const waiting = receiveOne(session);
  await client.createSender("keys").sendMessages(messages("a", 1));
  expect((await waiting).body).toBe(1);
});

test("lets a receiver wait for a session until one gets a message", async () => {
  const { client, connect } = await startBus(sessionful("keys"));
  const waiting = client.acceptNextSession("keys");
  // Somebody else's wait that is over proves that nothing was there.
  expect(await codeOf(connect(200).acceptNextSession("keys"))).toBe("ServiceTimeout");
  await client.createSender("keys").sendMessages(messages("a", 1));
  const session = await waiting;
  expect(session.sessionId).toBe("a");
  expect((await receiveOne(session)).body).toBe(1);
});

test("ends a wait for a session with ServiceTimeout, for many at once", async () => {
  const { connect } = await startBus(sessionful("keys"));
  const client = connect(400);
  const codes = await Promise.all(Array.from({ length: 16 }, () => codeOf(client.acceptNextSession("keys"))));
  expect(new Set(codes)).toEqual(new Set(["ServiceTimeout"]));
});

test("forgets a waiting receiver whose client has gone", async () => {
  const { client, connect, broker } = await startBus(sessionful("keys"));
  const gone = connect(1000);
  const waits = [codeOf(gone.acceptNextSession("keys")), codeOf(gone.acceptNextSession("keys"))];
  expect(await codeOf(connect(200).acceptNextSession("keys"))).toBe("ServiceTimeout");
  broker.faults.dropConnections();
  await client.createSender("keys").sendMessages(messages("a", 1));
  expect((await connect().acceptNextSession("keys")).sessionId).toBe("a");
  for (const code of await Promise.all(waits)) expect(code).not.toBe("no error");
});

test("returns a closed receiver's messages at once, and does not count them as failed", async () => {
  const { client, broker } = await startBus(sessionful("keys"));
  await client.createSender("keys").sendMessages(messages("a", 1, 2));
  const closed = await client.acceptNextSession("keys");
  await closed.receiveMessages(2, { maxWaitTimeInMs: 3000 });
  await closed.close();
  const next = await client.acceptNextSession("keys");
  const received = await next.receiveMessages(2, { maxWaitTimeInMs: 3000 });
  expect(received.map(({ body, deliveryCount }) => [body as number, deliveryCount])).toEqual([
    [1, 0],
    [2, 0],
  ]);
  expect(broker.stats()["keys"]).toMatchObject({ redelivered: 2, locked: 2 });
});

test("keeps a settlement that arrives together with the close", async () => {
  const { client, broker } = await startBus(sessionful("keys"));
  const sender = client.createSender("keys");
  const rounds = 100;
  await sender.sendMessages(messages("s-0", 0));
  for (let round = 1; round <= rounds; round++) {
    const session = await client.acceptNextSession("keys");
    const message = await receiveOne(session);
    // What is sent first makes TCP hold back the rest until they leave together.
    const sent = sender.sendMessages(messages(`s-${round}`, round));
    await Promise.all([sent, session.completeMessage(message), session.close()]);
  }
  expect(broker.stats()["keys"]).toMatchObject({ completed: rounds, redelivered: 0, active: 1, locked: 0 });
});

test("returns the messages of a killed process at once", async () => {
  const { broker, client } = await startBus(sessionful("keys"));
  await client.createSender("keys").sendMessages(messages("a", 1));
  const holder = spawn(
    process.execPath,
    ["--input-type=module", "--eval", holdASession, broker.connectionString],
    {
      stdio: ["ignore", "pipe", "inherit"],
    },
  );
  await once(holder.stdout, "data");
  expect(broker.busy()).toEqual(["keys: 1 locked"]);
  const waiting = client.acceptNextSession("keys");
  holder.kill("SIGKILL");
  const session = await waiting;
  expect(await receiveOne(session)).toMatchObject({ body: 1, deliveryCount: 0 });
});

// Receives one message of the next session, says so, and never settles it.
const holdASession = `
import { ServiceBusClient } from "@azure/service-bus";
const client = new ServiceBusClient(process.argv[1]);
const session = await client.acceptNextSession("keys");
await session.receiveMessages(1);
console.log("held");
`;

test("delivers an abandoned message of a session before the ones behind it", async () => {
  const { client } = await startBus(sessionful("keys"));
  await client.createSender("keys").sendMessages(messages("a", 1, 2));
  const session = await client.acceptNextSession("keys");
  await session.abandonMessage(await receiveOne(session));
  const received = await session.receiveMessages(2, { maxWaitTimeInMs: 3000 });
  expect(received.map(({ body, deliveryCount }) => [body as number, deliveryCount])).toEqual([
    [1, 1],
    [2, 0],
  ]);
});

test("keeps a session's state after its receiver has gone, until it is cleared", async () => {
  const { client } = await startBus(sessionful("keys"));
  const first = await client.acceptSession("keys", "a");
  expect(await first.getSessionState()).toBeNull();
  await first.setSessionState({ step: 2 });
  await first.close();
  const second = await client.acceptSession("keys", "a");
  expect(await second.getSessionState()).toEqual({ step: 2 });
  await second.setSessionState(null);
  expect(await second.getSessionState()).toBeNull();
});

test("peeks into one session only", async () => {
  const { client } = await startBus(sessionful("keys"));
  await client.createSender("keys").sendMessages([...messages("a", 1), ...messages("b", 2)]);
  const session = await client.acceptSession("keys", "b");
  expect(await session.peekMessages(10)).toMatchObject([{ body: 2, sessionId: "b" }]);
});

test("defers and settles within a session", async () => {
  const { client, broker } = await startBus(sessionful("keys"));
  await client.createSender("keys").sendMessages(messages("a", 1, 2));
  const session = await client.acceptSession("keys", "a");
  const deferred = await receiveOne(session);
  await session.deferMessage(deferred);
  await session.completeMessage(await receiveOne(session));
  const number = deferred.sequenceNumber;
  if (number === undefined) throw new Error("A received message has a sequence number.");
  const [again] = await session.receiveDeferredMessages(number);
  if (again === undefined) throw new Error("The deferred message is there.");
  await session.completeMessage(again);
  expect(broker.stats()["keys"]).toMatchObject({ completed: 2, deferred: 0, locked: 0 });
});

test("says what is due or in work, and nothing else", async () => {
  const { client, broker } = await startBus(sessionful("keys"), { name: "parked", sessions: "none" });
  await client.createSender("parked").sendMessages({ body: 1 });
  await client.createSender("keys").sendMessages([...messages("a", 1, 2), ...messages("b", 3)]);
  expect(broker.busy()).toEqual(["keys: 3 waiting", "parked: 1 waiting"]);
  expect(broker.busy(["parked"])).toEqual(["keys: 3 waiting"]);
  const session = await client.acceptSession("keys", "a");
  const [first, second] = await session.receiveMessages(2, { maxWaitTimeInMs: 3000 });
  expect(broker.busy(["parked"])).toEqual(["keys: 1 waiting", "keys: 2 locked"]);
  for (const message of [first, second]) if (message !== undefined) await session.completeMessage(message);
  expect(await receiveNow(session)).toEqual([]);
  expect(broker.busy(["parked", "keys"])).toEqual([]);
});
