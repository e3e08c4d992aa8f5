import { createHash } from "node:crypto";
import type { AnalystRecord } from "../model/analyst.ts";

/** The identity of a plain value: equal values, equal hash, whatever the order of their keys. */
export function hashOf(value: unknown): string {
  return createHash("sha256").update(JSON.stringify(value, sortKeys)).digest("hex").slice(0, 16);
}

/** What the targets have to know of an analyst, and under which policy: when it changes, they are told. */
export function meaningOf(
  { roles, leaving }: Pick<AnalystRecord, "roles" | "leaving">,
  policyHash: string,
): string {
  return hashOf({ roles, leaving, policy: policyHash });
}

function sortKeys(_key: string, value: unknown): unknown {
  if (value === null || typeof value !== "object" || Array.isArray(value)) return value;
  return Object.fromEntries(Object.entries(value).toSorted(([a], [b]) => (a < b ? -1 : 1)));
}
