import { desiredGrants } from "../../shared/policy/desired.ts";
import type { RoleName } from "../../shared/model/ids.ts";
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
  { policy, given }: { readonly policy: Policy; readonly given: readonly Given[] },
): readonly string[] {
  return rows.flatMap((row) =>
    row.cells.flatMap((cell) => {
      const stays = given.find((one) => one.person === row.person.id && one.target === cell.target);
      return compareCell(row, cell, { expected: expectedGroups(row, cell.target, policy), stays });
    }),
  );
}

function expectedGroups(row: MatrixRow, target: string, policy: Policy): readonly string[] {
  const config = placesOf(policy).find(({ name }) => name === target);
  if (config === undefined) return [];
  return desiredGrants(config, row.roles as readonly RoleName[]) // read through the same policy
    .flatMap((wish) => (wish.kind === "group" ? [wish.group] : []))
    .map((group) => (group.kind === "name" ? group.name : group.id))
    .toSorted();
}

function compareCell(
  row: MatrixRow,
  cell: Cell,
  { expected, stays }: { readonly expected: readonly string[]; readonly stays: Given | undefined },
): readonly string[] {
  const wanted = [...new Set([...expected, ...(stays?.groups ?? [])])].toSorted();
  const where = `${row.person.name} in ${cell.target}`;
  const problems: string[] = [];
  if (wanted.join() !== cell.groups.join()) {
    problems.push(`${where} is in [${cell.groups.join(", ")}], and should be in [${wanted.join(", ")}]`);
  }
  if (cell.account === "own") return problems;
  if (wanted.length > 0 && cell.account !== "enabled") {
    problems.push(`the account of ${where} is ${cell.account}, and should be enabled`);
  }
  if (wanted.length === 0 && (cell.account === "enabled" || cell.account === "blocked")) {
    problems.push(`the account of ${where} is still there (${cell.account})`);
  }
  return problems;
}
