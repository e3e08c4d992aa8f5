import type { ServiceBusReceivedMessage, ServiceBusReceiver } from "@azure/service-bus";
import type { ServiceBusFunction } from "./host-function.ts";
import type { ServiceBusSettings } from "./host-settings.ts";
import type { HostLog, Invoke } from "./invoke.ts";
import { toTriggerMessage } from "./service-bus-message.ts";

/** Runs the function on one message and settles it. Never rejects. */
export type MessageHandler = (
  receiver: ServiceBusReceiver,
  message: ServiceBusReceivedMessage,
) => Promise<void>;

/**
 * Settles as the Functions host does: success completes when autoComplete is on and does nothing otherwise; failure
 * abandons in both cases, so that the message comes again with a higher delivery count.
 */
export function createMessageHandler(options: {
  fn: ServiceBusFunction;
  settings: ServiceBusSettings;
  invoke: Invoke;
  log: HostLog;
}): MessageHandler {
  const { fn, settings, invoke, log } = options;
  const onSuccess = (fn.autoComplete ?? settings.autoComplete) === "on" ? "complete" : "leave";
  const warn = (message: string) =>
    log({ level: "warning", category: "system", functionName: fn.name, message });

  return async (receiver, message) => {
    const settlement = await run(message);
    try {
      if (settlement === "complete") await answered(receiver, receiver.completeMessage(message));
      if (settlement === "abandon") await answered(receiver, receiver.abandonMessage(message));
    } catch (error) {
      warn(
        `Message ${String(message.messageId)} of ${fn.queue} was handled but not settled (${settlement}): ` +
          `${errorText(error)}. It comes again when its lock has expired.`,
      );
    }
  };

  async function run(message: ServiceBusReceivedMessage): Promise<"complete" | "leave" | "abandon"> {
    try {
      const { data, metadata } = convert(message);
      await invoke(fn, { data, metadata });
      return onSuccess;
    } catch {
      return "abandon"; // whoever threw has logged it
    }
  }

  function convert(message: ServiceBusReceivedMessage): ReturnType<typeof toTriggerMessage> {
    try {
      return toTriggerMessage(message, fn.body);
    } catch (error) {
      warn(errorText(error));
      throw error;
    }
  }
}

// Real time, like the SDK's own minute.
const lookEveryMs = 50;

/** Where a link closes before it has answered a settlement, .NET fails at once; the JavaScript SDK waits for a minute. */
async function answered(receiver: ServiceBusReceiver, settling: Promise<void>): Promise<void> {
  const lost = Promise.withResolvers<never>();
  const looking = setInterval(() => {
    if (receiver.isClosed) lost.reject(new Error("its link closed before the settlement was answered"));
  }, lookEveryMs);
  try {
    await Promise.race([settling, lost.promise]);
  } finally {
    clearInterval(looking);
  }
}

/** An SDK error in one line. Exhausted retries come as an AggregateError without a message of its own. */
export function errorText(error: unknown): string {
  if (error instanceof AggregateError) return error.errors.map(errorText).join("; ");
  if (!(error instanceof Error)) return String(error);
  const code = "code" in error && typeof error.code === "string" ? `${error.code}: ` : "";
  return `${code}${error.message}`;
}
