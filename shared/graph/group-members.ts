import type { GroupId } from "../model/ids.ts";
import {
  notFound,
  type GraphReply,
  type GraphTenant,
  type SendLimits,
  type Refusal,
  type Trace,
} from "./tenant.ts";

/** What a write did. `already` and `missing` are successes: the world is as it should be. */
export type Written = {
  readonly result: "done" | "already" | "missing";
  /** "maybe": an earlier try of this call got no answer, so `already` may be Muster's own doing. */
  readonly appliedBefore: GraphReply["appliedBefore"];
  /** null: nothing had to be sent. */
  readonly trace: Trace | null;
};

export type Member = { readonly group: GroupId; readonly member: string; readonly limits: SendLimits };

/**
 * Adds one member. One reference a call, not `members@odata.bind`: with that, one member who is already there fails
 * the other nineteen.
 * @throws GraphError; 404 may mean "not visible yet" right after creation, or that the group is gone.
 */
export async function addMember(tenant: GraphTenant, { group, member, limits }: Member): Promise<Written> {
  const call = {
    method: "POST",
    path: `/groups/${group}/members/$ref`,
    template: "/groups/{id}/members/$ref",
    body: { "@odata.id": `${tenant.url}/v1.0/directoryObjects/${member}` },
    ...limits,
    accepts: isAlreadyMember,
  } as const;
  const reply = await tenant.send(call);
  return {
    result: reply.status === 400 ? "already" : "done",
    appliedBefore: reply.appliedBefore,
    trace: reply.trace,
  };
}

/**
 * Removes one member. The `/$ref` is what makes this a removal of the reference: without it the call may reach the
 * member itself.
 * @throws GraphError
 */
export async function removeMember(tenant: GraphTenant, { group, member, limits }: Member): Promise<Written> {
  const reply = await tenant.send({
    method: "DELETE",
    path: `/groups/${group}/members/${member}/$ref`,
    template: "/groups/{id}/members/{id}/$ref",
    ...limits,
    accepts: notFound,
  });
  return {
    result: reply.status === 404 ? "missing" : "done",
    appliedBefore: reply.appliedBefore,
    trace: reply.trace,
  };
}

/** Graph has no code of its own for this; the sentence is the only sign. */
function isAlreadyMember({ status, message }: Refusal): boolean {
  return status === 400 && message.includes("added object references already exist");
}
