import { randomFrom } from "../../graph/random.ts";
import { weatherOf, type Weather } from "../../weather.ts";

/** The rows of lab/weather.ts that concern the bus. */
export type BusWeather = Pick<
  Weather,
  "deliveryMs" | "lostLocks" | "droppedLinks" | "doubledMessages" | "unorderedSessions"
>;

type Share = Exclude<keyof BusWeather, "deliveryMs">;

/**
 * What chance decides on the bus. Each draw is named for what it is about and for how often that was asked before, so that
 * it comes out the same whatever happens elsewhere at the same time.
 */
export type Chances = {
  /** Whether it happens this time to what `names` say. */
  strikes(row: Share, ...names: readonly (string | number)[]): boolean;
  /** How long this delivery takes, whole milliseconds. */
  deliveryMs(...names: readonly (string | number)[]): number;
  /** In [0, 1): who draws the least goes first where nobody's turn is kept. */
  lot(...names: readonly (string | number)[]): number;
};

export function chancesOf(weather: BusWeather, seed: string | number): Chances {
  const asked = new Map<string, number>();
  function draw(...names: readonly (string | number)[]): number {
    const key = names.join("\0");
    const times = (asked.get(key) ?? 0) + 1;
    asked.set(key, times);
    return randomFrom(seed, "bus", ...names, times)();
  }
  return {
    // What never happens is not asked for either: a calm bus remembers nothing.
    strikes: (row, ...names) => weather[row] > 0 && draw(row, ...names) < weather[row],
    deliveryMs(...names) {
      const [fromMs, toMs] = weather.deliveryMs;
      return toMs === 0 ? 0 : Math.round(fromMs + draw("delivery", ...names) * (toMs - fromMs));
    },
    lot: (...names) => (weather.unorderedSessions > 0 ? draw("lot", ...names) : 0),
  };
}

/** A bus on which nothing goes wrong by itself. */
export const calmChances: Chances = chancesOf(weatherOf("calm"), 0);
