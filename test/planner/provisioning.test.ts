import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { nextAskAt } from "../../shared/planner/provisioning.ts";
import { minuteMs, now } from "../support/fixtures.ts";

/** How many seconds after the analyst came into scope each try is made. */
const seconds = (tries: number) => (nextAskAt(now, tries) - now) / 1_000;

describe("asking sync for an account", () => {
  test("is tried at once, and then spread over the minutes that an assignment takes to be seen", () => {
    expect(Array.from({ length: 11 }, (_, tries) => seconds(tries))).toEqual([
      0, 45, 75, 105, 135, 165, 195, 240, 300, 420, 600,
    ]);
  });

  test("is tried once in each sync cycle after that", () => {
    expect([11, 12, 13].map((tries) => (seconds(tries) - 600) / 60)).toEqual([40, 80, 120]);
  });

  test("is later with every try, and takes no more than a dozen of them in the first half hour", () => {
    fc.assert(
      fc.property(fc.nat({ max: 100 }), (tries) => {
        expect(nextAskAt(now, tries + 1)).toBeGreaterThan(nextAskAt(now, tries));
      }),
    );
    expect(nextAskAt(now, 12)).toBeGreaterThan(now + 30 * minuteMs);
  });
});
