import { createRemoteJWKSet, type JWTVerifyGetKey } from "jose";
import type { TokenRules } from "../api/caller.ts";
import type { ApiSettings } from "./settings.ts";

/** The signing keys of each tenant, fetched when they are first needed and when a token names one that is not among them. */
const keysByUrl = new Map<string, JWTVerifyGetKey>();

/** Entra's rules for tokens that are made for Muster's application, by callers of these tenants. */
export function tokenRules({
  audiences,
  authorityHost,
  tenants,
}: ApiSettings & { readonly tenants: ReadonlySet<string> }): TokenRules {
  return {
    audiences,
    tenants,
    // Tokens of version 2, and of version 1. https://learn.microsoft.com/entra/identity-platform/access-tokens
    issuersOf: (tenant) => [`${authorityHost}/${tenant}/v2.0`, `https://sts.windows.net/${tenant}/`],
    keysOf(tenant) {
      const url = `${authorityHost}/${tenant}/discovery/v2.0/keys`;
      const known = keysByUrl.get(url) ?? createRemoteJWKSet(new URL(url));
      keysByUrl.set(url, known);
      return known;
    },
    now: () => Date.now(),
  };
}
