import type { LabClock } from "../../clock.ts";
import type { FaultBook, FaultTarget } from "../faults/fault-registry.ts";
import { shuffled, type Random } from "../random.ts";
import type { Delivery } from "./delivery.ts";
import type { Notification } from "./notification.ts";

/** Gathers what happens within a moment into one POST per URL, and lets faults at it. */
export type Outbox = {
  send(letter: Letter): void;
  busy(): string[];
  close(): void;
};

type Letter = {
  readonly url: string;
  readonly notification: Notification;
  /** Whom faults look at: the change's tenant and the subscription's owner. */
  readonly target: FaultTarget;
};

const gatherMs = 50;
const withinReachMs = 5_000;

export function outbox(parts: {
  readonly clock: LabClock;
  readonly faults: FaultBook;
  readonly delivery: Delivery;
  readonly random: Random;
}): Outbox {
  const { clock, faults, delivery, random } = parts;
  const open = new Map<string, { letters: Letter[]; timer: NodeJS.Timeout }>();

  function gather(
    key: string,
    letter: Letter,
    flush: { afterMs: number; run: (letters: Letter[]) => void },
  ): void {
    const known = open.get(key);
    if (known !== undefined) return void known.letters.push(letter);
    const letters = [letter];
    // Real time: a moment is a moment, whatever the lab's clock says.
    const timer = setTimeout(() => {
      open.delete(key);
      flush.run(letters);
    }, flush.afterMs);
    open.set(key, { letters, timer });
  }

  function post(url: string, letters: readonly Letter[]): void {
    void delivery.deliver(
      url,
      letters.map(({ notification }) => notification),
    );
  }

  function dispatch(letter: Letter): void {
    const { url, target } = letter;
    const copies = faults.take("duplicateNotification", target)?.fault.n ?? 1;
    const reorder = faults.take("reorderNotifications", target);
    const apart = (letters: Letter[]) => {
      for (const single of shuffled(letters, random)) post(url, [single]);
    };
    for (let copy = 0; copy < copies; copy++) {
      if (reorder !== undefined) {
        gather(`shuffled ${url}`, letter, { afterMs: reorder.fault.windowMs, run: apart });
      } else {
        // Each copy travels in a POST of its own.
        gather(`${copy} ${url}`, letter, { afterMs: gatherMs, run: (letters) => post(url, letters) });
      }
    }
  }

  return {
    send(letter) {
      if (faults.take("lostNotification", letter.target) !== undefined) return delivery.lose(1);
      const delay = faults.take("delayNotification", letter.target);
      if (delay === undefined) return dispatch(letter);
      // A short delay is waited for; a long one is for whoever asked for it to let pass.
      const kind = delay.fault.ms <= withinReachMs ? "expect" : "at";
      const label = `graph: a notification for ${letter.url} is on its way`;
      clock[kind](clock.now() + delay.fault.ms, label, () => dispatch(letter));
    },
    busy: () =>
      [...open.keys()].map((key) => `graph is gathering notifications for ${key.split(" ").at(-1)}`),
    close() {
      for (const { timer } of open.values()) clearTimeout(timer);
      open.clear();
    },
  };
}
