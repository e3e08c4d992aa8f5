import type { Message } from "../../queue/keys.ts";

/** Most of the time until the next one that nobody asks for, so that one catch-up is over when another begins. */
const spreadMs = 10 * 60_000;

/** Fewer than this are not worth spreading out. */
const atOnce = 50;

/** By then every replica shows what had changed, as far as looks go by. */
const laterMs = 5 * 60_000;

export type SpreadPorts = {
  readonly schedule: (message: Message, at: number) => Promise<void>;
  readonly send: (messages: readonly Message[]) => Promise<void>;
  readonly now: () => number;
};

/** `later`: what is looked at once more, when that is so. */
export async function sendSpread(
  messages: readonly Message[],
  later: readonly Message[],
  { send, schedule, now }: SpreadPorts,
): Promise<void> {
  const startedAt = now();
  await send(messages.slice(0, atOnce));
  const timed = [...spread(messages.slice(atOnce), startedAt), ...spread(later, startedAt + laterMs)];
  for (let first = 0; first < timed.length; first += atOnce)
    await Promise.all(timed.slice(first, first + atOnce).map(({ message, at }) => schedule(message, at)));
}

function spread(messages: readonly Message[], from: number) {
  const stepMs = spreadMs / Math.max(1, messages.length, atOnce);
  return messages.map((message, index) => ({ message, at: Math.ceil(from + (index + 1) * stepMs) }));
}
