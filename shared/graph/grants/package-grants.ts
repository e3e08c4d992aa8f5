import type { Grant } from "../../model/grant.ts";
import type { AccountId } from "../../model/ids.ts";
import type { Written } from "../group-members.ts";
import { listAll } from "../listing.ts";
import { refusalIn, type GraphReply, type GraphTenant, type Priority, type SendLimits } from "../tenant.ts";
import type { GrantReader, GrantWriter, NotYet } from "./kind.ts";
import type { PackageDirectory } from "./package-directory.ts";
import { entitlement } from "./package-path.ts";
import {
  assignmentSchema,
  hasFailed,
  liveAssignment,
  openAddition,
  openRemoval,
  papersOf,
  requestSchema,
  sightOfPackage,
  type Papers,
  type Request,
} from "./package-state.ts";

const assignmentsAt = `${entitlement}/assignments`;
const requestsAt = `${entitlement}/assignmentRequests`;

/** Assignment of an access package: it is asked for, and comes when it has been approved and delivered. */
export function packageReader(tenant: GraphTenant, packages: PackageDirectory): GrantReader<"package"> {
  return {
    find: (wish, priority) => packages.find(wish, priority),
    async holdings(account, priority) {
      const papers = await readPapers(tenant, account, priority);
      const now = tenant.now();
      return ({ package: id, renew }, wanted) => sightOfPackage(papersOf(papers, id), { wanted, renew, now });
    },
    async isHeld({ package: id }, account, priority) {
      return liveAssignment(papersOf(await readPapers(tenant, account, priority), id)) !== undefined;
    },
  };
}

/** `requestor` of a direct assignment is whom it is for. The filters are those of the calls' own pages. */
async function readPapers(tenant: GraphTenant, account: AccountId, priority: Priority): Promise<Papers> {
  const of = (who: string) => encodeURIComponent(`${who}/objectId eq '${account}'`);
  const [assignments, requests] = await Promise.all([
    listAll(
      tenant,
      {
        path: `${assignmentsAt}?$filter=${of("target")}&$expand=accessPackage($select=id)`,
        template: assignmentsAt,
        priority,
      },
      assignmentSchema,
    ),
    listAll(
      tenant,
      {
        path: `${requestsAt}?$filter=${of("requestor")}&$expand=accessPackage($select=id)`,
        template: requestsAt,
        priority,
      },
      requestSchema,
    ),
  ]);
  return {
    assignments: assignments.items,
    requests: requests.items,
    isComplete: assignments.completeness.kind === "complete" && requests.completeness.kind === "complete",
  };
}

export function packageWriter(tenant: GraphTenant): GrantWriter<"package"> {
  const papersNow = async (grant: Grant<"package">, account: AccountId, { priority }: SendLimits) =>
    papersOf(await readPapers(tenant, account, priority), grant.package);

  const give: GrantWriter<"package">["give"] = async (grant, account, limits) => {
    const live = liveAssignment(await papersNow(grant, account, limits));
    if (live !== undefined && hasFailed(live)) return settled(await reprocess(tenant, live.id, limits));
    const assignment = {
      targetId: account,
      assignmentPolicyId: grant.policy,
      accessPackageId: grant.package,
    };
    return settled(
      await ask(tenant, { requestType: "adminAdd", assignment, ...lasting(tenant, grant) }, limits),
    );
  };

  return {
    give,
    async renew(grant, account, limits) {
      const live = liveAssignment(await papersNow(grant, account, limits));
      if (live === undefined) return give(grant, account, limits);
      const assignment = { id: live.id };
      return settled(
        await ask(tenant, { requestType: "adminUpdate", assignment, ...lasting(tenant, grant) }, limits),
      );
    },
    async take(grant, account, limits) {
      const papers = await papersNow(grant, account, limits);
      const live = liveAssignment(papers);
      const addition = openAddition(papers);
      // An application can neither cancel a request nor remove what is being delivered.
      if (addition !== undefined) return { result: "not-yet", ...outOfReach(addition), trace: null };
      if (openRemoval(papers) !== undefined) return unsent("already");
      if (live === undefined) return unsent(papers.isComplete ? "missing" : "already");
      return settled(await ask(tenant, { requestType: "adminRemove", assignment: { id: live.id } }, limits));
    },
  };
}

/** Two lists have told enough. */
const unsent = (result: Written["result"]): Written => ({ result, appliedBefore: "no", trace: null });

/** By the tenant's clock: with a beginning that lies ahead, the person would have to wait for it. */
function lasting(tenant: GraphTenant, { expires }: Grant<"package">) {
  if (expires === null) return {};
  const expiration = { type: "afterDuration", duration: expires };
  return { schedule: { startDateTime: new Date(tenant.now()).toISOString(), expiration } };
}

function ask(
  tenant: GraphTenant,
  body: Readonly<Record<string, unknown>>,
  limits: SendLimits,
): Promise<GraphReply> {
  return tenant.send({
    method: "POST",
    path: requestsAt,
    template: requestsAt,
    body: { ...body, justification: "Muster: as the policy says" },
    accepts: ({ status }) => status === 400 || status === 404,
    ...limits,
  });
}

function reprocess(tenant: GraphTenant, id: string, limits: SendLimits): Promise<GraphReply> {
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
function settled({ status, body, appliedBefore, trace }: GraphReply): Written | NotYet {
  if (status < 400) return { result: "done", appliedBefore, trace };
  const { code, message } = refusalIn(body);
  if (/existing|already/i.test(`${code} ${message}`)) return { result: "already", appliedBefore, trace };
  const why = `entitlement management does not do it: ${code}: ${message}`;
  if (status === 404 || /notfound|invalidstate/i.test(code))
    return { result: "not-yet", why, advice: null, trace };
  return { result: "not-yet", why, advice: refusedAdvice, trace };
}

const refusedAdvice =
  "let the assignment policy that the policy file names allow direct assignment to this person, or name another";

const outOfReach = ({ id, state }: Request) => ({
  why: `request ${id} for an access package is ${state}, and no application can take it back`,
  advice:
    state === "delivering" || state === "submitted"
      ? null
      : "deny or cancel the request in entitlement management; if it is delivered, Muster removes the assignment",
});
