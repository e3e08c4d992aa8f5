import type { LabClock } from "../clock.ts";
import { weatherOf } from "../weather.ts";
import { entityFinder } from "./amqp/entity.ts";
import { azureIdleMs } from "./amqp/idle-links.ts";
import { readBody } from "./amqp/message-codec.ts";
import { startAmqpServer } from "./amqp/server.ts";
import { chancesOf, type BusWeather, type Chances } from "./engine/chances.ts";
import type { Message } from "./engine/message.ts";
import type { Extent, Ordered } from "./engine/mishaps.ts";
import { Queue } from "./engine/queue.ts";

export type QueueOptions = {
  readonly name: string;
  readonly sessions: "required" | "none";
  /** Real time. Default 60,000. */
  readonly lockMs?: number;
  /** Default 10. */
  readonly maxDeliveryCount?: number;
  /** Virtual time; without it messages stay unless their sender says otherwise. */
  readonly ttlMs?: number;
  /** Default "no": expired messages are dropped. */
  readonly deadLetterOnExpiry?: "yes" | "no";
};

/** Gauges tell what is in the queue now, counters what has happened since the start. */
type QueueStats = {
  /** Waiting to be delivered. */
  active: number;
  scheduled: number;
  /** Delivered and not settled. */
  locked: number;
  deferred: number;
  /** In the dead-letter queue now. */
  deadLettered: number;
  /** Accepted from senders, scheduled ones included. */
  sent: number;
  completed: number;
  abandoned: number;
  /** Outlived their time to live. */
  expired: number;
  deadLetteredTotal: number;
  /** Deliveries beyond the first of each message. */
  redelivered: number;
};

/** A copy of a message. Times are virtual, epoch milliseconds. */
type PeekedMessage = {
  readonly sequence: number;
  readonly messageId: string;
  readonly sessionId?: string;
  /** JSON when it is JSON, else text. */
  readonly body: unknown;
  readonly deadLetterReason?: string;
  readonly enqueuedAt: number;
  readonly scheduledFor?: number;
  readonly deliveryCount: number;
};

/** Ways to make the bus misbehave. Naming a queue that does not exist throws. */
type BrokerFaults = {
  /** Breaks every client connection now; clients may come back at once. */
  dropConnections(): void;
  /**
   * Breaks every connection and refuses new ones for that long (real time); resolves when it is over. Rejects if
   * another process has taken the port in the meantime.
   */
  down(forMs: number): Promise<void>;
  /** The next `times` messages are delivered again after they were completed: the broker loses the completion. */
  duplicateNext(queue: string, times: number): Ordered;
  /**
   * The next `times` deliveries lose their lock while the receiver works, `afterMs` (virtual time) after they got the
   * message, and go to the next receiver at once.
   */
  loseNextLock(queue: string, times: number, options?: Pick<Extent, "afterMs">): Ordered;
  /**
   * The link, or the whole connection, of a receiver that got a message drops while it works. Its session is free at
   * once, and what was delivered in it comes again, uncounted.
   */
  dropLinks(queue: string, what: "link" | "connection", extent: Extent): Ordered;
};

export type Broker = {
  readonly port: number;
  readonly connectionString: string;
  stats(): Readonly<Record<string, QueueStats>>;
  /**
   * What is due or being processed: "<queue>: n waiting", "n on their way" and "n locked"; empty at rest. Messages for
   * later, deferred ones and dead letters do not count, nor does what waits in a queue named in `ignore`.
   */
  busy(ignore?: readonly string[]): string[];
  /** The same without what is on its way: the clock expects that. */
  working(ignore?: readonly string[]): string[];
  /** Earliest message that is not due yet, virtual epoch milliseconds. */
  nextScheduledAt(): number | undefined;
  /** Copies of messages, for evidence; "active" includes what is being processed. */
  peek(queue: string, from?: "active" | "scheduled" | "deadLetter"): readonly PeekedMessage[];
  readonly faults: BrokerFaults;
  close(): Promise<void>;
};

/**
 * Starts a broker that the unmodified Service Bus client can use, on 127.0.0.1 (port 0, the default, picks a free one).
 * Messages fall due and expire in virtual time; locks run in real time.
 */
