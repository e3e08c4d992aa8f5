import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { hashOf } from "../../shared/reconcile/run/plan-hash.ts";

const plain = fc.jsonValue().map((value): unknown => value);

/** The same value with the keys of every object in the opposite order. */
function turned(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(turned);
  if (value === null || typeof value !== "object") return value;
  return Object.fromEntries(
    Object.entries(value)
      .toReversed()
      .map(([key, inner]) => [key, turned(inner)]),
  );
}

describe("the hash of a plan", () => {
  test("does not depend on the order of keys, at any depth", () => {
    expect(hashOf({ b: [{ d: 1, c: 2 }], a: null })).toBe(hashOf({ a: null, b: [{ c: 2, d: 1 }] }));
    fc.assert(
      fc.property(plain, (value) => {
        expect(hashOf(turned(value))).toBe(hashOf(value));
      }),
    );
  });

  test("survives being written down and read back", () => {
    fc.assert(
      fc.property(plain, (value) => {
        expect(hashOf(JSON.parse(JSON.stringify(value)))).toBe(hashOf(value));
      }),
    );
  });

  test("tells apart what differs in a value, a key, or the order of a list", () => {
    const values = [{ a: 1 }, { a: "1" }, { b: 1 }, { a: [1, 2] }, { a: [2, 1] }, { a: null }, {}, [], null];
    expect(new Set(values.map(hashOf)).size).toBe(values.length);
  });

  test("is short and can stand in a table key", () => {
    expect(hashOf({ a: 1 })).toMatch(/^[0-9a-f]{16}$/);
  });
});
