import { connect } from "node:net";
import { setTimeout as delay } from "node:timers/promises";
import { ServiceBusClient } from "@azure/service-bus";
import type { ServiceBusFunction } from "./host-function.ts";
import type { ServiceBusSettings } from "./host-settings.ts";
import type { HostTime } from "./host-time.ts";
import type { HostLog, Invoke } from "./invoke.ts";
import { createMessageHandler } from "./message-handler.ts";
import { startQueuePump } from "./queue-pump.ts";
import { startSessionPump, type Pump } from "./session-pump.ts";

const retryMs = 1_000;
const closeMs = 1_000;

type Options = {
  readonly functions: readonly ServiceBusFunction[];
  readonly settings: ServiceBusSettings;
  readonly time: HostTime;
  readonly invoke: Invoke;
  readonly log: HostLog;
};

/**
 * Attaches every Service Bus trigger. Resolves once the first attempt is made: where the broker does not answer yet, it
 * says so and goes on trying.
 */
export async function listenServiceBus(options: Options): Promise<Pump> {
  const byConnection = Map.groupBy(options.functions, ({ connectionString }) => connectionString);
  const connections = await Promise.all(
    [...byConnection].map(([connectionString, functions]) =>
      openConnection(connectionString, { ...options, functions }),
    ),
  );
  return {
    async close() {
      await Promise.all(connections.map((each) => each.close()));
    },
  };
}

async function openConnection(connectionString: string, options: Options): Promise<Pump> {
  // Azure's defaults for Functions (extensions.serviceBus.clientRetryOptions).
  const client = new ServiceBusClient(connectionString, {
    retryOptions: { maxRetries: 3, retryDelayInMs: 800, timeoutInMs: 60_000 },
  });
  const closing = new AbortController();
  let pumps: readonly Pump[] = [];
  const attach = () => {
    pumps = options.functions.map((fn) => startPump(client, fn, options));
  };

  const address = brokerAddress(connectionString);
  if (await answers(address)) attach();
  else void attachLater();

  // A subscription made while the broker is away leaves the SDK with two retry loops, hence this one in its place.
  async function attachLater(): Promise<void> {
    const { log } = options;
    const where = `Service Bus at ${address.host}:${address.port}`;
    log({
      level: "warning",
      category: "system",
      message: `${where} does not answer. Trying again every second.`,
    });
    do {
      await delay(retryMs, undefined, { ref: false });
      if (closing.signal.aborted) return;
    } while (!(await answers(address)));
    log({
      level: "information",
      category: "system",
      message: `${where} answers now. The listeners are attached.`,
    });
    attach();
  }

  return {
    async close() {
      closing.abort();
      await Promise.all(pumps.map((pump) => pump.close()));
      // A pending long poll does not end with its client; the process is about to exit anyway.
      await Promise.race([client.close(), delay(closeMs, undefined, { ref: false })]);
    },
  };
}

function startPump(
  client: ServiceBusClient,
  fn: ServiceBusFunction,
  { settings, time, invoke, log }: Options,
): Pump {
  const common = {
    client,
    queue: fn.queue,
    functionName: fn.name,
    maxLockRenewalMs: settings.maxAutoLockRenewalMs,
    time,
    handle: createMessageHandler({ fn, settings, invoke, log }),
    log,
  };
  return fn.sessions === "required"
    ? startSessionPump({
        ...common,
        maxSessions: settings.maxConcurrentSessions,
        idleTimeoutMs: settings.sessionIdleTimeoutMs,
      })
    : startQueuePump({ ...common, maxCalls: settings.maxConcurrentCalls });
}

type Address = { readonly host: string; readonly port: number };

function brokerAddress(connectionString: string): Address {
  const endpoint = /(?:^|;)\s*Endpoint=([^;]+)/i.exec(connectionString)?.[1] ?? "";
  const url = URL.parse(endpoint.replace(/^(sb|amqps?):/i, "http:"));
  if (url === null) {
    throw new Error('A Service Bus connection string must begin with "Endpoint=sb://host[:port]/".');
  }
  const development = /(?:^|;)\s*UseDevelopmentEmulator=true/.test(connectionString);
  return { host: url.hostname, port: Number(url.port) || (development ? 5672 : 5671) };
}

async function answers({ host, port }: Address): Promise<boolean> {
  const socket = connect({ host, port });
  try {
    return await new Promise((resolve) => {
      socket.once("connect", () => resolve(true));
      socket.once("error", () => resolve(false));
    });
  } finally {
    socket.destroy();
  }
}
