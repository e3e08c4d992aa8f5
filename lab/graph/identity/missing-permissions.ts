import type { FaultBook, FaultTarget } from "../faults/fault-registry.ts";

/**
 * The permissions that `missingPermission` faults leave of those granted. They count at once and for tokens issued before, though
 * in Entra a token carries its roles until it ends: a test need not wait for an hour to take one away or to give it back.
 */
export function withoutMissing(
  faults: FaultBook,
  target: FaultTarget,
  granted: readonly string[],
): readonly string[] {
  const missing = faults.findAll("missingPermission", target).map(({ fault }) => fault.permission);
  return missing.length === 0 ? granted : granted.filter((permission) => !missing.includes(permission));
}
