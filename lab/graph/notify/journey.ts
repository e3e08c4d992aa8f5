import type { Weather } from "../../weather.ts";
import type { Draws } from "../draws.ts";

/**
 * What becomes of one notification: for each copy that arrives, how much later than the change; none when it is lost. Each
 * copy is on its way for a time of its own, so order is not kept.
 */
export function journey(
  { draws, weather }: { readonly draws: Draws; readonly weather: Weather },
  ...names: readonly string[]
): readonly number[] {
  if (draws.happens(weather.lostNotifications, "lost notification", ...names)) return [];
  const copies = draws.happens(weather.doubledNotifications, "doubled notification", ...names) ? 2 : 1;
  return Array.from({ length: copies }, () => draws.ms(weather.notificationMs, "notification", ...names));
}
