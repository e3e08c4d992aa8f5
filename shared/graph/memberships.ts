import { z } from "zod";
import { groupIdSchema, type GroupId } from "../model/ids.ts";
import { listAll, type Listing } from "./listing.ts";
import type { GraphTenant, Priority } from "./tenant.ts";
import { directoryObjectSchema } from "./wire.ts";

/** What a look at memberships asks, for people. */
export const membershipReads = "direct memberships: GET /users/{id}/memberOf";

/** The groups (and other directory objects) a user is a direct member of. */
export async function listMemberOf(
  tenant: GraphTenant,
  userId: string,
  priority: Priority,
): Promise<Listing<string>> {
  const listing = await listAll(
    tenant,
    { path: `/users/${userId}/memberOf?$select=id&$top=999`, template: "/users/{id}/memberOf", priority },
    directoryObjectSchema,
  );
  return { ...listing, items: listing.items.map(({ id }) => id.toLowerCase()) };
}

/** Graph takes at most 20 groups in one question. https://learn.microsoft.com/graph/api/directoryobject-checkmembergroups */
const questionLimit = 20;
const answerSchema = z.object({ value: z.array(groupIdSchema) });

/** Which of these groups the user is in, directly or through another group: a point question, not a listing. */
export async function checkMemberGroups(
  tenant: GraphTenant,
  question: { readonly userId: string; readonly groups: readonly GroupId[]; readonly priority: Priority },
): Promise<ReadonlySet<string>> {
  const chunks = Array.from({ length: Math.ceil(question.groups.length / questionLimit) }, (_, index) =>
    question.groups.slice(index * questionLimit, (index + 1) * questionLimit),
  );
  const answers = await Promise.all(
    chunks.map((groupIds) =>
      tenant.send({
        method: "POST",
        path: `/users/${question.userId}/checkMemberGroups`,
        template: "/users/{id}/checkMemberGroups",
        body: { groupIds },
        priority: question.priority,
      }),
    ),
  );
  return new Set(answers.flatMap(({ body }) => answerSchema.parse(body).value));
}
