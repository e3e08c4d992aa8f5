import { setTimeout as sleep } from "node:timers/promises";
import { numbered, type Load } from "./load.ts";

// Started by bombard.ts.
process.send?.(await sendAll(JSON.parse(process.argv[2] ?? "") as Load));

async function sendAll({ url, perSecond, seconds, first, body }: Load): Promise<readonly number[]> {
  const startedAt = performance.now();
  const open: Promise<number>[] = [];
  for (let sent = 0; sent < perSecond * seconds; sent += 1) {
    const at = startedAt + (sent * 1_000) / perSecond;
    const waitMs = at - performance.now();
    if (waitMs > 0) await sleep(waitMs);
    open.push(send(url, numbered(body, first + sent), at));
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
