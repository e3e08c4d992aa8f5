import { decodeJwt, errors, jwtVerify, type JWTVerifyGetKey } from "jose";
import { z } from "zod";
import { errorText } from "../model/error-text.ts";

/** Who calls, as their token says, which Entra has signed. Ids in lower case. */
export type Caller = {
  readonly tenant: string;
  /** The user, or the service principal of an application. */
  readonly object: string;
  readonly app: string;
  /** Whether a user has signed in to that application, or it calls for itself. */
  readonly kind: "user" | "application";
  /** App roles on Muster's own application: those of the user, or of the application that calls for itself. */
  readonly roles: readonly string[];
};

export type Identified =
  | { readonly kind: "caller"; readonly caller: Caller }
  /** `why` is for the log: whoever calls hears only that the token is not good. */
  | { readonly kind: "refused"; readonly why: string }
  /** The keys of the tenant could not be had: nobody can say. */
  | { readonly kind: "unavailable"; readonly why: string };

export type TokenRules = {
  /** What the token has to be made for: Muster's application by its URI, and by its id in tokens of version 2. */
  readonly audiences: readonly string[];
  /** Tenants whose tokens count, in lower case. */
  readonly tenants: ReadonlySet<string>;
  readonly issuersOf: (tenant: string) => readonly string[];
  readonly keysOf: (tenant: string) => JWTVerifyGetKey;
  readonly now: () => number;
};

/** Version 1 says `appid`, version 2 says `azp`. https://learn.microsoft.com/entra/identity-platform/access-token-claims-reference */
const claimsSchema = z
  .object({
    tid: z.guid(),
    oid: z.guid(),
    appid: z.guid().optional(),
    azp: z.guid().optional(),
    // What a user lets the application do; an application that calls for itself has none.
    scp: z.string().optional(),
    roles: z.array(z.string()).default([]),
  })
  .transform(({ tid, oid, appid, azp, scp, roles }, context): Caller => {
    const app = appid ?? azp;
    if (app === undefined) context.addIssue("neither appid nor azp");
    return {
      tenant: tid.toLowerCase(),
      object: oid.toLowerCase(),
      app: app?.toLowerCase() ?? "",
      kind: scp === undefined ? "application" : "user",
      roles,
    };
  });

/** Clocks of machines differ. */
const toleranceSeconds = 60;

/** Who sent this Authorization header. */
export async function identify(authorization: string | null, rules: TokenRules): Promise<Identified> {
  const token = /^Bearer ([\w-]+\.[\w-]+\.[\w-]+)$/i.exec(authorization ?? "")?.[1];
  if (token === undefined) return { kind: "refused", why: "no bearer token" };
  try {
    // Nothing is believed of this before the signature is checked; it says whose keys to check it with.
    const tenant = z.object({ tid: z.guid() }).parse(decodeJwt(token)).tid.toLowerCase();
    if (!rules.tenants.has(tenant)) return { kind: "refused", why: `no tenant that may call: ${tenant}` };
    const { payload } = await jwtVerify(token, rules.keysOf(tenant), {
      algorithms: ["RS256"],
      audience: [...rules.audiences],
      issuer: [...rules.issuersOf(tenant)],
      requiredClaims: ["exp", "nbf", "iat"],
      clockTolerance: toleranceSeconds,
      currentDate: new Date(rules.now()),
    });
    const caller = claimsSchema.parse(payload);
    return { kind: "caller", caller };
  } catch (error) {
    const isTheirs =
      error instanceof z.ZodError ||
      (error instanceof errors.JOSEError && !(error instanceof errors.JWKSTimeout) && !isKeyFetch(error));
    return { kind: isTheirs ? "refused" : "unavailable", why: errorText(error) };
  }
}

/** What jose throws when the keys are answered with something else than keys. */
const isKeyFetch = (error: errors.JOSEError) =>
  error.code === "ERR_JOSE_GENERIC" || error instanceof errors.JWKSInvalid;
