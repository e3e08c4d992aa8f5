import { scopeHeld } from "../../model/ledger.ts";
import type { Performing } from "./access-ports.ts";

/** Tries of on-demand provisioning with this one, and since when the analyst has been in scope without an account. */
export function counted({ claim, ports }: Performing) {
  const { asked, ledger } = claim.state().value;
  const scope = scopeHeld(ledger);
  const missedAt = asked.scopedAt ?? ports.now();
  const scopedAt = scope?.state === "added" ? Math.max(scope.at, missedAt) : missedAt;
  return { tries: asked.tries + 1, scopedAt };
}
