import { describe, expect, test } from "vitest";
import { judgeMemory, type Weighed } from "./judge-memory.ts";

const weeks = (...mib: readonly number[]): readonly Weighed[] =>
  mib.map((each, index) => ({ week: index + 1, host: "host-1", pid: 1, bytes: each * 2 ** 20 }));

describe("a host", () => {
  test("that fills its caches in its first weeks, and breathes afterwards, is as it should be", () => {
    expect(judgeMemory(weeks(30, 37, 39, 36, 40, 38.5, 40.9, 37))).toEqual([]);
  });

  test.each([
    ["a megabyte each week", weeks(30, 37, 38, 39, 40, 41, 42)],
    ["half of one", weeks(30, 37, 37.5, 38, 38.5, 39, 39.5, 40, 40.5, 41, 41.5)],
  ])("that holds %s more is found", (_how, weighed) => {
    expect(judgeMemory(weighed)).toEqual([expect.stringContaining("host-1 holds")]);
  });

  test("that has died begins anew", () => {
    const [first, second, ...later] = weeks(30, 37, 44, 45);
    expect(
      judgeMemory(
        [first, second, ...later.map((one) => ({ ...one, pid: 2 }))].filter((one) => one !== undefined),
      ),
    ).toEqual([]);
  });
});
