import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { worst, type Outcome } from "../../shared/reconcile/outcome.ts";

const done: Outcome = { kind: "done" };
const again = (at: number): Outcome => ({ kind: "again", at, why: "not visible yet" });
const retry: Outcome = { kind: "retry", why: "Graph did not answer" };
const parked: Outcome = { kind: "parked", reason: "no consent", advice: "consent" };

describe("the worst of several outcomes", () => {
  test("of nothing is done", () => {
    expect(worst([])).toEqual(done);
  });

  test("is what a person must see, before a failure, before a wait, before done", () => {
    expect(worst([done, again(5), retry, parked])).toEqual(parked);
    expect(worst([done, again(5), retry])).toEqual(retry);
    expect(worst([done, again(5)])).toEqual(again(5));
    expect(worst([done, done])).toEqual(done);
  });

  test("of two waits is the earlier one", () => {
    expect(worst([again(7), again(5), again(9)])).toEqual(again(5));
  });

  test("does not depend on their order", () => {
    const all = [done, again(7), again(5), retry, parked];
    fc.assert(
      fc.property(fc.subarray(all), (some) => {
        expect(worst(some.toReversed())).toEqual(worst(some));
      }),
    );
  });
});
