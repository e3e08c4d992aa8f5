import { hash } from "node:crypto";
import { isAmong, type AnalystRecord } from "../../model/analyst.ts";

/** The identity of a plain value: equal values, equal hash, whatever the order of their keys. */
export function hashOf(value: unknown): string {
  return hash("sha256", JSON.stringify(sorted(value))).slice(0, 16);
}

/**
 * What the targets have to know of an analyst, and under which policy: when it changes, they are told. A role that is held gives
 * what the policy says, and one that is kept what it gave.
 */
export function meaningOf(
  { roles, held, leaving, mail }: Pick<AnalystRecord, "roles" | "held" | "leaving" | "mail">,
  policyHash: string,
): string {
  const meant = roles.map((role) => (isAmong(held)(role) ? role : { ...role, kept: "yes" }));
  return hashOf({ roles: meant, leaving, mail, policy: policyHash });
}

/** The same with keys in order. Done before it becomes text: a replacer would be asked about every number and word as well. */
function sorted(value: unknown): unknown {
  if (value === null || typeof value !== "object") return value;
  if (Array.isArray(value)) return value.map(sorted);
  const entries = Object.entries(value).map(([key, each]) => [key, sorted(each)] as const);
  return Object.fromEntries(entries.toSorted(([a], [b]) => (a < b ? -1 : 1)));
}
