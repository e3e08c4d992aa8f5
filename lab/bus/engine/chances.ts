import { drawsFrom } from "../../graph/draws.ts";
import { weatherOf, type Weather } from "../../weather.ts";

/** The rows of lab/weather.ts that concern the bus. */
export type BusWeather = Pick<
  Weather,
  "deliveryMs" | "lostLocks" | "droppedLinks" | "doubledMessages" | "unorderedSessions"
>;

type Names = readonly (string | number)[];

/** What chance decides on the bus; `names` say what it is about. */
export type Chances = {
  strikes(row: Exclude<keyof BusWeather, "deliveryMs">, ...names: Names): boolean;
  /** How long this delivery takes, whole milliseconds. */
  deliveryMs(...names: Names): number;
  /** Who draws the least goes first where nobody's turn is kept. */
  lot(...names: Names): number;
};

export function chancesOf(weather: BusWeather, seed: string | number): Chances {
  const draws = drawsFrom(seed);
  return {
    strikes: (row, ...names) => draws.happens(weather[row], "bus", row, ...names),
    deliveryMs: (...names) => draws.ms(weather.deliveryMs, "bus", "delivery", ...names),
    // A bus that keeps turns draws no lots, and remembers nothing of them.
    lot: (...names) => (weather.unorderedSessions > 0 ? draws.oneOf(2 ** 32, "bus", "lot", ...names) : 0),
  };
}

/** A bus on which nothing goes wrong by itself. */
export const calmChances: Chances = chancesOf(weatherOf("calm"), 0);
