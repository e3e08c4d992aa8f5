import type { Context } from "hono";
import { matchedRoutes } from "hono/route";
import { viewOf } from "../directory/view.ts";
import { withoutMissing } from "../identity/missing-permissions.ts";
import { callerOf, type RegisteredApps } from "../identity/registered-apps.ts";
import { graphAudience, type TokenIssuer } from "../identity/token-issuer.ts";
import type { Lab } from "../lab.ts";
import { pageSizeFor } from "../odata/page-size.ts";
import type { Call, Caller } from "./call.ts";
import type { GraphEnv } from "./graph-env.ts";
import { GraphProblem } from "./problem.ts";
import { targetOf } from "./strikes.ts";

export type Identity = { readonly apps: RegisteredApps; readonly issuer: TokenIssuer };

/** Turns a request into a call of a proven caller in its tenant; throws the 401 otherwise. */
export function openCall(
  lab: Lab,
  c: Context<GraphEnv>,
  details: { readonly identity: Identity; readonly seq: number; readonly body: unknown },
): Call {
  const part = c.env.part;
  const { caller, tenantId } =
    part === undefined
      ? proveCaller(details.identity, c.req.header("authorization"))
      : { caller: part.batch.caller, tenantId: part.batch.tenant.id };
  const tenant = lab.tenants.get(tenantId);
  if (tenant === undefined) throw invalidToken("Invalid tenant.");
  const url = new URL(c.req.url);
  const call: Call = {
    seq: details.seq,
    at: lab.clock.now(),
    requestId: lab.mint("request"),
    method: c.req.method,
    url,
    path: pathOf(url),
    template: templateOf(c, url),
    headers: c.req.raw.headers,
    body: details.body,
    tenant,
    caller,
    batch: part?.batch.requestId,
    signal: c.req.raw.signal,
    pageSize: pageSizeFor(lab, { caller, tenant, url }),
    view: viewOf(tenant),
  };
  return { ...call, caller: { ...caller, roles: withoutMissing(lab.faults, targetOf(call), caller.roles) } };
}

function proveCaller(
  identity: Identity,
  authorization: string | undefined,
): { caller: Caller; tenantId: string } {
  const token = /^Bearer (.+)$/i.exec(authorization ?? "")?.[1];
  if (token === undefined) throw invalidToken("Access token is empty.");
  const grant = identity.issuer.recognize(token);
  if (grant === undefined) throw invalidToken("Lifetime validation failed, the token is expired or unknown.");
  if (grant.audience !== graphAudience)
    throw invalidToken("Access token validation failure. Invalid audience.");
  const caller = callerOf(grant, identity.apps);
  if (caller === undefined) throw invalidToken("This app has no access to Microsoft Graph.");
  return { caller, tenantId: grant.tenantId };
}

function invalidToken(message: string): GraphProblem {
  return new GraphProblem(401, "InvalidAuthenticationToken", message);
}

/** Decoded, without the version. */
export function pathOf(url: URL): string {
  const path = url.pathname.replace(/^\/v1\.0/, "");
  try {
    return decodeURIComponent(path);
  } catch {
    return path;
  }
}

function templateOf(c: Context, url: URL): string {
  const operation = matchedRoutes(c).find(({ path }) => !path.endsWith("*"));
  if (operation === undefined) return pathOf(url).replace(/[0-9a-f]{8}-[0-9a-f-]{27}/gi, "{id}");
  return operation.path.replace(/^\/v1\.0/, "").replace(/:(\w+)/g, "{$1}");
}
