import { z } from "zod";
import { appRoleIdSchema, defaultAccess, type ServicePrincipalId } from "../../model/ids.ts";
import type { Wish } from "../../model/wish.ts";
import { memory } from "../memory.ts";
import { notFound, type GraphTenant, type Priority } from "../tenant.ts";
import { isCalled, misses, wordsOf } from "./called.ts";
import type { GrantFound } from "./kind.ts";

/** Finds the roles of applications that a policy names. Read only. */
export type AppRoleDirectory = {
  /** @throws GraphError when Graph gives no answer. */
  readonly find: (wish: Wish<"appRole">, priority: Priority) => Promise<GrantFound<"appRole">>;
};

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
      const roles = (principal.appRoles ?? []).filter((one) => isMeant(one) && isCalled(one, role));
      const [only, ...more] = roles;
      if (only === undefined || more.length > 0) {
        return {
          kind: "not-found",
          reason: misses(`roles of the application ${app}`, wordsOf(role), { count: roles.length, tenant }),
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

const isMeant = ({ id, isEnabled }: AppRole) => id !== defaultAccess && isEnabled !== false;

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
