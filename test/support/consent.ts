import { graphFailure } from "./graph-failure.ts";
import type { MemoryTarget } from "./memory-tenant.ts";

/** Reads of accounts in a target are refused until the consent is given. */
export function withoutConsent(target: MemoryTarget): { given: boolean } {
  const consent = { given: false };
  const ask = async (call: () => Promise<unknown>) => {
    if (consent.given) return call();
    throw graphFailure(403, { template: "/users/{id}" });
  };
  for (let n = 0; n < moreThanEver; n += 1) {
    target.next("findByStamp", ask);
    target.next("readAccount", ask);
  }
  return consent;
}

/** Calls that days of trying come to. */
const moreThanEver = 20_000;
