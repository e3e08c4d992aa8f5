import { afterEach } from "vitest";
import {
  ServiceBusClient,
  type ServiceBusReceivedMessage,
  type ServiceBusReceiver,
} from "@azure/service-bus";
import { startBroker, type Broker, type QueueOptions } from "../../lab/bus/broker.ts";
import { startClock, type LabClock } from "../../lab/clock.ts";
import { weatherOf, type Weather } from "../../lab/weather.ts";

export type Bus = {
  readonly clock: LabClock;
  readonly broker: Broker;
  readonly client: ServiceBusClient;
  /** One more client, on a connection of its own; its operations give up after that time. */
  readonly connect: (timeoutInMs?: number) => ServiceBusClient;
};

const stops: (() => Promise<void>)[] = [];

afterEach(async () => {
  for (const stop of stops.splice(0).toReversed()) await stop();
});

/** A broker with these queues and a real client, both closed after the test. */
export async function startBus(...queues: QueueOptions[]): Promise<Bus> {
  return startBusIn({}, ...queues);
}

export type Conditions = {
  /** What differs from calm. */
  readonly weather?: Partial<Weather>;
  readonly seed?: number;
  readonly idleLinkMs?: number;
};

/** The same in other conditions than calm. */
export async function startBusIn({ weather, ...more }: Conditions, ...queues: QueueOptions[]): Promise<Bus> {
  const clock = startClock();
  stops.push(async () => clock.stop());
  const broker = await startBroker({ clock, queues, weather: { ...weatherOf("calm"), ...weather }, ...more });
  stops.push(() => broker.close());
  const connect = (timeoutInMs = 5000) => {
    const client = new ServiceBusClient(broker.connectionString, {
      // Without retries an error surfaces as it is, and at once.
      retryOptions: { maxRetries: 0, timeoutInMs },
    });
    stops.push(() => client.close());
    return client;
  };
  return { clock, broker, client: connect(), connect };
}

export function plain(name: string, options: Partial<QueueOptions> = {}): QueueOptions {
  return { name, sessions: "none", ...options };
}

export function sessionful(name: string, options: Partial<QueueOptions> = {}): QueueOptions {
  return { name, sessions: "required", ...options };
}

/** The next message, or an error when none comes. */
export async function receiveOne(receiver: ServiceBusReceiver): Promise<ServiceBusReceivedMessage> {
  const [message] = await receiver.receiveMessages(1, { maxWaitTimeInMs: 3000 });
  if (message === undefined) throw new Error(`No message came from '${receiver.entityPath}' within 3 s.`);
  return message;
}

/** What is there now; an empty list after a short wait when nothing is. */
export function receiveNow(receiver: ServiceBusReceiver, count = 10): Promise<ServiceBusReceivedMessage[]> {
  return receiver.receiveMessages(count, { maxWaitTimeInMs: 150 });
}

/** The error code the client shows for a failed operation. */
export async function codeOf(operation: Promise<unknown>): Promise<string> {
  try {
    await operation;
  } catch (error) {
    return error instanceof Error && "code" in error ? String(error.code) : String(error);
  }
  return "no error";
}
