import { desiredGrants } from "../../shared/policy/desired.ts";
import type { RoleName } from "../../shared/model/ids.ts";
import type { NameOrId } from "../../shared/model/wish.ts";
import { placesOf } from "../../shared/policy/places.ts";
import type { Policy } from "../../shared/policy/policy.ts";
import type { Cell, MatrixRow } from "./people.ts";

/** What must be true besides the policy: access that was never Muster's to give or take. */
export type Given = { readonly person: string; readonly target: string; readonly groups: readonly string[] };

/**
 * Compares what Graph shows with what the policy says.
 * @returns one sentence for each difference; none when they are equal
 */
export function compareWithPolicy(
  rows: readonly MatrixRow[],
  { policy, given, gives }: Terms & { readonly given: readonly Given[] },
): readonly string[] {
  return rows.flatMap((row) =>
    row.cells.flatMap((cell) => {
      const stays = given.find((one) => one.person === row.person.id && one.target === cell.target);
      return compareCell(row, cell, { expected: expectedIn(row, cell.target, { policy, gives }), stays });
    }),
  );
}

type Terms = {
  readonly policy: Policy;
  /** The groups that access packages give, by the names of packages. */
  readonly gives: ReadonlyMap<string, string>;
};

type Expected = { readonly groups: readonly string[]; readonly eligible: readonly string[] };

function expectedIn(row: MatrixRow, target: string, { policy, gives }: Terms): Expected {
  const config = placesOf(policy).find(({ name }) => name === target);
  const wishes = config === undefined ? [] : desiredGrants(config, row.roles as readonly RoleName[]); // read through the same policy
  const named = (kind: "group" | "eligible") =>
    wishes.flatMap((wish) => (wish.kind === kind ? [nameOf(wish.group)] : []));
  const packed = wishes.flatMap((wish) =>
    wish.kind === "package" ? [gives.get(nameOf(wish.package)) ?? nameOf(wish.package)] : [],
  );
  return { groups: [...named("group"), ...packed].toSorted(), eligible: named("eligible").toSorted() };
}

const nameOf = (named: NameOrId<string>) => (named.kind === "name" ? named.name : named.id);

function compareCell(
  row: MatrixRow,
  cell: Cell,
  { expected, stays }: { readonly expected: Expected; readonly stays: Given | undefined },
): readonly string[] {
  const wanted = [...new Set([...expected.groups, ...(stays?.groups ?? [])])].toSorted();
  const where = `${row.person.name} in ${cell.target}`;
  const problems: string[] = [];
  if (wanted.join() !== cell.groups.join()) {
    problems.push(`${where} is in [${cell.groups.join(", ")}], and should be in [${wanted.join(", ")}]`);
  }
  if (expected.eligible.join() !== cell.eligible.join()) {
    const should = `should be for [${expected.eligible.join(", ")}]`;
    problems.push(`${where} is eligible for [${cell.eligible.join(", ")}], and ${should}`);
  }
  if (cell.account === "own") return problems;
  if (wanted.length > 0 && cell.account !== "enabled") {
    problems.push(`the account of ${where} is ${cell.account}, and should be enabled`);
  }
  // Where the target invites, it ends accounts itself: it blocks them first.
  const left: readonly Cell["account"][] = cell.invites ? ["enabled"] : ["enabled", "blocked"];
  if (wanted.length === 0 && left.includes(cell.account)) {
    problems.push(`the account of ${where} is still there (${cell.account})`);
  }
  return problems;
}
