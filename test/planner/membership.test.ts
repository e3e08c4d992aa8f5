import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import type { LedgerEntry, LedgerState } from "../../shared/model/ledger.ts";
import { decideMembership, replicationWindowMs } from "../../shared/planner/membership.ts";

const now = 1_000_000_000;
const states = ["adding", "added", "removing", "removed"] as const satisfies readonly LedgerState[];
const ages = ["fresh", "settled"] as const;
type Age = (typeof ages)[number];

/** One combination the table has to answer. */
type Case = {
  readonly wanted: "yes" | "no";
  readonly seen: "present" | "absent";
  readonly state: LedgerState | "-";
  readonly age: Age;
};

type Row = { readonly cases: readonly Case[]; readonly act: string; readonly ledger: string };

const rows = readTable(
  readFileSync(new URL("../../shared/planner/membership.ts", import.meta.url), "utf8"),
).map(readRow);

/** The cells of the table in the doc comment, without its header and its rule. */
function readTable(source: string): readonly (readonly string[])[] {
  const lines = source.split("\n").filter((line) => /^ \*.*\|.*\|.*\|/.test(line));
  const cells = lines.map((line) =>
    line
      .slice(2)
      .split("|")
      .map((cell) => cell.trim()),
  );
  expect(cells[0]).toEqual(["wanted", "seen", "ledger", "act", "ledger afterwards"]);
  expect(cells[1]?.every((cell) => /^-+$/.test(cell))).toBe(true);
  return cells.slice(2);
}

function readRow([wanted, seen, ledger, act, after]: readonly string[]): Row {
  if ((wanted !== "yes" && wanted !== "no") || (seen !== "present" && seen !== "absent")) {
    throw new Error(`no row of the table: ${wanted} | ${seen}`);
  }
  const [state, age] = (ledger ?? "").split(", ");
  const known = [...states, "-" as const].find((one) => one === state);
  if (known === undefined) throw new Error(`no ledger state: ${state}`);
  const covered = ages.filter((one) => age === undefined || one === age);
  return {
    cases: covered.map((one) => ({ wanted, seen, state: known, age: one })),
    act: act ?? "",
    ledger: after ?? "",
  };
}

function entryOf({ state, age }: Pick<Case, "state" | "age">): LedgerEntry | undefined {
  if (state === "-") return undefined;
  const at = now - (age === "fresh" ? replicationWindowMs - 1 : replicationWindowMs);
  return { state, at, since: at };
}

const nameOf = ({ wanted, seen, state, age }: Case) =>
  `wanted ${wanted}, ${seen}, ledger ${state}${state === "-" ? "" : `, ${age}`}`;
const casesOf = (row: Row) => row.cases.filter(({ state, age }) => state !== "-" || age === "fresh");

describe("the table of the membership planner", () => {
  test.each(rows.flatMap((row) => casesOf(row).map((one) => [nameOf(one), one, row] as const)))(
    "says the truth about: %s",
    (_, one, row) => {
      const decision = decideMembership({ wanted: one.wanted, seen: one.seen, entry: entryOf(one), now });
      expect(decision).toEqual({ act: row.act, ledger: row.ledger });
    },
  );

  test("answers every combination exactly once", () => {
    const everything = (["yes", "no"] as const).flatMap((wanted) =>
      (["present", "absent"] as const).flatMap((seen) =>
        ([...states, "-"] as const).flatMap((state) =>
          ages.map((age) => nameOf({ wanted, seen, state, age })),
        ),
      ),
    );
    expect(rows.flatMap((row) => casesOf(row).map(nameOf)).toSorted()).toEqual(
      [...new Set(everything)].toSorted(),
    );
  });
});

describe("a membership that a broken-off read left unknown", () => {
  const combinations = (["yes", "no"] as const).flatMap((wanted) =>
    ([...states, "-"] as const).flatMap((state) => ages.map((age) => ({ wanted, state, age }))),
  );

  test.each(combinations.map((one) => [nameOf({ ...one, seen: "absent" }), one] as const))(
    "never makes Muster forget, and otherwise counts as absent: %s",
    (_, { wanted, state, age }) => {
      const entry = entryOf({ state, age });
      const unknown = decideMembership({ wanted, seen: "unknown", entry, now });
      const absent = decideMembership({ wanted, seen: "absent", entry, now });
      expect(unknown.ledger).toBe("same");
      const kept = { act: age === "fresh" ? "wait" : "nothing", ledger: "same" };
      expect(unknown).toEqual(absent.ledger === "drop" ? kept : absent);
    },
  );

  test("is never taken away by somebody who does not own it", () => {
    expect(decideMembership({ wanted: "no", seen: "unknown", entry: undefined, now }).act).toBe("nothing");
  });
});

describe("what Muster wrote a moment ago", () => {
  test("is fresh for exactly the replication window", () => {
    const added = (age: number): LedgerEntry => ({ state: "added", at: now - age, since: now - age });
    const actAt = (age: number) =>
      decideMembership({ wanted: "yes", seen: "absent", entry: added(age), now }).act;
    expect(actAt(0)).toBe("wait");
    expect(actAt(replicationWindowMs - 1)).toBe("wait");
    expect(actAt(replicationWindowMs)).toBe("add");
  });

  test("is fresh as well when another host's clock is ahead", () => {
    const entry: LedgerEntry = { state: "added", at: now + 5_000, since: now };
    expect(decideMembership({ wanted: "yes", seen: "absent", entry, now }).act).toBe("wait");
  });
});
