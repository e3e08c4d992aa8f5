import { z } from "zod";
import type { Grant } from "../../model/grant.ts";
import type { AccountId } from "../../model/ids.ts";
import { readDenial, reviewsOfPackage } from "../access-reviews.ts";
import type { Written } from "../group-members.ts";
import { listAll } from "../listing.ts";
import type { GraphTenant, Priority, SendLimits } from "../tenant.ts";
import type { GrantReader, GrantWriter, Holder, HolderReader, NotYet } from "./kind.ts";
import type { PackageDirectory } from "./package-directory.ts";
import { ask, assign, assignmentsAt, lasting, reprocess, requestsAt, settled } from "./package-requests.ts";
import {
  assignmentSchema,
  hasFailed,
  liveAssignment,
  openRemoval,
  papersOf,
  requestSchema,
  sightOfPackage,
  type Papers,
} from "./package-state.ts";

const justification = "Muster: as the policy says";

/** Assignment of an access package: it is asked for, and comes when it has been approved and delivered. */
export function packageReader(tenant: GraphTenant, packages: PackageDirectory): GrantReader<"package"> {
  return {
    outlives: "yes",
    reads: `assignments and requests: GET ${assignmentsAt} and ${requestsAt}`,
    find: (wish, priority) => packages.find(wish, priority),
    async holdings(account, priority) {
      const papers = await readPapers(tenant, account, priority);
      const now = tenant.now();
      return (grant, wanted) => sightOfPackage(papers, grant, { wanted, now });
    },
    async isHeld({ package: id }, account, priority) {
      const papers = papersOf(await readPapers(tenant, account, priority), id);
      if (liveAssignment(papers) !== undefined) return "yes";
      return papers.isComplete ? "no" : "unknown";
    },
    // A package that has assignments cannot be deleted, and there is no recycle bin for it.
    isThere: async () => true,
    denial: ({ package: id }, account, asked) =>
      readDenial(tenant, reviewsOfPackage(id), { ...asked, account }),
  };
}

/** `requestor` of a direct assignment is whom it is for. The filters are those of the calls' own pages. */
async function readPapers(tenant: GraphTenant, account: AccountId, priority: Priority): Promise<Papers> {
  const of = (who: string) => encodeURIComponent(`${who}/objectId eq '${account}'`);
  const [assignments, requests] = await Promise.all([
    listAll(
      tenant,
      {
        path: `${assignmentsAt}?$filter=${of("target")}&$expand=accessPackage($select=id),assignmentPolicy($select=id),target`,
        template: assignmentsAt,
        priority,
      },
      assignmentSchema,
    ),
    listAll(
      tenant,
      {
        path: `${requestsAt}?$filter=${of("requestor")}&$expand=accessPackage($select=id),assignment($select=id)`,
        template: requestsAt,
        priority,
      },
      requestSchema,
    ),
  ]);
  const hasAllRequests = requests.completeness.kind === "complete";
  return {
    assignments: assignments.items,
    requests: requests.items,
    isComplete: assignments.completeness.kind === "complete" && hasAllRequests,
    hasAllRequests,
  };
}

/** Assignments stay in the list when they have ended, and one that is not delivered may be on its way in or out. */
export function packageHolders(tenant: GraphTenant): HolderReader<"package"> {
  return async ({ package: id }, { priority }) => {
    const filter = encodeURIComponent(`accessPackage/id eq '${id}'`);
    const listing = await listAll(
      tenant,
      { path: `${assignmentsAt}?$filter=${filter}&$expand=target`, template: assignmentsAt, priority },
      holderSchema,
    );
    const items = listing.items.flatMap(({ state, target }): readonly Holder[] => {
      const holder = target?.objectId ?? null;
      if (holder === null || state === "expired") return [];
      return [{ id: holder, seen: state === "delivered" ? "present" : "coming" }];
    });
    return { ...listing, items };
  };
}

const holderSchema = z.looseObject({
  state: z.string().toLowerCase().catch(""),
  target: z.looseObject({ objectId: z.string().toLowerCase().nullish() }).nullish(),
});

export function packageWriter(tenant: GraphTenant): GrantWriter<"package"> {
  const papersNow = async (grant: Grant<"package">, account: AccountId, { priority }: SendLimits) =>
    papersOf(await readPapers(tenant, account, priority), grant.package);

  const give: GrantWriter<"package">["give"] = async (grant, account, limits) => {
    const papers = await papersNow(grant, account, limits);
    const live = liveAssignment(papers);
    if (live !== undefined && hasFailed(live)) return settled(await reprocess(tenant, live.id, limits));
    // It is there, and what it gives may have been taken away beside it.
    if (live?.state === "delivered" && papers.hasAllRequests && openRemoval(papers) === undefined) {
      const enforced = settled(await reprocess(tenant, live.id, limits));
      return enforced.result === "done" ? { ...enforced, result: "already" } : enforced;
    }
    // What is missing may be what there is already, and nobody says that a second one is refused beside one that has failed.
    if (!papers.isComplete) return halfRead;
    const assignment = {
      targetId: account,
      assignmentPolicyId: grant.policy,
      accessPackageId: grant.package,
    };
    return assign(tenant, { grant, assignment, justification, limits });
  };

  return {
    give,
    async renew(grant, account, limits) {
      const live = liveAssignment(await papersNow(grant, account, limits));
      if (live === undefined) return give(grant, account, limits);
      const body = { requestType: "adminUpdate", assignment: { id: live.id }, ...lasting(tenant, grant) };
      return settled(await ask(tenant, { ...body, justification }, limits));
    },
    async take(grant, account, limits) {
      const papers = await papersNow(grant, account, limits);
      const live = liveAssignment(papers, "no");
      // An application can neither cancel a request nor remove what is being delivered.
      const { seen, detail = "" } = sightOfPackage(papers, grant, { wanted: "no", now: tenant.now() });
      if (seen === "coming") return { ...halfRead, why: detail };
      if (openRemoval(papers) !== undefined) return unsent("already");
      if (live === undefined) return papers.isComplete ? unsent("missing") : halfRead;
      const body = { requestType: "adminRemove", assignment: { id: live.id }, justification };
      const taken = settled(await ask(tenant, body, limits));
      // Something else is asked of the assignment just now.
      return taken.result === "already" ? { ...halfDone, trace: taken.trace } : taken;
    },
  };
}

/** Two lists have told enough. */
const unsent = (result: Written["result"]): Written => ({ result, appliedBefore: "no", trace: null });

const halfRead: NotYet = {
  result: "not-yet",
  appliedBefore: "no",
  why: "the requests and assignments could not be read to the end",
  advice: null,
  trace: null,
};

const halfDone: NotYet = { ...halfRead, why: "another request for the assignment is open" };
