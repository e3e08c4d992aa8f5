import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import type { LedgerEntry, LedgerState } from "../../shared/model/ledger.ts";
import type { Seen } from "../../shared/model/sight.ts";
import { decideMembership } from "../../shared/planner/membership.ts";
import { goneMs, replicationWindowMs, visibleMs } from "../../shared/planner/replicas.ts";

const now = 1_000_000_000;
const states = ["adding", "added", "removing", "removed"] as const satisfies readonly LedgerState[];

/** What the table speaks of; `unknown` is told apart below. */
const sights = ["present", "absent", "coming", "going", "lapsed", "stuck"] as const satisfies readonly Seen[];
/** Nobody who is to lose something is shown these. */
const wantedOnly: readonly Seen[] = ["lapsed", "stuck"];

/** How old an entry is: the youngest and the oldest of each age. */
const ages = {
  fresh: [0, visibleMs - 1],
  lately: [visibleMs, replicationWindowMs - 1],
  old: [replicationWindowMs, 10 * replicationWindowMs],
} as const;
type Age = keyof typeof ages;

/** One combination the table has to answer. */
type Case = {
  readonly wanted: "yes" | "no";
  readonly seen: (typeof sights)[number];
  readonly state: LedgerState | "gone" | "-";
  readonly age: Age;
  /** When Muster did the opposite: within the replication window, within a day, or never. */
  readonly turned: "recently" | "that day" | "never";
};

/** What a row says of the ledger beyond the state; a row that says more goes before one that says less. */
const qualifiers: Readonly<Record<string, (one: Case) => boolean>> = {
  fresh: ({ age }) => age === "fresh",
  "not fresh": ({ age }) => age !== "fresh",
  recent: ({ age }) => age !== "old",
  old: ({ age }) => age === "old",
  "taken back that day": ({ turned }) => turned !== "never",
};

type Row = Pick<Case, "wanted" | "seen" | "state"> & {
  readonly qualifier: string | null;
  readonly act: string;
  readonly ledger: string;
};

/** The table stands where it is decided, in two parts. */
const rows = ["membership", "under-way"].flatMap((room) =>
  readTable(readFileSync(new URL(`../../shared/planner/${room}.ts`, import.meta.url), "utf8")).map(readRow),
);

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

function readRow([wanted, seen, ledger = "", act = "", after = ""]: readonly string[]): Row {
  const sight = sights.find((one) => one === seen);
  if ((wanted !== "yes" && wanted !== "no") || sight === undefined) {
    throw new Error(`no row of the table: ${wanted} | ${seen}`);
  }
  const [, name = "", words = ""] = /^(-|\w+),?\s*(.*)$/.exec(ledger) ?? [];
  const state = [...states, "gone" as const, "-" as const].find((one) => one === name);
  if (state === undefined || (words !== "" && qualifiers[words] === undefined))
    throw new Error(`no ledger state: ${ledger}`);
  return { wanted, seen: sight, state, qualifier: words === "" ? null : words, act, ledger: after };
}

const cases: readonly Case[] = (["yes", "no"] as const).flatMap((wanted) =>
  sights
    .filter((seen) => wanted === "yes" || !wantedOnly.includes(seen))
    .flatMap((seen) => entries().map((entry) => ({ wanted, seen, ...entry }))),
);

/** Every state at every age; who wrote an old entry did the opposite before that. */
function entries(): readonly Pick<Case, "state" | "age" | "turned">[] {
  const none = (["-", "gone"] as const).map((state) => ({ state, age: "old", turned: "never" }) as const);
  const some = states.flatMap((state) =>
    (["fresh", "lately", "old"] as const).flatMap((age) =>
      (["recently", "that day", "never"] as const).map((turned) => ({ state, age, turned })),
    ),
  );
  return [...none, ...some.filter(({ age, turned }) => age !== "old" || turned !== "recently")];
}

/** The rows that speak of a case, the most special ones alone. */
function rowsFor(one: Case): readonly Row[] {
  const fitting = rows.filter(
    ({ wanted, seen, state, qualifier }) =>
      wanted === one.wanted &&
      seen === one.seen &&
      state === one.state &&
      (qualifier === null || qualifiers[qualifier]?.(one)),
  );
  const special = fitting.filter(({ qualifier }) => qualifier !== null);
  return special.length > 0 ? special : fitting;
}

/** The case as Muster remembers it, at both ends of its age. */
function memoriesOf({ state, age, turned }: Pick<Case, "state" | "age" | "turned">) {
  if (state === "-") return [0, now - goneMs].map((goneAt) => ({ entry: undefined, goneAt }));
  if (state === "gone") return [now, now - goneMs + 1].map((goneAt) => ({ entry: undefined, goneAt }));
  const turnedMs = { recently: replicationWindowMs - 1, "that day": goneMs - 1, never: now };
  return ages[age].map((ms) => {
    const at = now - ms;
    const entry: LedgerEntry = { state, at, oppositeAt: Math.min(at, now - turnedMs[turned]) };
    return { entry, goneAt: 0 };
  });
}

