import { createHash } from "node:crypto";
import { isAmong, type AnalystRecord } from "../model/analyst.ts";

/** The identity of a plain value: equal values, equal hash, whatever the order of their keys. */
export function hashOf(value: unknown): string {
  return createHash("sha256").update(JSON.stringify(value, sortKeys)).digest("hex").slice(0, 16);
}

/**
 * What the targets have to know of an analyst, and under which policy: when it changes, they are told. A role that is held gives
 * what the policy says, and one that is kept what it gave.
 */
export function meaningOf(
  { roles, held, leaving }: Pick<AnalystRecord, "roles" | "held" | "leaving">,
  policyHash: string,
): string {
  const meant = roles.map((role) => (isAmong(held)(role) ? role : { ...role, kept: "yes" }));
  return hashOf({ roles: meant, leaving, policy: policyHash });
}

function sortKeys(_key: string, value: unknown): unknown {
  if (value === null || typeof value !== "object" || Array.isArray(value)) return value;
  return Object.fromEntries(Object.entries(value).toSorted(([a], [b]) => (a < b ? -1 : 1)));
}
