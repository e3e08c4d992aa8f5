import { expect, test } from "vitest";
import { eveningAt, halfDayFrom } from "./calendar.ts";
import { playWeeks } from "./play-weeks.ts";

/** `npm run soak -- weeks` plays whole ones. */
test("half a day of an organisation ends as it should, with nothing left to do for its second night", async () => {
  const [report] = await playWeeks({
    seed: 1,
    weeks: 1,
    startsAt: eveningAt,
    calendarFrom: halfDayFrom,
    weather: "calm",
  });
  expect(report?.problems).toEqual([]);
  expect(report?.deeds).toBeGreaterThan(20);
  expect(report?.troubles).toBeGreaterThan(7);
}, 400_000);
