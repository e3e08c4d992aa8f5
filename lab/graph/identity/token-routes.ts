import { Hono, type Context } from "hono";
import type { LabClock } from "../../clock.ts";
import type { Tenant } from "../directory/tenant.ts";
import type { FaultBook } from "../faults/fault-registry.ts";
import type { Mint } from "../ids.ts";
import type { AppSeed } from "../seed.ts";
import { EntraError, entraErrorBody } from "./entra-error.ts";
import { withoutMissing } from "./missing-permissions.ts";
import type { RegisteredApps } from "./registered-apps.ts";
import { refuseToken } from "./revoked-consent.ts";
import { graphAudience, type TokenIssuer } from "./token-issuer.ts";

const jwtAssertion = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

type Authority = {
  readonly apps: RegisteredApps;
  readonly issuer: TokenIssuer;
  readonly clock: LabClock;
  readonly mint: Mint;
  readonly tenants: ReadonlyMap<string, Tenant>;
  readonly faults: FaultBook;
};

/** Entra's sign-in endpoints for app-only callers: discovery, keys and client credentials, per tenant. */
export function tokenRoutes(authority: Authority): Hono {
  const routes = new Hono();
  routes.get("/:tenant/v2.0/.well-known/openid-configuration", (c) => {
    const { id } = requireTenant(authority, c.req.param("tenant"));
    return c.json(discoveryDocument(new URL(c.req.url).origin, id));
  });
  routes.get("/:tenant/discovery/v2.0/keys", (c) => {
    requireTenant(authority, c.req.param("tenant"));
    return c.json(authority.issuer.publicKeys);
  });
  routes.post("/:tenant/oauth2/v2.0/token", (c) => issueToken(authority, c));
  routes.onError((error) => {
    if (!(error instanceof EntraError)) throw error;
    const ids = { traceId: authority.mint("trace"), at: authority.clock.now() };
    return Response.json(entraErrorBody(error, ids), { status: error.status });
  });
  return routes;
}

function discoveryDocument(origin: string, tenantId: string) {
  return {
    issuer: issuerOf(origin, tenantId),
    token_endpoint: `${origin}/${tenantId}/oauth2/v2.0/token`,
    authorization_endpoint: `${origin}/${tenantId}/oauth2/v2.0/authorize`,
    end_session_endpoint: `${origin}/${tenantId}/oauth2/v2.0/logout`,
    jwks_uri: `${origin}/${tenantId}/discovery/v2.0/keys`,
    token_endpoint_auth_methods_supported: ["client_secret_post", "private_key_jwt"],
    response_types_supported: ["code", "token"],
    response_modes_supported: ["query", "fragment", "form_post"],
    subject_types_supported: ["pairwise"],
    id_token_signing_alg_values_supported: ["RS256"],
    scopes_supported: ["openid"],
    claims_supported: [
      "aud",
      "iss",
      "iat",
      "nbf",
      "exp",
      "tid",
      "oid",
      "sub",
      "roles",
      "appid",
      "azp",
      "ver",
    ],
    tenant_region_scope: null,
    cloud_instance_name: new URL(origin).hostname,
  };
}

function issuerOf(origin: string, tenantId: string): string {
  return `${origin}/${tenantId}/v2.0`;
}

async function issueToken(authority: Authority, c: Context): Promise<Response> {
  const tenant = requireTenant(authority, c.req.param("tenant") ?? "");
  const tenantId = tenant.id;
  const form = new URLSearchParams(await c.req.text());
  if (form.get("grant_type") !== "client_credentials") {
    const got = form.get("grant_type") ?? "";
    throw new EntraError(400, "unsupported_grant_type", 70003, `The grant type '${got}' is not supported.`);
  }
  const app = requireApp(authority, form.get("client_id") ?? "", tenantId);
  proveClient(app, form);
  refuseToken(authority.faults, app, tenant);
  const audience = audienceOf(app, form.get("scope") ?? "");
  const token = await authority.issuer.issue({
    app,
    tenantId,
    audience,
    issuer: issuerOf(new URL(c.req.url).origin, tenantId),
    servicePrincipalId: authority.apps.servicePrincipalId(app, tenantId),
    roles: rolesNow(authority, app, tenant),
  });
  return c.json(token, 200, { "Cache-Control": "no-store" });
}

function rolesNow({ apps, faults }: Authority, app: AppSeed, tenant: Tenant): readonly string[] {
  const granted = apps.rolesIn(app, tenant.id);
  if (app.kind !== "app") return granted;
  return withoutMissing(faults, { tenant, caller: "app", method: "POST", paths: [] }, granted);
}

function requireTenant(authority: Authority, tenant: string): Tenant {
  const known = authority.tenants.get(tenant.toLowerCase());
  if (known !== undefined) return known;
  throw new EntraError(
    400,
    "invalid_request",
    90002,
    `Tenant '${tenant}' not found. Check to make sure you have the correct tenant ID and are signing into the correct cloud.`,
  );
}

function requireApp(authority: Authority, clientId: string, tenantId: string): AppSeed {
  const app = authority.apps.find(clientId);
  if (app !== undefined && authority.apps.isConsented(app, tenantId)) return app;
  throw new EntraError(
    400,
    "unauthorized_client",
    700016,
    `Application with identifier '${clientId}' was not found in the directory '${tenantId}'. ` +
      "This can happen if the application has not been installed by the administrator of the tenant " +
      "or consented to by any user in the tenant.",
  );
}

function proveClient(app: AppSeed, form: URLSearchParams): void {
  const assertion = form.get("client_assertion");
  if (assertion !== null) {
    const isKnown = form.get("client_assertion_type") === jwtAssertion && app.assertions?.includes(assertion);
    if (isKnown === true) return;
    throw new EntraError(
      401,
      "invalid_client",
      70021,
      "No matching federated identity record found for presented assertion.",
    );
  }
  const secret = form.get("client_secret");
  if (secret !== null && secret === app.secret) return;
  throw new EntraError(
    401,
    "invalid_client",
    7000215,
    `Invalid client secret provided for app '${app.clientId}'.`,
  );
}

function audienceOf(app: AppSeed, scope: string): string {
  const resource = /^(.+)\/\.default$/.exec(scope)?.[1]?.replace(/\/+$/, "");
  if (resource === undefined) {
    throw new EntraError(
      400,
      "invalid_scope",
      1002012,
      `The provided value for scope ${scope} is not valid. Client credential flows must have a scope value with /.default suffixed to the resource identifier.`,
    );
  }
  // The simulator's own address stands for Graph's, as a sovereign cloud's does.
  if (/^https:\/\/(?:localhost|127\.0\.0\.1)(?::\d+)?$/.test(resource)) return graphAudience;
  if (app.kind === "operator" || resource === graphAudience || resource.startsWith("api://")) return resource;
  throw new EntraError(
    400,
    "invalid_resource",
    500011,
    `The resource principal named ${resource} was not found in the tenant.`,
  );
}
