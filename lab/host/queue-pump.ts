import type { ServiceBusClient } from "@azure/service-bus";
import type { HostTime } from "./host-time.ts";
import type { HostLog } from "./invoke.ts";
import { renewLock } from "./lock-renewal.ts";
import { errorText, type MessageHandler } from "./message-handler.ts";
import type { Pump } from "./session-pump.ts";

/** Works on up to `maxCalls` messages of a queue without sessions in parallel. */
export function startQueuePump(options: {
  client: ServiceBusClient;
  queue: string;
  functionName: string;
  maxCalls: number;
  maxLockRenewalMs: number;
  time: HostTime;
  handle: MessageHandler;
  log: HostLog;
}): Pump {
  const { client, queue, functionName, handle, log } = options;
  const working = new Set<Promise<void>>();
  let state: "open" | "closing" = "open";
  // The SDK tries again and again and tells of each failure; the log has it once.
  let trouble: string | undefined;

  const receiver = client.createReceiver(queue, {
    maxAutoLockRenewalDurationInMs: 0, // renewLock does it
    skipParsingBodyAsJson: true,
  });
  const subscription = receiver.subscribe(
    {
      async processMessage(message) {
        trouble = undefined;
        const renewal = renewLock({
          lock: {
            lockedUntil: message.lockedUntilUtc,
            renew: () => receiver.renewMessageLock(message),
          },
          maxMs: options.maxLockRenewalMs,
          time: options.time,
          onError: cannotRenew,
        });
        const work = handle(receiver, message).finally(() => {
          renewal.stop();
          working.delete(work);
        });
        working.add(work);
        await work;
      },
      async processError({ error }) {
        const text = errorText(error);
        if (state === "closing" || text === trouble) return;
        trouble = text;
        const message = `Nothing can be received from ${queue} (${text}). Trying again every second.`;
        log({ level: "warning", category: "system", functionName, message });
      },
    },
    { autoCompleteMessages: false, maxConcurrentCalls: options.maxCalls },
  );

  function cannotRenew(error: unknown): void {
    const message = `A lock in ${queue} was not renewed (${errorText(error)}). Its message comes again.`;
    log({ level: "warning", category: "system", functionName, message });
  }

  return {
    async close() {
      state = "closing";
      await subscription.close();
      await Promise.all(working);
      await receiver.close();
    },
  };
}
