import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { endingOf, gistOf, type Outcome } from "../../shared/reconcile/run/outcome.ts";
import { graphFailure } from "../support/graph-failure.ts";

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

describe("what people were told", () => {
  const gist = (reason: string) => gistOf({ reason });

  test("is the same, whichever call of Graph it happened to", () => {
    const refused = (id: string) => graphFailure(403, { requestId: id }).message;
    expect(refused("a-1")).not.toBe(refused("b-2"));
    expect(gist(refused("a-1"))).toBe(gist(refused("b-2")));
  });

  /** World 2076: the first was denied, a second one was made, and people knew of the first alone. */
  test("of one request for a package is nothing of the next one, which has to be looked up by its own id", () => {
    const waits = (id: string) => `Ana is not rid of SOC Operator yet: request ${id} waits for approval`;
    expect(gist(waits("a-1"))).not.toBe(gist(waits("b-2")));
  });
});
