import { setTimeout as sleep } from "node:timers/promises";

/** Something of the lab that can say what it is still doing; nothing when it is at rest. */
export type Busy = () => readonly string[];

/** Rest has to be seen this often in a row: work passes from one part to the next between two looks. */
const looks = 3;
const lookEveryMs = 15;

/** Waits until nothing is being done. @returns [] at rest, or what was still going on when the time was up. */
export async function untilRest(busy: Busy, timeoutMs: number): Promise<readonly string[]> {
  const until = performance.now() + timeoutMs;
  let calm = 0;
  for (;;) {
    const doing = busy();
    calm = doing.length === 0 ? calm + 1 : 0;
    if (calm >= looks) return [];
    if (performance.now() > until) return doing;
    await sleep(lookEveryMs);
  }
}
