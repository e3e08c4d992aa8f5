import { AsyncLocalStorage } from "node:async_hooks";
import { createRequire, syncBuiltinESMExports } from "node:module";

/** Runs a function so that it sleeps in the lab's time. */
export type Sleeper = <T>(functionName: string, run: () => Promise<T>) => Promise<T>;

type Sleep = (ms?: number, value?: unknown, options?: { readonly signal?: AbortSignal }) => Promise<unknown>;

// Less is no sleep but a turn of the event loop.
const shortestMs = 20;

/**
 * Makes `setTimeout` of `node:timers/promises` follow the lab's clock where a function of the app calls it. Somebody who
 * sleeps for two seconds would otherwise see hours pass meanwhile, because the lab cannot tell sleeping from waiting. The
 * plain `setTimeout`, which libraries guard their requests with, stays real.
 */
export function installVirtualSleep(sleepInLab: (ms: number, who: string) => Promise<void>): Sleeper {
  const running = new AsyncLocalStorage<string>();
  // The module's own object: what others import from it follows.
  const timers = createRequire(import.meta.url)("node:timers/promises") as { setTimeout: Sleep };
  const real = timers.setTimeout;
  timers.setTimeout = async (ms = 0, value, options) => {
    const who = running.getStore();
    if (who === undefined || !(ms >= shortestMs)) return real(ms, value, options);
    await Promise.race([sleepInLab(ms, who), aborted(options?.signal)]);
    return value;
  };
  syncBuiltinESMExports();
  return (functionName, run) => running.run(functionName, run);
}

function aborted(signal: AbortSignal | undefined): Promise<never> {
  const { promise, reject } = Promise.withResolvers<never>();
  const end = () => reject(Object.assign(new Error("The operation was aborted"), abortError(signal)));
  if (signal?.aborted === true) end();
  else signal?.addEventListener("abort", end, { once: true });
  return promise;
}

// As Node's own error for this has it.
const abortError = (signal: AbortSignal | undefined) => ({
  name: "AbortError",
  code: "ABORT_ERR",
  cause: signal?.reason as unknown,
});