const nameOf = ({ wanted, seen, state, age, turned }: Omit<Case, "seen"> & { readonly seen: string }) =>
  `wanted ${wanted}, ${seen}, ledger ${state}${state === "-" || state === "gone" ? "" : `, ${age}${turned === "never" ? "" : `, turned ${turned}`}`}`;

describe("the table of the membership planner", () => {
  test.each(cases.map((one) => [nameOf(one), one] as const))("says the truth about: %s", (_, one) => {
    const said = rowsFor(one);
    expect(said).toHaveLength(1);
    for (const memory of memoriesOf(one)) {
      const { act, ledger } = decideMembership({ wanted: one.wanted, seen: one.seen, ...memory, now });
      expect({ act, ledger }).toEqual({ act: said[0]?.act, ledger: said[0]?.ledger });
    }
  });

  test("has no row that speaks of nothing", () => {
    const spoken = new Set(cases.flatMap(rowsFor));
    expect(rows.filter((row) => !spoken.has(row))).toEqual([]);
  });
});

describe("a membership that a broken-off read left unknown", () => {
  const combinations = (["yes", "no"] as const).flatMap((wanted) =>
    entries().map((one) => ({ wanted, ...one })),
  );

  test.each(combinations.map((one) => [nameOf({ ...one, seen: "unknown" }), one] as const))(
    "never makes Muster forget, proves nothing, and otherwise counts as absent: %s",
    (_, one) => {
      for (const memory of memoriesOf(one)) {
        const unknown = decideMembership({ wanted: one.wanted, seen: "unknown", ...memory, now });
        const absent = decideMembership({ wanted: one.wanted, seen: "absent", ...memory, now });
        expect(unknown.ledger).toBe("same");
        const isOwnRemoval = one.wanted === "no" && one.state === "removed";
        expect(unknown.act).toBe(isOwnRemoval && one.age === "fresh" ? "wait" : absent.act);
        expect(unknown.unsureUntil).toBeNull();
      }
    },
  );

  test("is never taken away by somebody who does not own it", () => {
    expect(decideMembership({ wanted: "no", seen: "unknown", entry: undefined, goneAt: 0, now }).act).toBe(
      "nothing",
    );
  });
});

describe("what Muster wrote a moment ago", () => {
  test("beats a read that does not show it for as long as a write may be invisible, and is then written again", () => {
    const added = (age: number): LedgerEntry => ({ state: "added", at: now - age, oppositeAt: 0 });
    const actAt = (age: number) =>
      decideMembership({ wanted: "yes", seen: "absent", entry: added(age), goneAt: 0, now }).act;
    expect(actAt(0)).toBe("wait");
    expect(actAt(visibleMs - 1)).toBe("wait");
    expect(actAt(visibleMs)).toBe("add");
  });

  test("is fresh as well when another host's clock is ahead", () => {
    const entry: LedgerEntry = { state: "added", at: now + 5_000, oppositeAt: 0 };
    expect(decideMembership({ wanted: "yes", seen: "absent", entry, goneAt: 0, now }).act).toBe("wait");
  });
});

describe("a read that shows what Muster last wrote", () => {
  const shows = { adding: "present", added: "present", removing: "absent", removed: "absent" } as const;
  const unsure = (state: LedgerState, turnedMs: number, seen: "present" | "absent" = shows[state]) =>
    decideMembership({
      wanted: shows[state] === "present" ? "yes" : "no",
      seen,
      entry: { state, at: now, oppositeAt: now - turnedMs },
      goneAt: 0,
      now,
    }).unsureUntil;

  test.each(states)(
    "may show the past while the opposite is not long ago, and says until when: %s",
    (state) => {
      expect(unsure(state, 1_000)).toBe(now - 1_000 + replicationWindowMs);
      expect(unsure(state, replicationWindowMs - 1)).toBe(now + 1);
    },
  );

  test.each(states)("proves it when the past looked the same: %s", (state) => {
    expect(unsure(state, replicationWindowMs)).toBeNull();
    expect(unsure(state, now)).toBeNull();
  });

  test.each(states)("is not the case when it shows the opposite, and then nothing is unsure: %s", (state) => {
    const opposite = shows[state] === "present" ? "absent" : "present";
    expect(unsure(state, 1_000, opposite)).toBeNull();
  });

  test("leaves no doubt about what Muster never wrote", () => {
    for (const seen of ["present", "absent"] as const)
      expect(
        decideMembership({ wanted: "yes", seen, entry: undefined, goneAt: 0, now }).unsureUntil,
      ).toBeNull();
  });
});
