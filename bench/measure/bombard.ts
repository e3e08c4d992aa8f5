import { setTimeout as sleep } from "node:timers/promises";

export type Load = {
  readonly url: string;
  readonly perSecond: number;
  readonly seconds: number;
  /** The body of the request with that number. */
  readonly body: (number: number) => string;
};

/**
 * Sends requests at a steady pace, whether those before them are answered or not.
 * @returns how long each took, in ms, from the moment in which it was to be sent: one that had to wait to be sent waited, too
 */
export async function bombard({ url, perSecond, seconds, body }: Load): Promise<readonly number[]> {
  const startedAt = performance.now();
  const open: Promise<number>[] = [];
  for (let number = 0; number < perSecond * seconds; number += 1) {
    const at = startedAt + (number * 1_000) / perSecond;
    const waitMs = at - performance.now();
    if (waitMs > 0) await sleep(waitMs);
    open.push(send(url, body(number), at));
  }
  return Promise.all(open);
}

async function send(url: string, body: string, at: number): Promise<number> {
  const headers = { "content-type": "application/json" };
  const answer = await fetch(url, { method: "POST", headers, body });
  await answer.text();
  if (answer.status !== 202) throw new Error(`a notification was answered with ${answer.status}`);
  return performance.now() - at;
}
