import type { GroupFacts } from "../model/grant.ts";
import type { GroupId } from "../model/ids.ts";
import { listAll } from "./listing.ts";
import { notFound, type GraphTenant, type Priority } from "./tenant.ts";
import { groupFacts, groupSchema, groupSelect } from "./wire.ts";

/** How a policy names a group. */
type GroupName =
  { readonly kind: "id"; readonly id: GroupId } | { readonly kind: "name"; readonly name: string };

export type GroupFound =
  | { readonly kind: "found"; readonly facts: GroupFacts }
  | { readonly kind: "not-found"; readonly reason: string; readonly advice: string };

/** Finds the groups a policy names, and says what kind of group each is. Read only. */
export type GroupDirectory = {
  /** @throws GraphError when Graph gives no answer. */
  readonly find: (name: GroupName, priority: Priority) => Promise<GroupFound>;
};

/** Groups are renamed, made dynamic and deleted by people, so what was found is not believed for ever. */
const memoryMs = 60_000;

export function groupDirectory(tenant: GraphTenant): GroupDirectory {
  const memory = new Map<string, { readonly until: number; readonly asked: Promise<GroupFound> }>();
  return {
    async find(name, priority) {
      const key = name.kind === "id" ? name.id : `name ${name.name}`;
      const known = memory.get(key);
      if (known !== undefined && known.until > Date.now()) return known.asked;
      // Shared while it is under way; only what was found is kept.
      const asked =
        name.kind === "id" ? byId(tenant, name.id, priority) : byName(tenant, name.name, priority);
      memory.set(key, { until: Date.now() + memoryMs, asked });
      const answer = await asked.catch((error: unknown) => {
        memory.delete(key);
        throw error;
      });
      if (answer.kind !== "found") memory.delete(key);
      return answer;
    },
  };
}

async function byId(tenant: GraphTenant, id: GroupId, priority: Priority): Promise<GroupFound> {
  const reply = await tenant.send({
    method: "GET",
    path: `/groups/${id}?$select=${groupSelect}`,
    template: "/groups/{id}",
    priority,
    accepts: notFound,
  });
  if (reply.status !== 404) return { kind: "found", facts: groupFacts(groupSchema.parse(reply.body)) };
  return {
    kind: "not-found",
    reason: `there is no group ${id} in tenant ${tenant.tenantId}`,
    advice: "correct the id in the policy, or restore the group",
  };
}

async function byName(tenant: GraphTenant, name: string, priority: Priority): Promise<GroupFound> {
  const filter = encodeURIComponent(`displayName eq '${name.replaceAll("'", "''")}'`);
  const { items, completeness } = await listAll(
    tenant,
    { path: `/groups?$filter=${filter}&$select=${groupSelect}`, template: "/groups", priority },
    groupSchema,
  );
  const [only, ...more] = items;
  if (only !== undefined && more.length === 0 && completeness.kind === "complete") {
    return { kind: "found", facts: groupFacts(only) };
  }
  const count = completeness.kind === "partial" ? "an unknown number of" : items.length;
  return {
    kind: "not-found",
    reason: `${count === 0 ? "no" : count} groups in tenant ${tenant.tenantId} are called "${name}"`,
    advice:
      items.length > 1
        ? "name the group by its id in the policy"
        : "correct the name in the policy, or create the group",
  };
}
