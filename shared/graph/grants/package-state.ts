import { z } from "zod";
import type { Grant } from "../../model/grant.ts";
import { guidSchema, type PackageId } from "../../model/ids.ts";
import type { Sight } from "../../model/sight.ts";
import { timeOf } from "../wire.ts";

/*
 * What entitlement management tells of one person: assignments, which stay in the list when they have ended, and requests, which are
 * kept for three months. What they are together, nobody says in one word.
 * https://learn.microsoft.com/graph/api/resources/accesspackageassignment
 * https://learn.microsoft.com/graph/api/resources/accesspackageassignmentrequest
 */
const dateTime = z.iso.datetime({ offset: true }).nullish();
const word = z.string().toLowerCase().catch("");
const reference = z.looseObject({ id: guidSchema }).nullish();

export const assignmentSchema = z.looseObject({
  id: z.string(),
  state: word,
  expiredDateTime: dateTime,
  schedule: z.looseObject({ expiration: z.looseObject({ endDateTime: dateTime }).nullish() }).nullish(),
  accessPackage: reference,
  assignmentPolicy: reference,
  target: z.looseObject({ subjectLifecycle: word.nullish() }).nullish(),
});

export const requestSchema = z.looseObject({
  id: z.string(),
  requestType: word,
  state: word,
  createdDateTime: dateTime,
  completedDateTime: dateTime,
  justification: z.string().nullish(),
  accessPackage: reference,
  /** What has come of it so far. */
  assignment: z.looseObject({ id: z.string() }).nullish(),
});

export type Assignment = z.infer<typeof assignmentSchema>;
export type Request = z.infer<typeof requestSchema>;

type PackageGrant = Pick<Grant<"package">, "package" | "policy">;

/** Everything that was read of one person. */
export type Papers = {
  readonly assignments: readonly Assignment[];
  readonly requests: readonly Request[];
  /** Nothing is missing in either list. */
  readonly isComplete: boolean;
  readonly hasAllRequests: boolean;
};

/** Those about one package, each list with the latest first. */
export function papersOf(papers: Papers, packageId: PackageId): Papers {
  const isAbout = ({ accessPackage }: Assignment | Request) => accessPackage?.id === packageId;
  return {
    ...papers,
    assignments: papers.assignments.filter(isAbout),
    requests: papers.requests.filter(isAbout).toSorted((a, b) => askedAt(b) - askedAt(a)),
  };
}

export const askedAt = ({ createdDateTime }: Request) => timeOf(createdDateTime) ?? 0;

const isLive = ({ state }: Assignment) => state !== "expired";

/**
 * The assignment that gives something, or is to. There is one, unless somebody else has assigned the package beside an assignment of Muster's
 * that has failed: whoever wants it has what is delivered, and whoever is to lose it loses Muster's own.
 */
export function liveAssignment(papers: Papers, wanted: "yes" | "no" = "yes"): Assignment | undefined {
  const live = papers.assignments.filter(isLive);
  const best =
    wanted === "yes"
      ? live.find(({ state }) => state === "delivered")
      : live.find((one) => cameOf(one, papers) === "muster");
  return best ?? live[0];
}

/** Whose request it came of; undefined: that request is not on show, or does not say. */
function cameOf({ id }: Assignment, { requests }: Papers): Sight["by"] {
  const request = requests.find((one) => isAddition(one) && one.assignment?.id === id);
  return request === undefined ? undefined : isMusters(request) ? "muster" : "others";
}

const removals: ReadonlySet<string> = new Set([
  "adminremove",
  "userremove",
  "systemremove",
  "approverremove",
]);
const updates: ReadonlySet<string> = new Set(["adminupdate", "userupdate", "systemupdate"]);
const isRemoval = ({ requestType }: Request) => removals.has(requestType);
const isUpdate = ({ requestType }: Request) => updates.has(requestType);
const isAddition = (request: Request) => !isRemoval(request) && !isUpdate(request);
const open: ReadonlySet<string> = new Set(["submitted", "pendingapproval", "scheduled", "delivering"]);
const isOpen = ({ state }: Request) => open.has(state);
export const hasFailed = ({ state }: Assignment | Request) =>
  state === "deliveryfailed" || state === "partiallydelivered";
const isRefused = ({ state }: Request) => state === "denied" || state === "canceled";

/** Muster says on its requests that they are its own. */
const isMusters = ({ justification }: Pick<Request, "justification">) =>
  justification?.startsWith("Muster:") === true;

/** What is under way that would give it. */
export const openAddition = ({ requests }: Papers): Request | undefined =>
  requests.find((request) => isOpen(request) && isAddition(request));

