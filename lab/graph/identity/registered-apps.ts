import { guidFrom } from "../ids.ts";
import type { Caller } from "../http/call.ts";
import type { AppSeed, WorldSeed } from "../seed.ts";

/** The app registrations of the world and the service principals their consents created. */
export type RegisteredApps = {
  find(clientId: string): AppSeed | undefined;
  isConsented(app: AppSeed, tenantId: string): boolean;
  servicePrincipalId(app: AppSeed, tenantId: string): string;
  all(): readonly AppSeed[];
};

export function registeredApps(seed: WorldSeed): RegisteredApps {
  const byId = new Map(seed.apps.map((app) => [app.clientId.toLowerCase(), app]));
  return {
    find: (clientId) => byId.get(clientId.toLowerCase()),
    isConsented: (app, tenantId) => app.consentedTenants === "all" || app.consentedTenants.includes(tenantId),
    servicePrincipalId: (app, tenantId) => guidFrom(seed.seed, "servicePrincipal", tenantId, app.clientId),
    all: () => seed.apps,
  };
}

/** The caller a token of this app stands for; operators have no business with Graph. */
export function callerOf(app: AppSeed, servicePrincipalId: string): Caller | undefined {
  if (app.kind === "operator") return undefined;
  return {
    kind: app.kind,
    appId: app.clientId,
    displayName: app.displayName ?? app.clientId,
    servicePrincipalId,
    roles: app.roles ?? [],
    directoryRoles: app.directoryRoles ?? [],
  };
}
