import { sessionOf } from "../../queue/keys.ts";
import type { KeyClock, KeyState } from "../../state/key-state.ts";
import type { HandlePorts, Settling, Work } from "./handling.ts";
import type { Ending } from "./outcome.ts";
import { share } from "./shared-trouble.ts";
import { tell } from "./tell.ts";

/** What the ending does to the key; then a reminder for whatever is due first. */
export async function settle<T>(message: Work, state: KeyState<T>, settling: Settling<T>): Promise<KeyClock> {
  const { ports } = settling;
  const settled = await take(message, state, settling);
  const look = ports.lookFor({ ...state, clock: settled }, ports.now(), "wake");
  if (look.kind === "no") return settled;
  return wake(message, { clock: settled, at: look.kind === "at" ? look.at : ports.now(), ports });
}

async function take<T>(
  message: Work,
  { clock, value }: KeyState<T>,
  settling: Settling<T>,
): Promise<KeyClock> {
  const { ending, ports } = settling;
  const { again, retry, parked } = ending;
  const now = ports.now();
  const fields = { key: sessionOf(message.key), cause: message.cause };
  if (again !== null) {
    ports.log("info", "Will look again.", {
      ...fields,
      at: new Date(again.at).toISOString(),
      why: again.why,
    });
  }
  if (retry !== null) {
    ports.log("warn", "A run failed and is retried.", {
      ...fields,
      attempts: clock.attempts + 1,
      why: retry.why,
    });
  }
  const own = parked.filter(({ cause }) => cause === null);
  const common = await share(message, clock, settling);
  const failed = retry !== null || own.length > 0;
  const attempts = failed ? clock.attempts + 1 : again !== null ? clock.attempts : 0;
  const failures = failuresAfter(clock, ending);
  const told = await tell(message, { clock: { ...clock, failures }, value }, settling);
  const due = [
    ...(again === null ? [] : [again.at]),
    ...(retry === null ? [] : [now + backoffMs(clock.attempts)]),
    ...(own.length === 0 ? [] : [now + parkedRetryMs(clock.attempts, ports.isLeaving(value))]),
    ...common.tryAt,
  ];
  return {
    ...clock,
    attempts,
    failures,
    failedAt: failed || isBroken(settling) ? clock.lookedAt : clock.failedAt,
    told,
    waitsFor: common.waitsFor,
    probes: common.probes,
    dueAt: due.length === 0 ? 0 : Math.min(...due),
  };
}

export const failuresAfter = ({ failures }: KeyClock, { retry }: Ending) =>
  retry !== null ? failures + 1 : 0;

/** When the key comes back by itself; what waits for a person is no time to wait for. */
export const nextAtAfter = ({ attempts }: KeyClock, { again, retry }: Ending, now: number) =>
  Math.min(again?.at ?? Infinity, retry === null ? Infinity : now + backoffMs(attempts));

/** It did not come to where it could have failed as the one before: whatever that met may be there still. */
const isBroken = <T>({ ending, cut }: Settling<T>) =>
  cut === "yes" || ending.held === "yes" || ending.parked.some(({ stops }) => stops === "yes");

/**
 * Sees to it that the key comes back at `at`. A reminder that is under way and early enough is not doubled, also when it
 * is due and waits its turn in the session. It is sent before it is written down.
 */
export async function wake<T>(
  message: Work,
  { clock, at, ports }: { readonly clock: KeyClock; readonly at: number; readonly ports: HandlePorts<T> },
): Promise<KeyClock> {
  const underWay = clock.wakeAt > ports.now() - lostAfterMs;
  if (underWay && clock.wakeAt <= at) return clock;
  const time = Math.ceil(at);
  await ports.schedule({ ...message, occasion: "wake", heardAt: time }, time);
  return { ...clock, wakeAt: time };
}

/** A reminder that has not come this long after its time does not come any more. */
const lostAfterMs = 60_000;

/** 1 s, 2 s, 4 s … five minutes. */
const backoffMs = (attempts: number) => Math.min(1_000 * 2 ** attempts, 5 * 60_000);

/** Somebody may have fixed it without telling anyone: 5 minutes, 10, 20 … an hour; for who has left, 10 minutes. */
const parkedRetryMs = (attempts: number, isLeaving: boolean) =>
  Math.min(5 * 60_000 * 2 ** Math.min(attempts, 8), (isLeaving ? 10 : 60) * 60_000);
