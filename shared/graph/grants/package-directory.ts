import { z } from "zod";
import { assignmentPolicyIdSchema, packageIdSchema, type PackageId } from "../../model/ids.ts";
import type { NameOrId, Wish } from "../../model/wish.ts";
import { equalTo } from "../filter.ts";
import { listAll } from "../listing.ts";
import { memory } from "../memory.ts";
import { notFound, type GraphTenant, type Priority } from "../tenant.ts";
import { isCalled, misses, wordsOf } from "./called.ts";
import type { GrantFound } from "./kind.ts";
import { entitlement } from "./package-path.ts";

/** Finds the access packages that a policy names, and the way in which each is assigned. Read only. */
export type PackageDirectory = {
  /** @throws GraphError when Graph gives no answer. */
  readonly find: (wish: Wish<"package">, priority: Priority) => Promise<GrantFound<"package">>;
};

const packageSchema = z.looseObject({
  id: packageIdSchema,
  displayName: z.string().nullish(),
  assignmentPolicies: z
    .array(z.looseObject({ id: assignmentPolicyIdSchema, displayName: z.string().nullish() }))
    .nullish(),
});

type Package = z.infer<typeof packageSchema>;

/** Packages and policies are changed by people, so what was found is not believed for ever. */
const memoryMs = 60_000;

export function packageDirectory(tenant: GraphTenant): PackageDirectory {
  const remembered = memory<readonly Package[]>(memoryMs, ({ length }) => length === 1);
  return {
    async find({ package: name, policy, expires, renew }, priority) {
      const called = wordsOf(name);
      const found = await remembered(called, () => read(tenant, name, priority));
      const [only, ...more] = found;
      if (only === undefined || more.length > 0) return none("access packages", called, found.length, tenant);
      const policies = (only.assignmentPolicies ?? []).filter((one) => isCalled(one, policy));
      const [way, ...others] = policies;
      const words = `${wordsOf(policy)} of access package ${called}`;
      if (way === undefined || others.length > 0)
        return none("assignment policies", words, policies.length, tenant);
      const grant = { kind: "package", package: only.id, policy: way.id, expires, renew } as const;
      return { kind: "found", grant, name: only.displayName ?? only.id, unwritable: null };
    },
  };
}

const expanded = "$expand=assignmentPolicies&$select=id,displayName";

async function read(
  tenant: GraphTenant,
  name: NameOrId<PackageId>,
  priority: Priority,
): Promise<readonly Package[]> {
  const template = `${entitlement}/accessPackages`;
  if (name.kind === "id") {
    const reply = await tenant.send({
      method: "GET",
      path: `${template}/${name.id}?${expanded}`,
      template: `${template}/{id}`,
      priority,
      accepts: notFound,
    });
    return reply.status === 404 ? [] : [packageSchema.parse(reply.body)];
  }
  const { query, headers } = equalTo({ displayName: name.name });
  const path = `${template}?${query}&${expanded}`;
  const { items, completeness } = await listAll(tenant, { path, template, headers, priority }, packageSchema);
  // Nothing to tell people: it is read again.
  if (completeness.kind === "partial")
    throw new Error(
      `the access packages called "${name.name}" could not be read to the end: ${completeness.why}`,
    );
  return items;
}

function none(what: string, called: string, count: number, tenant: GraphTenant): GrantFound<"package"> {
  return {
    kind: "not-found",
    reason: misses(what, called, { count, tenant }),
    advice:
      count > 1
        ? "name it by its id in the policy"
        : "correct the name in the policy, or create it in the tenant",
  };
}
