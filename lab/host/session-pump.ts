import { setTimeout as delay } from "node:timers/promises";
import type { ServiceBusClient, ServiceBusSessionReceiver } from "@azure/service-bus";
import type { HostTime } from "./host-time.ts";
import type { HostLog } from "./invoke.ts";
import { renewLock } from "./lock-renewal.ts";
import { errorText, type MessageHandler } from "./message-handler.ts";

/** Something that takes messages from one queue until it is closed. */
export type Pump = {
  /** Takes nothing new, waits for the messages being handled, gives up its locks. */
  close(): Promise<void>;
};

export type SessionPumpOptions = {
  readonly client: ServiceBusClient;
  readonly queue: string;
  readonly functionName: string;
  readonly maxSessions: number;
  readonly idleTimeoutMs: number;
  readonly maxLockRenewalMs: number;
  readonly time: HostTime;
  readonly handle: MessageHandler;
  readonly log: HostLog;
};

// Waiting links cost the broker something, so an idle host holds only this many; each session that is accepted is
// replaced at once, up to maxSessions.
const spareAccepts = 2;
const retryMs = 1_000;
/** How long a jump of the clock waits for an idle session to be given up; real time. */
const giveUpMs = 500;

/** Works on up to `maxSessions` sessions in parallel, on the messages of each one in order. */
export function startSessionPump(options: SessionPumpOptions): Pump {
  const { client, queue, functionName, maxSessions, time, handle, log } = options;
  const working = new Set<Promise<void>>();
  /** Sessions that wait for a message, and since when, virtual time. */
  const idle = new Map<ServiceBusSessionReceiver, number>();
  const givenUp = new WeakSet<ServiceBusSessionReceiver>();
  let accepting = 0;
  const closing = new AbortController();
  let broker: "up" | "down" = "up";
  const stopListening = time.onJump(endIdle);
  topUp();

  return {
    async close() {
      closing.abort();
      stopListening();
      await Promise.all([...idle.keys()].map((receiver) => receiver.close()));
      await Promise.all(working);
    },
  };

  function topUp(): void {
    while (!closing.signal.aborted && accepting < spareAccepts && accepting + working.size < maxSessions) {
      accepting++;
      void acceptOne();
    }
  }

  async function acceptOne(): Promise<void> {
    const receiver = await accept();
    accepting--;
    if (receiver !== undefined) {
      const work = workOn(receiver).finally(() => {
        working.delete(work);
        topUp();
      });
      working.add(work);
    }
    topUp();
  }

  async function accept(): Promise<ServiceBusSessionReceiver | undefined> {
    try {
      const receiver = await client.acceptNextSession(queue, {
        maxAutoLockRenewalDurationInMs: 0, // renewLock does it
        skipParsingBodyAsJson: true,
      });
      noteBroker("up");
      return receiver;
    } catch (error) {
      // The long poll ended without a session: the normal life of an idle queue.
      if (hasCode(error, "ServiceTimeout")) noteBroker("up");
      else await waitOut(error);
      return undefined;
    }
  }

  async function waitOut(error: unknown): Promise<void> {
    if (closing.signal.aborted) return;
    noteBroker("down", error);
    await delay(retryMs, undefined, { ref: false });
  }

  // Said once per outage, not once per attempt.
  function noteBroker(next: typeof broker, error?: unknown): void {
    if (next === broker) return;
    broker = next;
    const message =
      next === "up"
        ? `The sessions of ${queue} can be accepted again.`
        : `No session of ${queue} can be accepted (${errorText(error)}). Trying again every second.`;
    log({ level: next === "up" ? "information" : "warning", category: "system", functionName, message });
  }

  /** When the clock has jumped beyond the end of a wait, that is over before anything that fell due is delivered. */
  async function endIdle(): Promise<void> {
    const over = [...idle].filter(([, since]) => time.now() - since >= options.idleTimeoutMs);
    const closed = over.map(([receiver]) => {
      givenUp.add(receiver);
      return receiver.close().catch(() => undefined);
    });
    await Promise.race([Promise.all(closed), delay(giveUpMs, undefined, { ref: false })]);
  }

  function cannotRenew(error: unknown): void {
    const message = `A session lock of ${queue} was not renewed (${errorText(error)}). Its messages come again.`;
    log({ level: "warning", category: "system", functionName, message });
  }

  async function workOn(receiver: ServiceBusSessionReceiver): Promise<void> {
    const renewal = renewLock({
      lock: { lockedUntil: receiver.sessionLockedUntilUtc, renew: () => receiver.renewSessionLock() },
      maxMs: options.maxLockRenewalMs,
      time,
      onError: cannotRenew,
    });
    try {
      while (!closing.signal.aborted) {
        // The idle time covers the wait for the first message, too, and the session keeps its slot meanwhile.
        idle.set(receiver, time.now());
        const [message] = await receiver.receiveMessages(1, { maxWaitTimeInMs: options.idleTimeoutMs });
        idle.delete(receiver);
        // What came when the session had been given up is back in its queue already.
        if (message === undefined || givenUp.has(receiver)) break;
        await handle(receiver, message);
      }
    } catch (error) {
      const message = `Session ${receiver.sessionId} of ${queue} was lost (${errorText(error)}). It can be accepted anew.`;
      if (!closing.signal.aborted) log({ level: "debug", category: "system", functionName, message });
    } finally {
      renewal.stop();
      idle.delete(receiver);
      await receiver.close().catch(() => undefined); // it is closed already when its session was lost
    }
  }
}

function hasCode(error: unknown, code: string): boolean {
  return error instanceof Error && "code" in error && error.code === code;
}
