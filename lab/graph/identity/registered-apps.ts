import { guidFrom } from "../ids.ts";
import type { Caller } from "../http/call.ts";
import type { AppSeed, WorldSeed } from "../seed.ts";

/** The app registrations of the world and the service principals their consents created. */
export type RegisteredApps = {
  find(clientId: string): AppSeed | undefined;
  isConsented(app: AppSeed, tenantId: string): boolean;
  servicePrincipalId(app: AppSeed, tenantId: string): string;
  /** Its application permissions in that tenant. */
  rolesIn(app: AppSeed, tenantId: string): readonly string[];
  all(): readonly AppSeed[];
};

export function registeredApps(seed: WorldSeed): RegisteredApps {
  const byId = new Map(seed.apps.map((app) => [app.clientId.toLowerCase(), app]));
  const kinds = new Map(seed.tenants.map(({ id, kind }) => [id, kind]));
  return {
    find: (clientId) => byId.get(clientId.toLowerCase()),
    isConsented: (app, tenantId) => app.consentedTenants === "all" || app.consentedTenants.includes(tenantId),
    servicePrincipalId: (app, tenantId) => guidFrom(seed.seed, "servicePrincipal", tenantId, app.clientId),
    rolesIn({ roles = [], moreRoles = {} }, tenantId) {
      const kind = kinds.get(tenantId);
      const usual = isList(roles) ? roles : kind === undefined ? [] : roles[kind];
      return [...usual, ...(moreRoles[tenantId] ?? [])];
    },
    all: () => seed.apps,
  };
}

// Array.isArray does not tell a readonly array from a record.
const isList = (roles: NonNullable<AppSeed["roles"]>): roles is readonly string[] => Array.isArray(roles);

/** The caller a token of this app stands for; operators have no business with Graph. */
export function callerOf(
  {
    app,
    tenantId,
    issuedAt,
  }: { readonly app: AppSeed; readonly tenantId: string; readonly issuedAt: number },
  apps: RegisteredApps,
): Caller | undefined {
  if (app.kind === "operator") return undefined;
  return {
    kind: app.kind,
    appId: app.clientId,
    displayName: app.displayName ?? app.clientId,
    servicePrincipalId: apps.servicePrincipalId(app, tenantId),
    roles: apps.rolesIn(app, tenantId),
    owns: app.owns ?? [],
    directoryRoles: app.directoryRoles ?? [],
    tokenIssuedAt: issuedAt,
  };
}
