import type { z } from "zod";
import type { SourceUserRead } from "../model/analyst.ts";
import { analystIdSchema, type AnalystId, type GroupId } from "../model/ids.ts";
import { equalTo } from "./filter.ts";
import { listAll, type Listing } from "./listing.ts";
import { checkMemberGroups, listMemberOf } from "./memberships.ts";
import { notFound, type GraphCall, type GraphTenant, type Priority } from "./tenant.ts";
import { userChanges, userProperties, type Tracked, type UserChanges } from "./user-changes.ts";
import { directoryObjectSchema, textOf, timeOf, userSchema } from "./wire.ts";

/** Reads the source tenant; it has nothing to write with. Every method throws GraphError when Graph gives no answer. */
export type SourceReader = {
  /** `absent` only after "not found" among the users and among the deleted users. */
  readonly readUser: (question: UserQuestion) => Promise<SourceUserRead>;
  /** Two independent answers to "which groups is this user in". */
  readonly readMemberships: (question: MembershipQuestion) => Promise<SourceMemberships>;
  /** Everybody in the group, and the groups in it, nested ones included. */
  readonly listMembers: (group: GroupId, priority: Priority) => Promise<GroupMembers>;
  /** Groups that the group is in, directly or through another. */
  readonly listGroupsAround: (group: GroupId, priority: Priority) => Promise<Listing<string>>;
  /** Everybody with exactly these attribute values. */
  readonly listByAttributes: (
    attributes: Readonly<Record<string, string>>,
    priority: Priority,
  ) => Promise<Listing<string>>;
  /** Who has changed since a moment. */
  readonly changes: UserChanges;
};

/** `items` are users; who is not said to be a group counts as one. */
export type GroupMembers = Listing<string> & { readonly groups: readonly string[] };

type UserQuestion = Tracked & { readonly id: AnalystId; readonly priority: Priority };

type MembershipQuestion = {
  readonly id: AnalystId;
  /** The groups that matter for roles. */
  readonly groups: readonly GroupId[];
  readonly priority: Priority;
};

export type SourceMemberships = {
  /** Direct memberships of any kind, as listed. */
  readonly direct: Listing<string>;
  /** Which of the groups asked about the user is in, nested ones included. */
  readonly confirmed: ReadonlySet<string>;
};

export function sourceReader(tenant: GraphTenant): SourceReader {
  return {
    readUser: (question) => readUser(tenant, question),
    async readMemberships({ id, groups, priority }) {
      const [direct, confirmed] = await Promise.all([
        listMemberOf(tenant, id, priority),
        checkMemberGroups(tenant, { userId: id, groups, priority }),
      ]);
      return { direct, confirmed };
    },
    listMembers: (group, priority) => listMembers(tenant, group, priority),
    listGroupsAround: (group, priority) =>
      listIds(tenant, {
        path: `/groups/${group}/transitiveMemberOf?$select=id&$top=999`,
        template: "/groups/{id}/transitiveMemberOf",
        priority,
      }),
    listByAttributes(attributes, priority) {
      const { query, headers } = equalTo(attributes);
      const call = {
        path: `/users?${query}&$select=id&$top=999`,
        template: "/users",
        headers,
        priority,
      } as const;
      return listIds(tenant, call);
    },
    changes: userChanges(tenant),
  };
}

/**
 * Not `…/transitiveMembers/microsoft.graph.user`: a cast of a transitive list is an advanced query, which reads an index that
 * is further behind than the directory. https://learn.microsoft.com/graph/aad-advanced-queries
 */
async function listMembers(tenant: GraphTenant, group: GroupId, priority: Priority): Promise<GroupMembers> {
  const call = {
    path: `/groups/${group}/transitiveMembers?$select=id&$top=999`,
    template: "/groups/{id}/transitiveMembers",
    priority,
  } as const;
  const listing = await listAll(tenant, call, directoryObjectSchema);
  const kinds = Map.groupBy(listing.items, kindOf);
  const ids = (kind: ReturnType<typeof kindOf>) => (kinds.get(kind) ?? []).map(({ id }) => id.toLowerCase());
  return { ...listing, items: ids("person"), groups: ids("group") };
}

/** What does not say that it is something else counts as a person: nobody is passed over. */
function kindOf(item: z.infer<typeof directoryObjectSchema>): "person" | "group" | "other" {
  const type = textOf(item, "@odata.type") ?? "";
  if (type === "#microsoft.graph.group") return "group";
  return others.has(type) ? "other" : "person";
}

/** https://learn.microsoft.com/graph/api/group-list-members */
const others: ReadonlySet<string> = new Set(
  ["device", "servicePrincipal", "orgContact"].map((name) => `#microsoft.graph.${name}`),
);

async function listIds(tenant: GraphTenant, call: Omit<GraphCall, "method">): Promise<Listing<string>> {
  const listing = await listAll(tenant, call, directoryObjectSchema);
  return { ...listing, items: listing.items.map(({ id }) => id.toLowerCase()) };
}

async function readUser(tenant: GraphTenant, question: UserQuestion): Promise<SourceUserRead> {
  const { id, attributes, stamps, priority } = question;
  const select = [...userProperties({ attributes, stamps }), "signInSessionsValidFromDateTime"].join(",");
  const reply = await tenant.send({
    method: "GET",
    path: `/users/${id}?$select=${select}`,
    template: "/users/{id}",
    priority,
    accepts: notFound,
  });
  if (reply.status === 404) return readDeleted(tenant, id, priority);
  const wire = userSchema.parse(reply.body);
  return {
    kind: "present",
    user: {
      id: analystIdSchema.parse(wire.id),
      userPrincipalName: wire.userPrincipalName,
      mail: textOf(wire, "mail"),
      displayName: wire.displayName ?? wire.userPrincipalName,
      // Only an explicit `false` makes a leaver; a value that is missing is no evidence.
      enabled: wire.accountEnabled !== false,
      attributes: pick(wire, attributes),
      stamps: pick(wire, stamps),
      sessionsValidFrom: timeOf(wire.signInSessionsValidFromDateTime),
    },
  };
}

async function readDeleted(tenant: GraphTenant, id: AnalystId, priority: Priority): Promise<SourceUserRead> {
  const reply = await tenant.send({
    method: "GET",
    path: `/directory/deletedItems/${id}?$select=id`,
    template: "/directory/deletedItems/{id}",
    priority,
    accepts: notFound,
  });
  return reply.status === 404 ? { kind: "absent" } : { kind: "soft-deleted" };
}

function pick(
  wire: Readonly<Record<string, unknown>>,
  properties: readonly string[],
): Readonly<Record<string, string | null>> {
  return Object.fromEntries(properties.map((property) => [property, textOf(wire, property)]));
}
