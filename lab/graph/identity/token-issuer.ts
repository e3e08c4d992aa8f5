import { exportJWK, generateKeyPair, SignJWT, type JWK, type JWTPayload } from "jose";
import type { LabClock } from "../../clock.ts";
import { guidFrom } from "../ids.ts";
import type { AppSeed } from "../seed.ts";

/** What an issued token stands for, kept so that a request costs no signature check. */
type IssuedToken = { readonly app: AppSeed; readonly tenantId: string; readonly audience: string };
type KnownToken = IssuedToken & { /** Virtual time, epoch milliseconds. */ readonly issuedAt: number };

export type TokenIssuer = {
  issue(
    grant: IssuedToken & { issuer: string; servicePrincipalId: string; roles: readonly string[] },
  ): Promise<AccessToken>;
  /** The grant behind a token issued here and not expired. */
  recognize(token: string): KnownToken | undefined;
  /** Signs whatever is said: what an authority would never issue, for whoever checks tokens. */
  sign(claims: JWTPayload): Promise<string>;
  readonly publicKeys: { readonly keys: readonly JWK[] };
};

type AccessToken = {
  readonly token_type: "Bearer";
  readonly expires_in: number;
  readonly ext_expires_in: number;
  readonly access_token: string;
};

export const graphAudience = "https://graph.microsoft.com";

export const appLifetimeSeconds = 3599;
// People and tests drive the lab with these while they advance its clock by days.
const driverLifetimeSeconds = 30 * 24 * 60 * 60;

/** Made once a process: an RSA key costs more than all else that a small world needs, and a token is known by who issued it. */
let keyPair: ReturnType<typeof generateKeyPair> | undefined;

export async function tokenIssuer(clock: LabClock, seed: string | number): Promise<TokenIssuer> {
  const { publicKey, privateKey } = await (keyPair ??= generateKeyPair("RS256", { extractable: true }));
  const kid = guidFrom(seed, "signing key").replaceAll("-", "");
  const jwk: JWK = { ...(await exportJWK(publicKey)), kid, use: "sig", alg: "RS256" };
  const issued = new Map<string, KnownToken & { expiresAt: number }>();
  // Tokens live in real time: a clock that jumps is the lab's doing, not the holder's fault.
  const realNow = () => clock.now() - clock.offsetMs();
  const sign = (claims: JWTPayload) =>
    new SignJWT(claims).setProtectedHeader({ alg: "RS256", typ: "JWT", kid }).sign(privateKey);

  return {
    sign,
    publicKeys: { keys: [jwk] },
    async issue({ app, tenantId, audience, issuer, servicePrincipalId, roles }) {
      const lifetimeSeconds = app.kind === "app" ? appLifetimeSeconds : driverLifetimeSeconds;
      const claims = {
        tid: tenantId,
        appid: app.clientId,
        azp: app.clientId,
        oid: servicePrincipalId,
        idtyp: "app",
        ver: "2.0",
        // Entra leaves the claim out when there is nothing in it.
        ...(roles.length > 0 && isOwnResource(app, audience) && { roles }),
        // Keeps tokens apart that are issued within one second.
        uti: guidFrom(seed, "token", issued.size),
      };
      const token = await sign({
        ...claims,
        iss: issuer,
        sub: servicePrincipalId,
        aud: audience,
        iat: Math.floor(realNow() / 1000),
        nbf: Math.floor(realNow() / 1000),
        exp: Math.floor(clock.now() / 1000) + lifetimeSeconds,
      });
      const expiresAt = realNow() + lifetimeSeconds * 1000;
      issued.set(token, { app, tenantId, audience, issuedAt: clock.now(), expiresAt });
      return {
        token_type: "Bearer",
        expires_in: lifetimeSeconds,
        ext_expires_in: lifetimeSeconds,
        access_token: token,
      };
    },
    recognize(token) {
      const grant = issued.get(token);
      return grant !== undefined && grant.expiresAt > realNow() ? grant : undefined;
    },
  };
}

/** Roles are granted on one resource: an operator's on Muster's API, everybody else's on Graph. */
function isOwnResource(app: AppSeed, audience: string): boolean {
  return (app.kind === "operator") !== (audience === graphAudience);
}
