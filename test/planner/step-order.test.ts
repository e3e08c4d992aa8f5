import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Step, StepKind } from "../../shared/model/plan.ts";
import { sortSteps, stageOf, stagesOf } from "../../shared/planner/step-order.ts";
import { anasAccount, oneOfEach, responders } from "../support/fixtures.ts";

const orders = ["add-first", "remove-first"] as const;

const rules: readonly (readonly [first: StepKind, second: StepKind, why: string])[] = [
  ["revoke-sessions", "stamp", "whoever leaves is signed out first"],
  ["stamp", "join-scope", "sync carries the stamps of whom it finds in scope"],
  ["join-scope", "provision", "only who is in scope can be provisioned"],
  ["join-scope", "restore-account", "an account out of scope would be deleted again"],
  ["provision", "grant", "a grant needs an account"],
  ["restore-account", "unblock-account", "a deleted account cannot be unblocked"],
  ["unblock-account", "grant", "an account is as it should be before it gets anything"],
  ["revoke", "leave-scope", "target grants go before scope"],
  ["leave-scope", "block-account", "sync undoes a block while the analyst is in scope"],
  ["leave-scope", "delete-account", "sync would make the account anew"],
  ["block-account", "delete-account", "a deleted account cannot be blocked"],
];

describe.each(orders)("with %s", (order) => {
  test.each(rules)("%s comes before %s: %s", (first, second) => {
    expect(stageOf(oneOfEach[first], order)).toBeLessThan(stageOf(oneOfEach[second], order));
  });
});

test("a mover's grant comes before the revoke with add-first, and after it with remove-first", () => {
  const kinds = (order: (typeof orders)[number]) =>
    sortSteps([oneOfEach.revoke, oneOfEach.grant], order).map(({ kind }) => kind);
  expect(kinds("add-first")).toEqual(["grant", "revoke"]);
  expect(kinds("remove-first")).toEqual(["revoke", "grant"]);
});

describe("sorting", () => {
  const all: readonly Step[] = [
    ...Object.values(oneOfEach),
    { kind: "grant", account: anasAccount, ...responders },
    { kind: "revoke", account: anasAccount, ...responders },
  ];

  test("gives the same plan whatever order the steps come in, and loses none", () => {
    const shuffled = fc.shuffledSubarray([...all], { minLength: all.length });
    fc.assert(
      fc.property(shuffled, fc.constantFrom(...orders), (some, order) => {
        // Provisioning and restoring never meet in one plan, so they have no order between them.
        const without = (list: readonly Step[]) => list.filter(({ kind }) => kind !== "restore-account");
        expect(sortSteps(without(some), order)).toEqual(sortSteps(without(all), order));
        expect(sortSteps(some, order)).toHaveLength(all.length);
      }),
    );
  });

  test("leaves its input as it was", () => {
    const input = [oneOfEach["delete-account"], oneOfEach.stamp];
    sortSteps(input, "add-first");
    expect(input.map(({ kind }) => kind)).toEqual(["delete-account", "stamp"]);
  });
});

test("stages hold together what may be done together, and run in order", () => {
  const some = [
    oneOfEach["delete-account"],
    oneOfEach.revoke,
    { ...oneOfEach.revoke, ...responders },
    oneOfEach.grant,
  ];
  expect(stagesOf(some, "add-first").map((stage) => stage.map(({ kind }) => kind))).toEqual([
    ["grant"],
    ["revoke", "revoke"],
    ["delete-account"],
  ]);
  expect(stagesOf([], "add-first")).toEqual([]);
});
