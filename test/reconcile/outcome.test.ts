import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { endingOf, type Outcome } from "../../shared/reconcile/run/outcome.ts";

const done: Outcome = { kind: "done" };
const again = (at: number, why = "not visible yet"): Outcome => ({ kind: "again", at, why });
const wait = (at: number): Outcome => ({ kind: "wait", at, why: "throttled" });
const retry: Outcome = { kind: "retry", why: "Graph did not answer" };
const parked = (reason: string, cause: string | null = null): Outcome => ({
  kind: "parked",
  reason,
  advice: "consent",
  cause,
  finding: "refused-call",
});

describe("how handling a key ended", () => {
  test("with nothing to say is done", () => {
    expect(endingOf([])).toEqual({ kind: "done", held: "no", again: null, retry: null, parked: [] });
    expect(endingOf([done, done])).toEqual(endingOf([]));
  });

  test("is called by the worst: what a person must see, before a failure, before a wait, before done", () => {
    expect(endingOf([done, again(5), retry, parked("no consent")]).kind).toBe("parked");
    expect(endingOf([done, again(5), retry]).kind).toBe("retry");
    expect(endingOf([done, again(5), wait(7)]).kind).toBe("wait");
    expect(endingOf([done, again(5)]).kind).toBe("again");
  });

  test("loses none of the others to the worst: each of them counts", () => {
    expect(endingOf([done, again(5), retry, parked("no consent")])).toEqual({
      kind: "parked",
      held: "yes",
      again: { at: 5, why: "not visible yet" },
      retry: { why: "Graph did not answer" },
      parked: [parked("no consent")],
    });
  });

  test("comes back at the earliest time that was asked for, and says why", () => {
    const ending = endingOf([again(7, "later"), again(5, "first"), again(9, "last")]);
    expect(ending.again).toEqual({ at: 5, why: "first" });
    expect(endingOf([again(7), wait(6)]).again).toEqual({ at: 6, why: "throttled" });
  });

  test("tells whether something was in the way of trying everything", () => {
    expect([[], [again(5)], [parked("no consent")]].map((all) => endingOf(all).held)).toEqual([
      "no",
      "no",
      "no",
    ]);
    expect([[wait(5)], [retry], [retry, parked("no")]].map((all) => endingOf(all).held)).toEqual([
      "yes",
      "yes",
      "yes",
    ]);
  });

  test("names everything that needs a person, the same thing once", () => {
    const ending = endingOf([
      parked("no consent", "token"),
      parked("a dynamic group"),
      parked("no consent", "token"),
    ]);
    expect(ending.parked.map(({ reason }) => reason)).toEqual(["no consent", "a dynamic group"]);
    expect(ending.parked.map(({ cause }) => cause)).toEqual(["token", null]);
  });

  test("does not depend on their order", () => {
    const all = [done, again(7), again(5), wait(6), retry, parked("no consent")];
    fc.assert(
      fc.property(fc.shuffledSubarray(all), (some) => {
        expect(endingOf(some.toReversed())).toEqual(endingOf(some));
      }),
    );
  });
});