export const openRemoval = ({ requests }: Papers): Request | undefined =>
  requests.find((request) => isOpen(request) && isRemoval(request));

/**
 * Graph processes again what has failed within seven days of that; the request tells when it began.
 * https://learn.microsoft.com/entra/id-governance/entitlement-management-troubleshoot#reprocess-a-request
 */
export const reprocessMs = 7 * 24 * 60 * 60_000;

type Question = { readonly wanted: "yes" | "no"; readonly now: number };

/** What a person's papers show of this package to whoever wants it, or wants to be rid of it. */
export function sightOfPackage(all: Papers, grant: PackageGrant, { wanted, now }: Question): Sight {
  const papers = papersOf(all, grant.package);
  const removal = openRemoval(papers);
  if (removal !== undefined) return { seen: "going", ...underWay(removal) };
  const live = liveAssignment(papers, wanted);
  // What was asked to be taken away stays delivered until it is gone, and the request for that may be the one that is missing.
  if (wanted === "yes" && live?.state === "delivered" && !papers.hasAllRequests) return halfRead;
  const by = giverOf(papers, live);
  if (live !== undefined && (wanted === "no" || live.state === "delivered"))
    return { ...(wanted === "no" ? leftOf(live, papers) : has(live, papers)), ...by };
  const addition = openAddition(papers);
  if (addition !== undefined) return { seen: "coming", ...underWay(addition), ...by };
  if (live !== undefined) return { ...unfinished(live, papers, now), ...by };
  return ended(papers, grant, wanted);
}

const halfRead: Sight = { seen: "unknown", unread: "partly" };
const absent = ({ isComplete }: Papers): Sight => (isComplete ? { seen: "absent" } : halfRead);

/**
 * Of several requests the last that was not refused brought it about, which may be the one that is missing. Of several assignments one
 * that is Muster's is Muster's to take away, so the package stays Muster's until it is gone.
 */
function giverOf(papers: Papers, live: Assignment | undefined): Pick<Sight, "by"> {
  const { assignments, requests, isComplete } = papers;
  if (!isComplete) return {};
  const all = assignments.filter(isLive);
  if (all.length > 1 && all.some((one) => cameOf(one, papers) === "muster")) return { by: "muster" };
  const by = live === undefined ? undefined : cameOf(live, papers);
  if (by !== undefined) return { by };
  const request = requests.find((one) => isAddition(one) && !isRefused(one));
  return request === undefined ? {} : { by: isMusters(request) ? "muster" : "others" };
}

function underWay(request: Request): Pick<Sight, "detail" | "since" | "patient"> {
  const { id, state } = request;
  const what = isRemoval(request) ? " to take it away" : "";
  const since = askedAt(request);
  const waits = state === "pendingapproval" ? "waits for approval" : `is ${state}`;
  return {
    detail: `request ${id}${what} ${waits}`,
    ...(since === 0 ? {} : { since }),
    // Approvers have days, and what is scheduled has its day.
    ...(state === "pendingapproval" || state === "scheduled" ? { patient: "yes" } : {}),
  };
}

/** Somebody else's, where there is one of Muster's as well. */
const isBeside = (live: Assignment, papers: Papers): boolean =>
  cameOf(live, papers) === "others" &&
  papers.assignments.some((one) => isLive(one) && cameOf(one, papers) === "muster");

function has(live: Assignment, papers: Papers): Sight {
  const { requests } = papers;
  const endsAt = timeOf(live.schedule?.expiration?.endDateTime);
  const addition = requests.find(isAddition);
  const at = timeOf(addition?.completedDateTime);
  const update = updateOf(requests, addition === undefined ? 0 : askedAt(addition));
  return {
    seen: "present",
    ...(at === null ? {} : { at }),
    // How long somebody else's lasts is theirs to say.
    ...(endsAt === null || isBeside(live, papers) ? {} : { endsAt }),
    ...(governedIn(live) === "yes" ? { detail: "of a governed guest" } : {}),
    ...lifecycleOf(live),
    ...(update === undefined ? {} : renewalOf(update)),
  };
}

/**
 * What was asked for after the assignment. An older one was about another assignment; and what the person asked for, and was refused or
 * took back, is no answer to Muster.
 */
const updateOf = (requests: readonly Request[], since: number): Request | undefined =>
  requests.find((one) => isUpdate(one) && askedAt(one) >= since && (isOpen(one) || isMusters(one)));

