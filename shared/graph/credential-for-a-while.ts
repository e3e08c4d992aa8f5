import type { AccessToken, GetTokenOptions, TokenCredential } from "@azure/identity";

/** As the SDK has it: a token that ends sooner than this is not begun with. */
const reserveMs = 5 * 60_000;
/** Where another token is wanted before the last one ends, and does not come, it is asked for again after this. */
const pauseMs = 60_000;

/**
 * A credential that lives as long as it takes to get a token; the token is kept here. The SDK's remembers every request for one as long as it
 * lives, with all that was going on then, tens of kilobytes each: with a tenant for each target, a host that lives for weeks would be full of it.
 * https://github.com/Azure/azure-sdk-for-js/issues/26161
 */
export function credentialForAWhile(
  make: () => TokenCredential,
  now: () => number = () => Date.now(),
): TokenCredential {
  let credential = make();
  let known: AccessToken | null = null;
  let knownFor = "";
  let pausedUntil = 0;

  const isGood = (token: AccessToken | null): token is AccessToken =>
    token !== null && token.expiresOnTimestamp - reserveMs > now();
  const isFresh = ({ refreshAfterTimestamp = Infinity }: AccessToken) =>
    refreshAfterTimestamp > now() || pausedUntil > now();

  async function ask(scopes: string | string[], options?: GetTokenOptions): Promise<AccessToken | null> {
    const used = credential;
    try {
      const token = await used.getToken(scopes, options);
      [known, knownFor] = [token, String(scopes)];
      return token;
    } finally {
      // Of those who ask at once, the first to hear has it replaced.
      if (used === credential) credential = make();
    }
  }

  return {
    async getToken(scopes, options) {
      const before = knownFor === String(scopes) ? known : null;
      if (!isGood(before)) return ask(scopes, options);
      if (isFresh(before)) return before;
      try {
        return await ask(scopes, options);
      } catch {
        pausedUntil = now() + pauseMs;
        return before;
      }
    },
  };
}
