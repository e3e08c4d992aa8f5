import { describe, expect, test } from "vitest";
import { lossChecks, objectionsTo, type Loss } from "../../shared/planner/loss-checks.ts";
import { asReader, asResponder } from "../support/fixtures.ts";

const lossOf = (changes: Partial<Loss> = {}): Loss => ({
  evidence: { kind: "sound" },
  roles: [{ ...asResponder, known: 10, missing: 2, refusedFirst: 0, lostBy: "person", listing: "complete" }],
  budget: { perRun: 5, share: 0.2 },
  ...changes,
});
const responders = (missing: number, known: number) =>
  lossOf({
    roles: [{ ...asResponder, known, missing, refusedFirst: 0, lostBy: "person", listing: "complete" }],
  });

describe("checks on a loss", () => {
  test("are known by name", () => {
    expect(lossChecks.map(({ name }) => name)).toEqual(["completeness", "replacement", "budget"]);
  });

  test("object to nothing when the evidence is sound and few are missing", () => {
    expect(objectionsTo(lossOf(), {})).toEqual([]);
  });

  test("keep the roles whose group could not be read to the end, and name them", () => {
    const roles = [
      { ...asReader, known: 10, missing: 10, refusedFirst: 0, lostBy: "person", listing: "partial" },
      { ...asResponder, known: 10, missing: 0, refusedFirst: 0, lostBy: "person", listing: "complete" },
    ] as const;
    const objections = objectionsTo(lossOf({ roles }), {});
    expect(objections.map(({ check, keeps }) => [check, keeps])).toEqual([["completeness", [asReader.by]]]);
    expect(objections[0]?.reason).toContain("the holders of reader could not be read to the end");
  });

  test("keep every role when the read of the memberships itself is in doubt", () => {
    const roles = [
      { ...asReader, known: 10, missing: 0, refusedFirst: 0, lostBy: "person", listing: "complete" },
      { ...asResponder, known: 10, missing: 0, refusedFirst: 0, lostBy: "person", listing: "complete" },
    ] as const;
    const [objection] = objectionsTo(lossOf({ roles, evidence: { kind: "doubtful", why: "page 2" } }), {});
    expect(objection?.keeps).toEqual([asReader.by, asResponder.by]);
  });

  test("say the same of everybody who lost a role in the same way, however many are gone by then", () => {
    const causesOf = (missing: number) =>
      objectionsTo(responders(missing, 100), {}).map(({ cause }) => cause);
    expect(causesOf(50)).toEqual([`loss of ${asResponder.by} by person since 0`]);
    expect(causesOf(60)).toEqual(causesOf(50));
  });

  test("say something else of a role that was lost on another occasion", () => {
    const at = (refusedFirst: number): Loss => {
      const loss = responders(50, 100);
      return { ...loss, roles: loss.roles.map((role) => ({ ...role, refusedFirst })) };
    };
    const [first, second] = [0, 60 * 60_000].map((since) => objectionsTo(at(since), {})[0]?.cause);
    expect(second).not.toBe(first);
  });

  test.each([
    ["kept, however few are left, when it was refused among many", responders(1, 1), 20, "kept"],
    ["kept while too few of those hold the role again", responders(2, 17), 20, "kept"],
    ["gone when enough of them do", responders(2, 18), 20, "gone"],
    ["gone under another budget", { ...responders(1, 17), budget: { perRun: 5, share: 0.5 } }, 20, "gone"],
    ["kept when many more are missing now", responders(21, 40), 20, "kept"],
  ] as const)("a role is %s", (_, loss, refusedAmong, fate) => {
    const objections = objectionsTo(loss, { [asResponder.by]: { since: 0, among: refusedAmong } });
    expect(objections.map(({ keeps }) => keeps)).toEqual(fate === "kept" ? [[asResponder.by]] : []);
  });
});
