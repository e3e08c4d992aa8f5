import { z } from "zod";
import { appRoleIdSchema, type ServicePrincipalId } from "../../model/ids.ts";
import type { NameOrId, Wish } from "../../model/wish.ts";
import { memory } from "../memory.ts";
import { notFound, type GraphTenant, type Priority } from "../tenant.ts";
import type { GrantFound } from "./kind.ts";

/** Finds the roles of applications that a policy names. Read only. */
export type AppRoleDirectory = {
  /** @throws GraphError when Graph gives no answer. */
  readonly find: (wish: Wish<"appRole">, priority: Priority) => Promise<GrantFound<"appRole">>;
};

/** What Graph calls "default access": no role, and the synchronization passes over whoever has no other. */
const defaultAccess = "00000000-0000-0000-0000-000000000000";

const principalSchema = z.looseObject({
  displayName: z.string().nullish(),
  appRoles: z
    .array(
      z.looseObject({
        id: appRoleIdSchema,
        displayName: z.string().nullish(),
        isEnabled: z.boolean().nullish(),
      }),
    )
    .nullish(),
});

type Principal = z.infer<typeof principalSchema>;
type AppRole = NonNullable<Principal["appRoles"]>[number];

/** Applications are changed by people, so what was found is not believed for ever. */
const memoryMs = 60_000;

export function appRoleDirectory(tenant: GraphTenant): AppRoleDirectory {
  const remembered = memory<Principal | null>(memoryMs, (found) => found !== null);
  return {
    async find({ servicePrincipal, role }, priority) {
      const principal = await remembered(servicePrincipal, () => read(tenant, servicePrincipal, priority));
      if (principal === null) {
        return {
          kind: "not-found",
          reason: `there is no service principal ${servicePrincipal} in tenant ${tenant.tenantId}`,
          advice:
            "correct sync.servicePrincipal in the policy: the object id of the synchronization's enterprise application",
        };
      }
      const app = principal.displayName ?? servicePrincipal;
      const roles = (principal.appRoles ?? []).filter((one) => isMeant(one, role));
      const [only, ...more] = roles;
      if (only === undefined || more.length > 0) {
        const called = role.kind === "id" ? role.id : `"${role.name}"`;
        return {
          kind: "not-found",
          reason: `${roles.length === 0 ? "no" : roles.length} roles of the application ${app} in tenant ${tenant.tenantId} are called ${called}`,
          advice: "name the role that the synchronization brought with it, msiam_access as a rule",
        };
      }
      const grant = { kind: "appRole", servicePrincipal, role: only.id } as const;
      return {
        kind: "found",
        grant,
        name: `${only.displayName ?? only.id} of ${app}`,
        unwritable: null,
      };
    },
  };
}

function isMeant({ id, displayName, isEnabled }: AppRole, role: NameOrId<string>): boolean {
  if (id === defaultAccess || isEnabled === false) return false;
  return role.kind === "id" ? id === role.id : displayName?.toLowerCase() === role.name.toLowerCase();
}

async function read(
  tenant: GraphTenant,
  id: ServicePrincipalId,
  priority: Priority,
): Promise<Principal | null> {
  const reply = await tenant.send({
    method: "GET",
    path: `/servicePrincipals/${id}?$select=id,displayName,appRoles`,
    template: "/servicePrincipals/{id}",
    priority,
    accepts: notFound,
  });
  return reply.status === 404 ? null : principalSchema.parse(reply.body);
}
