import { z } from "zod";
import type { Denial } from "../model/denial.ts";
import type { AccountId, GroupId, PackageId } from "../model/ids.ts";
import { unlessGone } from "./error.ts";
import { listAll } from "./listing.ts";
import type { GraphTenant, Priority } from "./tenant.ts";
import { timeOf } from "./wire.ts";

/*
 * Access reviews: a definition says what is reviewed, an instance is one run of it, and each run has a decision for everybody in it.
 * https://learn.microsoft.com/graph/api/resources/accessreviewsv2-overview
 */
const definitionsAt = "/identityGovernance/accessReviews/definitions";

/** What reviews may be about, and how they are found. */
export type Reviewed = {
  /** Id of the object that the scopes name. */
  readonly id: string;
  /** What the scopes of definitions have in them, and those of their runs where one definition is about many. */
  readonly scopes: readonly { readonly definition: string; readonly run?: string }[];
};

/**
 * Scopes that Graph filters by. Reviews of principals and resources of several kinds at once (principalResourceMembershipsScope) are
 * not among them. https://learn.microsoft.com/graph/api/accessreviewset-list-definitions#use-the-filter-query-parameter
 */
export const reviewsOfGroup = (group: GroupId): Reviewed => ({
  id: group,
  // The second: reviews of all Microsoft 365 groups, with a run for each of them.
  scopes: [{ definition: `/groups/${group}` }, { definition: "./members", run: `/groups/${group}` }],
});

export const reviewsOfPackage = (id: PackageId): Reviewed => ({
  id,
  scopes: [{ definition: "accessPackageAssignments" }],
});

/** Runs that are looked at, the latest: whoever wants to know of older ones asks too late. They fit into one batch. */
const runLimit = 20;

type Asked = {
  readonly account: AccountId;
  /** What was denied before this is over, epoch ms. */
  readonly since: number;
  readonly priority: Priority;
};

/**
 * The last time that a review denied this to the account.
 * @returns null when none did, as far as can be seen
 * @throws GraphError when Graph does not say, and Error when it did not say all
 */
export async function readDenial(
  tenant: GraphTenant,
  reviewed: Reviewed,
  asked: Asked,
): Promise<Denial | null> {
  const found = await Promise.all(
    reviewed.scopes.map((scope) => listRuns(tenant, { reviewed, scope }, asked.priority)),
  );
  const runs = found
    .flat()
    .toSorted((a, b) => b.startAt - a.startAt)
    .slice(0, runLimit);
  const denials = await Promise.all(runs.map((run) => listDenials(tenant, { run, reviewed }, asked)));
  const [last = null] = denials
    .flat()
    .filter(({ at }) => at > asked.since)
    .toSorted((a, b) => b.at - a.at);
  return last;
}

const text = z.string().nullish();
const scopeSchema = z.looseObject({ query: text }).nullish();
const definitionSchema = z.looseObject({ id: z.string(), displayName: text, scope: scopeSchema });
const runSchema = z.looseObject({
  id: z.string(),
  startDateTime: text,
  endDateTime: text,
  status: text,
  scope: scopeSchema,
});
const identitySchema = z.looseObject({ id: text, displayName: text, userPrincipalName: text }).nullish();
const decisionSchema = z.looseObject({
  id: z.string(),
  decision: text,
  applyResult: text,
  appliedDateTime: text,
  reviewedDateTime: text,
  reviewedBy: identitySchema,
  justification: text,
  principal: identitySchema,
  principalLink: text,
  resource: z.looseObject({ id: text, accessPackageId: text }).nullish(),
});

type Definition = z.infer<typeof definitionSchema>;
type Decision = z.infer<typeof decisionSchema>;
type Run = {
  readonly id: string;
  readonly definition: Definition;
  readonly startAt: number;
  /** When it was over; null: it is not, or Graph does not say. */
  readonly endedAt: number | null;
  /** Whether it is being carried out, as far as anybody can tell. */
  readonly isUnderWay: boolean;
};

type Search = { readonly reviewed: Reviewed; readonly scope: Reviewed["scopes"][number] };

async function listRuns(
  tenant: GraphTenant,
  { reviewed, scope }: Search,
  priority: Priority,
): Promise<readonly Run[]> {
  const path = `${definitionsAt}?$filter=${inScope(scope.definition)}&$select=id,displayName,scope`;
  const definitions = await whole(
    listAll(tenant, { path, template: definitionsAt, priority }, definitionSchema),
  );
  const isNamed = ({ scope: one }: Pick<Definition, "scope">) =>
    (one?.query ?? "").toLowerCase().includes(reviewed.id.toLowerCase());
  const concerned = definitions.filter((one) => scope.run !== undefined || isNamed(one));
  const runs = await Promise.all(
    concerned.map(async (definition) => {
      const filter = scope.run === undefined ? "" : `$filter=${inScope(scope.run)}&`;
      const query = `?${filter}$select=id,startDateTime,endDateTime,status,scope`;
      const call = {
        path: `${definitionsAt}/${encodeURIComponent(definition.id)}/instances${query}`,
        template: `${definitionsAt}/{id}/instances`,
        priority,
      };
      // Whoever deletes a review takes its decisions back.
      const listed = (await unlessGone(whole(listAll(tenant, call, runSchema)))) ?? [];
      return listed.filter((one) => isNamed(definition) || isNamed(one)).map(asRun(definition, tenant.now()));
    }),
  );
  return runs.flat();
}

