import type { HeldRole } from "../model/analyst.ts";
import type { RoleName } from "../model/ids.ts";

/** Each once: a role may be held in two ways. */
export const namesOf = (roles: readonly HeldRole[]): readonly RoleName[] => [
  ...new Set(roles.map(({ role }) => role)),
];

/** The names under which the policy says what these roles give; for former ones it says nothing. */
export const presentNamesOf = (roles: readonly HeldRole[]): readonly RoleName[] =>
  namesOf(roles.filter(({ former }) => former === undefined));

export function sorted(roles: Iterable<HeldRole>): readonly HeldRole[] {
  return [...roles].toSorted((a, b) => (a.role === b.role ? compare(a.by, b.by) : compare(a.role, b.role)));
}

export const compare = (a: string, b: string) => (a < b ? -1 : Number(a > b));

export const united = (...lists: readonly (readonly HeldRole[])[]) =>
  new Map(lists.flat().map((role) => [role.by, role])).values();

export const among = (roles: readonly HeldRole[], ways: ReadonlySet<string>) =>
  roles.filter(({ by }) => ways.has(by));
