import type { AccessToken, TokenCredential } from "@azure/identity";

/** A credential keeps its token for an hour or so: another one every few hours costs one request more. */
const requestsEach = 10;

/**
 * A credential that is made anew now and then. The SDK's remembers something of every request for a token as long as it lives, some
 * kilobytes each: with a tenant for each target, a host that lives for weeks would be full of it.
 * https://github.com/Azure/azure-sdk-for-js/issues/26161
 */
export function credentialForAWhile(make: () => TokenCredential): TokenCredential {
  let current = { credential: make(), requests: 0 };
  let last = "";

  /** Another token than the last one was asked for, and so was one that did not come. */
  function count(used: typeof current, token: AccessToken | null): void {
    if (token !== null && token.token === last) return;
    last = token?.token ?? last;
    used.requests += 1;
    if (used === current && used.requests >= requestsEach) current = { credential: make(), requests: 0 };
  }

  return {
    async getToken(scopes, options) {
      const used = current;
      let token: AccessToken | null = null;
      try {
        return (token = await used.credential.getToken(scopes, options));
      } finally {
        count(used, token);
      }
    },
  };
}