const inScope = (part: string) =>
  encodeURIComponent(`contains(scope/microsoft.graph.accessReviewQueryScope/query, '${part}')`);

/** What was not read may be what is asked for. */
async function whole<T>(asked: ReturnType<typeof listAll<T>>): Promise<readonly T[]> {
  const { items, completeness } = await asked;
  if (completeness.kind === "complete") return items;
  throw new Error(`not all that access reviews say could be read: ${completeness.why}`);
}

/** The page does not name them, examples do. */
const applying: ReadonlySet<string> = new Set(["applying", "applied"]);
/** For so long after its end a review may be about to be carried out; one that is not by then waits for somebody, or is let be. */
const applyingMs = 24 * 60 * 60_000;

const asRun =
  (definition: Definition, now: number) =>
  ({ id, startDateTime, endDateTime, status }: z.infer<typeof runSchema>): Run => {
    const endAt = timeOf(endDateTime);
    const endedAt = endAt !== null && endAt <= now ? endAt : null;
    const isFresh = endedAt !== null && now - endedAt < applyingMs;
    const isUnderWay = isFresh || applying.has((status ?? "").toLowerCase());
    return { id, definition, startAt: timeOf(startDateTime) ?? 0, endedAt, isUnderWay };
  };

async function listDenials(
  tenant: GraphTenant,
  { run, reviewed }: { readonly run: Run; readonly reviewed: Reviewed },
  { account, priority }: Asked,
): Promise<readonly Denial[]> {
  const [definition, id] = [run.definition.id, run.id].map(encodeURIComponent);
  const filter = `$filter=${encodeURIComponent("decision eq 'Deny'")}`;
  const call = {
    path: `${definitionsAt}/${definition}/instances/${id}/decisions?${filter}`,
    template: `${definitionsAt}/{id}/instances/{id}/decisions`,
    priority,
  };
  const decisions = (await unlessGone(whole(listAll(tenant, call, decisionSchema)))) ?? [];
  return decisions
    .filter((one) => one.decision === "Deny" && isOf(one, account) && isAbout(one, reviewed))
    .flatMap((one) => denialIn(one, run));
}

function isOf({ principal, principalLink }: Decision, account: AccountId): boolean {
  const id = principal?.id ?? principalLink?.split("/").at(-1);
  return isSame(id, account);
}

/** The resource is left out of many answers; then the scope has said what it is. Of a package it is the assignment policy. */
function isAbout({ resource }: Decision, reviewed: Reviewed): boolean {
  const isPackage = reviewed.scopes.some(({ definition }) => definition === "accessPackageAssignments");
  const id = isPackage ? resource?.accessPackageId : resource?.id;
  return isNothing(id) || isSame(id, reviewed.id);
}

const isSame = (one: string | null | undefined, other: string) => one?.toLowerCase() === other.toLowerCase();

/**
 * A review that is carried out takes the access away before it says so. While reviewers decide, what they say may change.
 * https://learn.microsoft.com/graph/api/resources/accessreviewinstancedecisionitem
 */
function denialIn(decision: Decision, { definition, endedAt, isUnderWay }: Run): readonly Denial[] {
  const decidedAt = timeOf(decision.reviewedDateTime);
  const isApplied = decision.applyResult?.startsWith("Applied") === true;
  if (!isApplied && !isUnderWay) return [];
  const appliedAt = isApplied ? timeOf(decision.appliedDateTime) : null;
  const at = appliedAt ?? Math.max(decidedAt ?? 0, endedAt ?? 0);
  return [
    {
      id: decision.id,
      review: { id: definition.id, name: definition.displayName ?? definition.id },
      by: reviewerOf(decision),
      decidedAt,
      at,
      why: isNothing(decision.justification) ? null : decision.justification,
    },
  ];
}

/** Graph writes "nobody" as an id of zeros. */
function reviewerOf({ reviewedBy }: Decision): string | null {
  const { id, displayName, userPrincipalName } = reviewedBy ?? {};
  if (isNothing(id) || /^[0-]+$/.test(id)) return null;
  const names = [displayName, userPrincipalName].filter((name) => !isNothing(name));
  return names[0] === undefined ? id : names.length === 2 ? `${names[0]} (${names[1]})` : (names[0] ?? id);
}

const isNothing = (value: string | null | undefined): value is null | undefined | "" =>
  value === null || value === undefined || value === "";
