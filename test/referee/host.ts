import type { Chance } from "./chance.ts";
import type { Travel } from "./tables.ts";
import type { Time } from "./time.ts";

export type HostTrouble = {
  /** Share of the steps at which a host dies. */
  readonly crashes: number;
  /** Share of the calls that are slow on their way, and how slow they get. */
  readonly slow: number;
  readonly longestSlowMs: number;
};

/** One life of a host process. When it ends, nothing of it goes on: whatever it waits for never comes. */
export type Life = {
  readonly name: string;
  /** The host's own clock. */
  readonly now: () => number;
  readonly travel: Travel;
  readonly isOver: () => boolean;
  readonly end: () => void;
};

export type LifeOptions = {
  readonly name: string;
  /** How wrong this host's clock is. */
  readonly skewMs: number;
  readonly time: Time;
  readonly chance: Chance;
  readonly trouble: () => HostTrouble;
  readonly onEnd: () => void;
};

/** Each waits for a promise of its own: one for all would keep everybody who ever waited. */
const never = () => new Promise<never>(() => undefined);

export function lifeOf({ name, skewMs, time, chance, trouble, onEnd }: LifeOptions): Life {
  const dies = `${name}: dies`;
  let over = false;
  const end = () => {
    if (over) return;
    over = true;
    onEnd();
  };
  const risk = async () => {
    if (!over && chance.happens(dies, trouble().crashes)) end();
    if (over) await never();
  };
  const dawdle = async (what: string) => {
    const { slow, longestSlowMs } = trouble();
    if (slow > 0 && chance.happens(`slow: ${what}`, slow))
      await time.sleep(chance.between(`slow for: ${what}`, 1_000, longestSlowMs));
  };
  return {
    name,
    now: () => time.now() + skewMs,
    travel: {
      async there(what) {
        await risk();
        await dawdle(what);
        await time.turn(`${name} ${what}`);
      },
      async back(what) {
        await dawdle(what);
        await risk();
      },
    },
    isOver: () => over,
    end,
  };
}
