import type { Message } from "../../queue/keys.ts";

/** Most of the time until the next one that nobody asks for, so that one catch-up is over when another begins. */
const spreadMs = 10 * 60_000;

/** Fewer than this are not worth spreading out. */
const atOnce = 50;

export type SpreadPorts = {
  readonly schedule: (message: Message, at: number) => Promise<void>;
  readonly send: (messages: readonly Message[]) => Promise<void>;
  readonly now: () => number;
};

export async function sendSpread(
  messages: readonly Message[],
  { send, schedule, now }: SpreadPorts,
): Promise<void> {
  const startedAt = now();
  await send(messages.slice(0, atOnce));
  const timed = spread(messages.slice(atOnce), startedAt);
  for (let first = 0; first < timed.length; first += atOnce)
    await Promise.all(timed.slice(first, first + atOnce).map(({ message, at }) => schedule(message, at)));
}

function spread(messages: readonly Message[], from: number) {
  const stepMs = spreadMs / Math.max(1, messages.length);
  return messages.map((message, index) => ({ message, at: Math.ceil(from + (index + 1) * stepMs) }));
}
