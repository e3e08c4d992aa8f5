import { setImmediate as turn, setTimeout as sleep } from "node:timers/promises";

/** A timer of no more than this is work that is about to go on, such as calls that are gathered to travel together. */
const shortMs = 20;
/** Such a window is small beside a round trip to Azure; beside the lab's it is this. */
const shortenedMs = 1;
/**
 * After so many looks the process is taken as it is. Looks are counted and not their time: a process that gets no processor
 * for a while has done nothing meanwhile.
 */
const looks = 50;
const lookEveryMs = 1;

let shortTimersEndAt = 0;

/** Scales short timers of this process to the lab's round trips, and notes until when they run. */
export function shortenShortTimers(): void {
  const real = globalThis.setTimeout;
  const shortened = (run: (...args: unknown[]) => void, ms = 0, ...args: unknown[]) => {
    if (ms > shortMs) return real(run, ms, ...args);
    shortTimersEndAt = performance.now() + shortenedMs;
    return real(run, shortenedMs, ...args);
  };
  globalThis.setTimeout = Object.assign(shortened, real);
}

/**
 * Resolves when this process has read what had come and done what it could: its event loop has turned, and no file, name,
 * connection or short timer is on the way. What it still has to do, somebody else has to answer first.
 */
export async function breathe(): Promise<void> {
  await turn();
  await turn();
  for (let look = 0; look < looks && isAtWork(); look += 1) {
    await sleep(lookEveryMs);
    await turn();
  }
}

/** What Node has under way by itself, by its names: FSReqPromise, GetAddrInfoReqWrap, TCPConnectWrap, WriteWrap. */
const ownRequest = /Req|ConnectWrap|WriteWrap/;

function isAtWork(): boolean {
  return (
    performance.now() < shortTimersEndAt ||
    process.getActiveResourcesInfo().some((name) => ownRequest.test(name))
  );
}
