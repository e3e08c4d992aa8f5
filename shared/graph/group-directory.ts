import type { GroupFacts } from "../model/group.ts";
import type { GroupId } from "../model/ids.ts";
import type { NameOrId } from "../model/wish.ts";
import { equalTo } from "./filter.ts";
import { listAll } from "./listing.ts";
import { memory } from "./memory.ts";
import { notFound, type GraphTenant, type Priority } from "./tenant.ts";
import { groupFacts, groupSchema, groupSelect } from "./wire.ts";

export type GroupFound =
  | { readonly kind: "found"; readonly facts: GroupFacts }
  | { readonly kind: "not-found"; readonly reason: string; readonly advice: string };

/** Finds the groups a policy names, and says what kind of group each is. Read only. */
export type GroupDirectory = {
  /** @throws GraphError when Graph gives no answer. */
  readonly find: (name: NameOrId, priority: Priority) => Promise<GroupFound>;
  /**
   * The group that had this name when it was last found, however long ago that is: good for asking about it meanwhile, not for
   * deciding anything. Null when it was never found here.
   */
  readonly last: (name: NameOrId) => GroupId | null;
};

/** Groups are renamed, made dynamic and deleted by people, so what was found is not believed for ever. */
const memoryMs = 60_000;

export function groupDirectory(tenant: GraphTenant): GroupDirectory {
  const remembered = memory<GroupFound>(memoryMs, ({ kind }) => kind === "found");
  // As many as policies have named since this process began.
  const lastFound = new Map<string, GroupId>();
  return {
    find: (name, priority) =>
      remembered(keyOf(name), async () => {
        const found = await (name.kind === "id"
          ? byId(tenant, name.id, priority)
          : byName(tenant, name.name, priority));
        if (found.kind === "found") lastFound.set(keyOf(name), found.facts.id);
        return found;
      }),
    last: (name) => (name.kind === "id" ? name.id : (lastFound.get(keyOf(name)) ?? null)),
  };
}

const keyOf = (name: NameOrId) => (name.kind === "id" ? name.id : `name ${name.name}`);

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
  const { query, headers } = equalTo({ displayName: name });
  const { items, completeness } = await listAll(
    tenant,
    { path: `/groups?${query}&$select=${groupSelect}`, template: "/groups", headers, priority },
    groupSchema,
  );
  // Nothing to tell people: it is read again.
  if (completeness.kind === "partial")
    throw new Error(`the groups called "${name}" could not be read to the end: ${completeness.why}`);
  const [only, ...more] = items;
  if (only !== undefined && more.length === 0) return { kind: "found", facts: groupFacts(only) };
  const count = items.length;
  return {
    kind: "not-found",
    reason: `${count === 0 ? "no" : count} groups in tenant ${tenant.tenantId} are called "${name}"`,
    advice:
      items.length > 1
        ? "name the group by its id in the policy"
        : "correct the name in the policy, or create the group",
  };
}
