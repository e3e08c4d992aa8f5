import { credentialFor } from "../graph/credentials.ts";
import { appRoleDirectory } from "../graph/grants/app-role-directory.ts";
import type { Directories } from "../graph/grants/by-kind.ts";
import { packageDirectory } from "../graph/grants/package-directory.ts";
import { groupDirectory } from "../graph/group-directory.ts";
import { graphHttp } from "../graph/http.ts";
import { provisioner } from "../graph/synchronization.ts";
import { graphTenant, type LimitKind, type PacedTenant } from "../graph/tenant.ts";
import { notePause } from "../reconcile/run/shared-pauses.ts";
import type { Mark, PolicyMark } from "../state/marks.ts";
import type { Settings } from "./settings.ts";

type Tenant = Directories & {
  readonly graph: PacedTenant;
  readonly provisioner: ReturnType<typeof provisioner>;
};

type TenantDirectory = {
  readonly of: (tenantId: string) => Tenant;
  /** Takes note of what tenants have asked other hosts for. */
  readonly heed: (pauses: PolicyMark["pauses"]) => void;
};

const limits = ["directory", "onDemand"] as const;
const limitOf = (tenantId: string, kind: LimitKind) => `${tenantId} ${kind}`;

/** One gateway a tenant and process: limits and throttling are remembered where they apply, and told to the other hosts. */
export function tenantDirectory({ graphUrl, identity }: Settings, mark: Mark<PolicyMark>): TenantDirectory {
  const tenants = new Map<string, Tenant>();
  function open(tenantId: string): Tenant {
    const credential = credentialFor(tenantId, identity);
    const graph: PacedTenant = graphTenant({
      tenantId,
      url: graphUrl,
      http: graphHttp({ url: graphUrl, credential }),
      onPause(kind, until) {
        const noted = notePause(limitOf(tenantId, kind), until, { mark, now: () => graph.now() });
        // The other hosts hear it from the tenant, then.
        noted.catch(() => undefined);
      },
    });
    return {
      graph,
      groups: groupDirectory(graph),
      packages: packageDirectory(graph),
      appRoles: appRoleDirectory(graph),
      provisioner: provisioner(graph),
    };
  }
  return {
    of(tenantId) {
      const tenant = tenants.get(tenantId) ?? open(tenantId);
      tenants.set(tenantId, tenant);
      return tenant;
    },
    heed(pauses) {
      for (const [tenantId, { graph }] of tenants)
        for (const kind of limits) {
          const until = pauses[limitOf(tenantId, kind)];
          if (until !== undefined) graph.heed(kind, until);
        }
    },
  };
}
