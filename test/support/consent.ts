import { graphFailure } from "./graph-failure.ts";
import type { MemoryTarget } from "./memory-tenant.ts";

/** Reads of accounts in a target are refused until the consent is given. */
export function withoutConsent(target: MemoryTarget): { given: boolean } {
  const consent = { given: false };
  const ask = async (call: () => Promise<unknown>) => {
    if (consent.given) return call();
    throw graphFailure(403, { template: "/users/{id}" });
  };
  target.always("findByStamp", ask);
  target.always("readAccount", ask);
  return consent;
}