function renewalOf(update: Request): Pick<Sight, "renewal"> {
  if (isOpen(update))
    return { renewal: { state: "waits", detail: `request ${update.id} is ${update.state}` } };
  return isRefused(update)
    ? { renewal: { state: "denied", detail: `request ${update.id} was ${update.state}` } }
    : {};
}

/** Whether entitlement management invited them, and ends their account when the last package is gone. */
function governedIn({ target }: Assignment): Sight["governed"] {
  const lifecycle = target?.subjectLifecycle ?? "";
  return lifecycle === "" ? undefined : lifecycle === "governed" ? "yes" : "no";
}

function lifecycleOf(live: Assignment): Pick<Sight, "governed"> {
  const governed = governedIn(live);
  return governed === undefined ? {} : { governed };
}

/** What is being delivered cannot be taken away before it has come; and what could not be taken away is tried again by the hour. */
function leftOf(live: Assignment, papers: Papers): Sight {
  const detail = `assignment ${live.id} is ${live.state}`;
  const addition = openAddition(papers);
  if (addition !== undefined) return { seen: "coming", ...underWay(addition) };
  if (live.state === "delivering") return { seen: "coming", detail };
  const removal = papers.requests.find((one) => !isUpdate(one));
  const hasStumbled = removal !== undefined && isRemoval(removal) && hasFailed(removal);
  const endsAt = timeOf(live.schedule?.expiration?.endDateTime);
  return {
    seen: "present",
    ...(endsAt === null ? {} : { endsAt }),
    detail: hasStumbled ? `${detail}, and its removal, request ${removal.id}, has failed` : detail,
    ...lifecycleOf(live),
    ...(hasStumbled ? { since: askedAt(removal), notBefore: askedAt(removal) + hourMs } : {}),
  };
}

const hourMs = 60 * 60_000;

/** It has failed, in whole or in part, or is being delivered and the request for it is not on show. */
function unfinished(live: Assignment, { requests }: Papers, now: number): Sight {
  const request = requests.find(isAddition);
  const since = request === undefined ? undefined : askedAt(request);
  const detail = `assignment ${live.id} is ${live.state}${request === undefined ? "" : `, request ${request.id}`}`;
  if (!hasFailed(live)) return { seen: "coming", detail, ...(since === undefined ? {} : { since }) };
  const isOver = since !== undefined && now - since >= reprocessMs;
  return {
    seen: isOver ? "stuck" : "failed",
    detail,
    ...(since === undefined ? {} : { since, at: since }),
  };
}

/** No assignment is on show and nothing is under way: what happened last says why. */
function ended(papers: Papers, { policy }: PackageGrant, wanted: "yes" | "no"): Sight {
  const { assignments, requests, isComplete } = papers;
  // What is missing may be what came last, and another request is not harmless.
  if (!isComplete) return halfRead;
  const expired = assignments.toSorted((a, b) => expiredAt(b) - expiredAt(a));
  const over = expired[0] === undefined ? 0 : expiredAt(expired[0]);
  // The service notes what it takes away when its time is over.
  const last = requests.find((one) => !isUpdate(one) && one.requestType !== "systemremove");
  if (last !== undefined && isAddition(last) && askedAt(last) > over) {
    const at = askedAt(last);
    // Whatever came of it is not on show, or not under this account.
    if (last.state === "delivered")
      return {
        seen: "coming",
        detail: `request ${last.id} is delivered, and nothing of it shows`,
        since: at,
      };
    if (wanted === "no") return absent(papers);
    if (isRefused(last)) return { seen: "stuck", detail: `request ${last.id} was ${last.state}`, at };
    if (hasFailed(last)) return { seen: "stuck", detail: `request ${last.id} has failed`, at };
  }
  if (wanted === "no" || (last !== undefined && askedAt(last) > over)) return absent(papers);
  // What ended by the rule of another assignment policy may be had under this one.
  const own = expired.find(({ assignmentPolicy }) => (assignmentPolicy?.id ?? policy) === policy);
  const latest = own ?? expired[0];
  if (latest === undefined || !hasRunOut(latest)) return absent(papers);
  const rule = own === undefined ? { rule: "another" as const } : {};
  return { seen: "lapsed", at: expiredAt(latest), ...rule, ...lifecycleOf(latest) };
}

const expiredAt = ({ expiredDateTime }: Assignment) => timeOf(expiredDateTime) ?? 0;

/** It ended when it was to end, and not because somebody took it away before. */
function hasRunOut(assignment: Assignment): boolean {
  const end = timeOf(assignment.schedule?.expiration?.endDateTime);
  return end !== null && expiredAt(assignment) >= end - 60_000;
}
