import type { Tenant } from "../directory/tenant.ts";
import type { FaultBook, Struck } from "../faults/fault-registry.ts";
import type { Call } from "../http/call.ts";
import { denied, GraphProblem } from "../http/problem.ts";
import type { AppSeed } from "../seed.ts";
import { EntraError } from "./entra-error.ts";
import { appLifetimeSeconds } from "./token-issuer.ts";

/**
 * Consent that was taken back comes in two halves: whoever has a token keeps it for up to an hour, and then the token endpoint
 * gives no other. https://learn.microsoft.com/entra/identity-platform/access-tokens#token-lifetime
 */
export function refuseRevoked(call: Call, { fault }: Struck<"revokedConsent">, now: number): void {
  const endsAt = call.caller.tokenIssuedAt + appLifetimeSeconds * 1000;
  if (fault.how !== "permissions" && now >= endsAt) {
    throw new GraphProblem(
      401,
      "InvalidAuthenticationToken",
      "Lifetime validation failed, the token is expired.",
    );
  }
  if (fault.how === "permissions" || fault.oldTokens === "denied") throw denied();
}

/** The token endpoint's answer to an app that is no longer welcome. */
export function refuseToken(faults: FaultBook, app: AppSeed, tenant: Tenant): void {
  if (app.kind !== "app") return;
  const target = { tenant, caller: "app", method: "POST", paths: [] } as const;
  const { clientId, displayName = clientId } = app;
  for (const { fault } of faults.findAll("revokedConsent", target)) {
    if (fault.how === "deleted") {
      throw new EntraError(
        401,
        "invalid_client",
        7000229,
        `The client application ${clientId} is missing service principal in the tenant ${tenant.id}.`,
      );
    }
    if (fault.how === "disabled") {
      const text = `Application '${clientId}'(${displayName}) is disabled.`;
      throw new EntraError(400, "unauthorized_client", 7000112, text);
    }
  }
}