export async function startBroker(options: {
  readonly clock: LabClock;
  readonly queues: readonly QueueOptions[];
  readonly port?: number;
  /** Default: calm. */
  readonly weather?: BusWeather;
  /** Of what chance decides. */
  readonly seed?: string | number;
  /** After how long a link that nobody uses is detached, real time. Default: ten minutes. */
  readonly idleLinkMs?: number;
}): Promise<Broker> {
  const { clock, port = 0, weather = weatherOf("calm"), seed = 1, idleLinkMs = azureIdleMs } = options;
  const chances = chancesOf(weather, seed);
  const queues = new Map(
    options.queues.map((each) => [each.name.toLowerCase(), createQueue(each, clock, chances)]),
  );
  const server = await startAmqpServer({ port, findEntity: entityFinder(queues), idleLinkMs });
  const all = [...queues.values()];
  const find = (name: string): Queue => {
    const queue = queues.get(name.toLowerCase());
    if (queue === undefined)
      throw new Error(`The bus has no queue '${name}'; it has ${[...queues.keys()].join(", ")}.`);
    return queue;
  };
  return {
    port: server.port,
    connectionString: `Endpoint=sb://127.0.0.1:${server.port};SharedAccessKeyName=lab;SharedAccessKey=lab;UseDevelopmentEmulator=true`,
    stats: () => Object.fromEntries(all.map((queue) => [queue.settings.name, statsOf(queue)])),
    busy: (ignore = []) => all.flatMap((queue) => [...workOf(queue, ignore), ...transitOf(queue)]),
    working: (ignore = []) => all.flatMap((queue) => workOf(queue, ignore)),
    nextScheduledAt: () => earliest(all.map((queue) => queue.nextScheduledAt())),
    peek: (name, from = "active") => contentsOf(find(name), from).map(peeked),
    faults: {
      dropConnections: () => server.dropConnections(),
      down: (forMs) => server.pause(forMs),
      duplicateNext: (name, times) => find(name).mishaps.order("doubled", { times }),
      loseNextLock: (name, times, { afterMs } = {}) =>
        find(name).mishaps.order("lockLost", { times, afterMs }),
      dropLinks: (name, what, extent) => find(name).mishaps.order(`${what}Dropped`, extent),
    },
    async close() {
      await server.close();
      for (const queue of all) queue.stop();
    },
  };
}

function createQueue(options: QueueOptions, clock: LabClock, chances: Chances): Queue {
  const {
    name,
    sessions,
    lockMs = 60_000,
    maxDeliveryCount = 10,
    ttlMs,
    deadLetterOnExpiry = "no",
  } = options;
  const deadLetters = new Queue(
    {
      name: `${name}/$DeadLetterQueue`,
      sessions: "none",
      lockMs,
      maxDeliveryCount: undefined,
      ttlMs: undefined,
      deadLetterOnExpiry: "no",
    },
    clock,
  );
  return new Queue({ name, sessions, lockMs, maxDeliveryCount, ttlMs, deadLetterOnExpiry }, clock, {
    deadLetters,
    chances,
  });
}

function statsOf(queue: Queue): QueueStats {
  const { deadLettered: deadLetteredTotal, ...counters } = queue.counters;
  const deadLettered = queue.deadLetters?.contents().length ?? 0;
  return { ...gaugesOf(queue), deadLettered, ...counters, deadLetteredTotal };
}

function gaugesOf(queue: Queue): { active: number; scheduled: number; locked: number; deferred: number } {
  const gauges = { active: 0, scheduled: 0, locked: 0, deferred: 0 };
  for (const message of queue.messages()) gauges[message.lock === undefined ? message.state : "locked"]++;
  return gauges;
}

function workOf(queue: Queue, ignore: readonly string[]): string[] {
  const { name } = queue.settings;
  const { active, locked } = gaugesOf(queue);
  const waiting = active - queue.inTransit();
  const lines = [];
  if (waiting > 0 && !ignore.includes(name)) lines.push(`${name}: ${waiting} waiting`);
  if (locked > 0) lines.push(`${name}: ${locked} locked`);
  return lines;
}

function transitOf(queue: Queue): string[] {
  const count = queue.inTransit();
  return count === 0 ? [] : [`${queue.settings.name}: ${count} on their way`];
}

function earliest(times: readonly (number | undefined)[]): number | undefined {
  return times.filter((at) => at !== undefined).toSorted((a, b) => a - b)[0];
}

function contentsOf(queue: Queue, from: "active" | "scheduled" | "deadLetter"): readonly Message[] {
  if (from === "deadLetter") return queue.deadLetters?.contents() ?? [];
  return queue.contents().filter((message) => message.state === from);
}

function peeked(message: Message): PeekedMessage {
  const { sequence, messageId, sessionId, enqueuedAt, scheduledFor, deliveryCount } = message;
  const reason = message.changes["DeadLetterReason"];
  return {
    sequence,
    messageId,
    ...(sessionId === undefined ? {} : { sessionId }),
    body: readBody(message),
    ...(typeof reason === "string" ? { deadLetterReason: reason } : {}),
    enqueuedAt,
    ...(scheduledFor === undefined ? {} : { scheduledFor }),
    deliveryCount,
  };
}
