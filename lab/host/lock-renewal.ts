import type { ServiceBusReceivedMessage, ServiceBusReceiver } from "@azure/service-bus";

// .NET renews this long before the end, or after half of what is left when that is less.
const marginMs = 10_000;

/**
 * Renews the lock of one message until it is stopped or `maxMs` have passed. The SDK's own renewal would go on after a
 * function that settles nothing has returned; the Functions host's ends with the function.
 */
export function renewLock(options: {
  receiver: ServiceBusReceiver;
  message: ServiceBusReceivedMessage;
  maxMs: number;
  onError: (error: unknown) => void;
}): { stop(): void } {
  const { receiver, message, onError } = options;
  const startedAt = performance.now();
  let timer: NodeJS.Timeout | undefined;
  let stopped = false;
  arm();

  return {
    stop() {
      stopped = true;
      clearTimeout(timer);
    },
  };

  function arm(): void {
    const remainingMs = Math.max(0, (message.lockedUntilUtc?.getTime() ?? Date.now()) - Date.now());
    const waitMs = remainingMs - Math.min(remainingMs / 2, marginMs);
    if (stopped || performance.now() - startedAt + waitMs > options.maxMs) return;
    timer = setTimeout(() => void renew(), waitMs);
    timer.unref();
  }

  async function renew(): Promise<void> {
    try {
      message.lockedUntilUtc = await receiver.renewMessageLock(message);
      arm();
    } catch (error) {
      if (!stopped) onError(error);
    }
  }
}
