import { describe, expect, test } from "vitest";
import { everybody, type PersonName } from "./cast.ts";
import { fateOf, type Crowd, type Glance } from "./fate.ts";

const minutes = 60_000;
const now = 200 * minutes;

const lost = (at: number, ...people: readonly PersonName[]) => glances(at, people, "no", "no");
const held = (at: number, ...people: readonly PersonName[]) => glances(at, people, "yes", "no");
const named = (at: number, ...people: readonly PersonName[]) => glances(at, people, "yes", "yes");

function glances(
  at: number,
  people: readonly PersonName[],
  holds: Glance["holds"],
  isNamed: Glance["named"],
): readonly Glance[] {
  return people.map((person) => ({ person, at, holds, named: isNamed }));
}

const crowd = (...later: readonly (readonly Glance[])[]): Crowd => ({
  glances: [...held(0, ...everybody), ...later.flat()],
  roleGoneAt: null,
  now,
});

/** The oracle's own rule of what a crowd of eight may lose at once. */
describe("of eight, two may lose the role at once", () => {
  test("who is dropped alone, or with one other, goes", () => {
    expect(fateOf("ana", crowd(lost(50 * minutes, "ana")))).toBe("goes");
    expect(fateOf("ana", crowd(lost(50 * minutes, "ana", "ben")))).toBe("goes");
  });

  test("of three who are dropped at one instant each stays", () => {
    const three = crowd(lost(50 * minutes, "ana", "ben", "cleo"));
    expect(["ana", "ben", "cleo", "dora"].map((name) => fateOf(name as PersonName, three))).toEqual(
      Array.from({ length: 4 }, () => "stays"),
    );
  });

  test("whoever is named goes, also out of a crowd that stays", () => {
    const three = lost(50 * minutes, "ana", "ben", "cleo", "dora");
    const one = glances(80 * minutes, ["ana"], "no", "yes");
    expect(fateOf("ana", crowd(three, one))).toBe("goes");
    expect(fateOf("ben", crowd(three, one))).toBe("stays");
    expect(fateOf("hal", crowd(named(50 * minutes, "hal")))).toBe("goes");
  });

  test("of three who fall one after another, either is right", () => {
    const script = crowd(
      lost(50 * minutes, "ana"),
      lost(50 * minutes + 1_000, "ben"),
      lost(50 * minutes + 2_000, "cleo"),
    );
    expect(fateOf("cleo", script)).toBe("open");
  });

  test("a refusal ends when enough hold the role again", () => {
    const fell = lost(50 * minutes, "ana", "ben", "cleo");
    expect(fateOf("ana", crowd(fell, held(100 * minutes, "cleo")))).toBe("goes");
    expect(fateOf("cleo", crowd(fell, held(100 * minutes, "cleo")))).toBe("stays");
  });

  test("who falls much later, when those before have gone, goes by themselves", () => {
    const before = lost(50 * minutes, "ana", "ben");
    expect(fateOf("cleo", crowd(before, lost(120 * minutes, "cleo")))).toBe("goes");
  });

  test("a role that the policy loses is kept by all who held it then", () => {
    const edited = { ...crowd(named(90 * minutes, "hal")), roleGoneAt: 80 * minutes };
    expect(fateOf("ana", edited)).toBe("stays");
    expect(fateOf("hal", edited)).toBe("goes");
  });
});
