import type { Grant } from "../../model/grant.ts";
import type { Written } from "../group-members.ts";
import { refusalIn, type GraphReply, type GraphTenant, type SendLimits } from "../tenant.ts";
import type { NotYet } from "./kind.ts";
import { entitlement } from "./package-path.ts";

export const assignmentsAt = `${entitlement}/assignments`;
export const requestsAt = `${entitlement}/assignmentRequests`;

/** What to assign, and to whom: an account, or an address that has none yet. */
type Assigning = {
  readonly grant: Grant<"package">;
  readonly assignment: Readonly<Record<string, unknown>>;
  /** Stays on the request, for people to read. */
  readonly justification: string;
  readonly limits: SendLimits;
};

/** Asks for an assignment. One that is there, or is asked for already, is no failure. @throws GraphError */
export async function assign(
  tenant: GraphTenant,
  { grant, assignment, justification, limits }: Assigning,
): Promise<Written | NotYet> {
  const body = { requestType: "adminAdd", assignment, ...lasting(tenant, grant), justification };
  return settled(await ask(tenant, body, limits));
}

/** By the tenant's clock: with a beginning that lies ahead, the person would have to wait for it. */
export function lasting(tenant: GraphTenant, { expires }: Grant<"package">) {
  if (expires === null) return {};
  const expiration = { type: "afterDuration", duration: expires };
  return { schedule: { startDateTime: new Date(tenant.now()).toISOString(), expiration } };
}

export function ask(
  tenant: GraphTenant,
  body: Readonly<Record<string, unknown>>,
  limits: SendLimits,
): Promise<GraphReply> {
  return tenant.send({
    method: "POST",
    path: requestsAt,
    template: requestsAt,
    body,
    accepts: ({ status }) => status === 400 || status === 404,
    ...limits,
  });
}

export function reprocess(tenant: GraphTenant, id: string, limits: SendLimits): Promise<GraphReply> {
  return tenant.send({
    method: "POST",
    path: `${assignmentsAt}/${id}/reprocess`,
    template: `${assignmentsAt}/{id}/reprocess`,
    accepts: ({ status }) => status === 400 || status === 404,
    ...limits,
  });
}

/**
 * No code of entitlement management's is documented. Existing grants and open requests are told by what people report; what else is
 * refused may be because the answering replica does not know a new account, or an assignment, so it is asked again, and people
 * are told.
 */
export function settled({ status, body, appliedBefore, trace }: GraphReply): Written | NotYet {
  if (status < 400) return { result: "done", appliedBefore, trace };
  const { code, message } = refusalIn(body);
  if (/existing|already/i.test(`${code} ${message}`)) return { result: "already", appliedBefore, trace };
  const why = `entitlement management does not do it: ${code}: ${message}`;
  if (status === 404 || /notfound|invalidstate/i.test(code))
    return { result: "not-yet", appliedBefore, why, advice: null, trace };
  return { result: "not-yet", appliedBefore, why, advice: refusedAdvice, trace };
}

const refusedAdvice =
  "let the assignment policy that the policy file names allow direct assignment to this person, or name another";
