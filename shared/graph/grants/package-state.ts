import { z } from "zod";
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
const packageRef = z.looseObject({ id: guidSchema }).nullish();

export const assignmentSchema = z.looseObject({
  id: z.string(),
  state: word,
  expiredDateTime: dateTime,
  schedule: z.looseObject({ expiration: z.looseObject({ endDateTime: dateTime }).nullish() }).nullish(),
  accessPackage: packageRef,
  target: z.looseObject({ subjectLifecycle: word.nullish() }).nullish(),
});

export const requestSchema = z.looseObject({
  id: z.string(),
  requestType: word,
  state: word,
  createdDateTime: dateTime,
  accessPackage: packageRef,
});

export type Assignment = z.infer<typeof assignmentSchema>;
export type Request = z.infer<typeof requestSchema>;

/** Everything that was read of one person; `complete`: nothing is missing in either list. */
export type Papers = {
  readonly assignments: readonly Assignment[];
  readonly requests: readonly Request[];
  readonly isComplete: boolean;
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

const askedAt = ({ createdDateTime }: Request) => timeOf(createdDateTime) ?? 0;

/** The assignment that gives something, or is to; there is one at most. */
export const liveAssignment = ({ assignments }: Papers): Assignment | undefined =>
  assignments.find(({ state }) => state !== "expired");

const removals: ReadonlySet<string> = new Set([
  "adminremove",
  "userremove",
  "systemremove",
  "approverremove",
]);
const isRemoval = ({ requestType }: Request) => removals.has(requestType);
const open: ReadonlySet<string> = new Set(["submitted", "pendingapproval", "scheduled", "delivering"]);
const isOpen = ({ state }: Request) => open.has(state);
export const hasFailed = ({ state }: Assignment | Request) =>
  state === "deliveryfailed" || state === "partiallydelivered";

/** What is under way that would give it. */
export const openAddition = ({ requests }: Papers): Request | undefined =>
  requests.find((request) => isOpen(request) && !isRemoval(request));

export const openRemoval = ({ requests }: Papers): Request | undefined =>
  requests.find((request) => isOpen(request) && isRemoval(request));

/**
 * Graph processes again what has failed within seven days of that; the request tells when it began.
 * https://learn.microsoft.com/entra/id-governance/entitlement-management-troubleshoot#reprocess-a-request
 */
export const reprocessMs = 7 * 24 * 60 * 60_000;

/** What these papers about one package show to whoever wants it, or wants to be rid of it. */
export function sightOfPackage(
  papers: Papers,
  { wanted, renew, now }: { readonly wanted: "yes" | "no"; readonly renew: boolean; readonly now: number },
): Sight {
  const removal = openRemoval(papers);
  if (removal !== undefined) return { seen: "going", ...underWay(removal) };
  const live = liveAssignment(papers);
  const addition = openAddition(papers);
  if (wanted === "no") {
    if (addition !== undefined) return { seen: "coming", ...underWay(addition) };
    if (live !== undefined) return { seen: "present", detail: `assignment ${live.id} is ${live.state}` };
    return absent(papers);
  }
  if (live?.state === "delivered")
    return {
      seen: "present",
      ...endOf(live, renew),
      ...(isGoverned(live) ? { detail: "of a governed guest" } : {}),
    };
  if (addition !== undefined) return { seen: "coming", ...underWay(addition) };
  if (live !== undefined) return unfinished(live, papers, now);
  return ended(papers, renew);
}

const absent = ({ isComplete }: Papers): Sight => ({ seen: isComplete ? "absent" : "unknown" });

function underWay(request: Request): Pick<Sight, "detail" | "since" | "patient"> {
  const { id, state, requestType } = request;
  const since = askedAt(request);
  const waits = state === "pendingapproval" ? "waits for approval" : `is ${state}`;
  return {
    detail: `request ${id} (${requestType}) ${waits}`,
    ...(since === 0 ? {} : { since }),
    // Approvers have days, and what is scheduled has its day.
    ...(state === "pendingapproval" || state === "scheduled" ? { patient: "yes" } : {}),
  };
}

/** Entitlement management invited them, and ends their account when the last package is gone. */
const isGoverned = ({ target }: Assignment) => target?.subjectLifecycle === "governed";

/** Only what is renewed has an end that matters before it has come. */
function endOf({ schedule }: Assignment, renew: boolean): Pick<Sight, "endsAt"> {
  const endsAt = timeOf(schedule?.expiration?.endDateTime);
  return renew && endsAt !== null ? { endsAt } : {};
}

/** It has failed, in whole or in part, or is being delivered and the request for it is not on show. */
function unfinished(live: Assignment, { requests }: Papers, now: number): Sight {
  const request = requests.find((one) => !isRemoval(one));
  const since = request === undefined ? undefined : askedAt(request);
  const detail = `assignment ${live.id} is ${live.state}${request === undefined ? "" : `, request ${request.id}`}`;
  if (!hasFailed(live)) return { seen: "coming", detail, ...(since === undefined ? {} : { since }) };
  const isOver = since !== undefined && now - since >= reprocessMs;
  return { seen: isOver ? "stuck" : "failed", detail, ...(since === undefined ? {} : { since }) };
}

/** Nothing is there and nothing is under way: what happened last says why. */
function ended(papers: Papers, renew: boolean): Sight {
  const { assignments, requests } = papers;
  const expired = assignments.toSorted((a, b) => expiredAt(b) - expiredAt(a))[0];
  const last = requests[0];
  const isLater = last !== undefined && askedAt(last) > (expired === undefined ? 0 : expiredAt(expired));
  if (isLater && !isRemoval(last)) {
    if (last.state === "denied" || last.state === "canceled")
      return { seen: "stuck", detail: `request ${last.id} was ${last.state}` };
    if (hasFailed(last)) return { seen: "stuck", detail: `request ${last.id} has failed` };
  }
  if (expired !== undefined && !isLater && hasRunOut(expired) && !renew) return { seen: "lapsed" };
  return absent(papers);
}

const expiredAt = ({ expiredDateTime }: Assignment) => timeOf(expiredDateTime) ?? 0;

/** It ended when it was to end, and not because somebody took it away before. */
function hasRunOut(assignment: Assignment): boolean {
  const end = timeOf(assignment.schedule?.expiration?.endDateTime);
  return end !== null && expiredAt(assignment) >= end - 60_000;
}
