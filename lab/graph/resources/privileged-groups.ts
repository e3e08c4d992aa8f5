import type { ScheduleRequest, Standing } from "../directory/privileged.ts";
import type { EntityShape } from "../directory/properties.ts";
import type { Call, Reply } from "../http/call.ts";
import { GraphProblem, notFound, unsupportedQuery } from "../http/problem.ts";
import { param, type Route } from "../http/router.ts";
import type { Lab } from "../lab.ts";
import { valueAt } from "../odata/filter.ts";
import { listing } from "../odata/listing.ts";
import { project } from "../odata/project.ts";
import { readQuery, readSelect, type Query } from "../odata/query.ts";
import { askFor, cancel } from "./privileged-requests.ts";
import { shapeOf, shownInstance, shownRequest, shownSchedule } from "./privileged-shapes.ts";
import { schedulesIn, type Scope } from "./privileged-standing.ts";

const root = "identityGovernance/privilegedAccess/group";

/** Reported of the API for roles: github.com/hashicorp/terraform-provider-azuread/issues/1306. */
const requestsKeptMs = 45 * 24 * 60 * 60 * 1000;

/** Privileged Identity Management for groups: eligibility, active assignments, and the requests for both. */
export function privilegedGroupRoutes(route: Route, lab: Lab): void {
  for (const standing of ["eligibility", "assignment"] as const) {
    requestRoutes(route, lab, standing);
    readRoutes(route, {
      set: `${root}/${standing}Schedules`,
      shape: shapeOf(standing, "Schedule"),
      rows: (call, scope) => [...schedulesIn(call.view, standing, scope)].map(shownSchedule),
    });
    readRoutes(route, {
      set: `${root}/${standing}ScheduleInstances`,
      shape: shapeOf(standing, "ScheduleInstance"),
      rows: (call, scope) =>
        [...schedulesIn(call.view, standing, scope)]
          .filter(({ status }) => status === "Provisioned")
          .map(shownInstance),
    });
  }
}

type Row = { readonly id: string };
type Source = {
  /** After `$metadata#` and in the path. */
  readonly set: string;
  readonly shape: EntityShape;
  readonly rows: (call: Call, scope: Scope) => readonly Row[];
};

function readRoutes(route: Route, source: Source): void {
  route("GET", `/${source.set}`, (call) => {
    const query = readQuery(call, source.shape);
    return list(call, source, { query, scope: requireScope(query) });
  });
  route("GET", `/${source.set}/{id}`, (call, params) => {
    const id = param(params, "id");
    // It begins with the group's.
    const scope = { groupId: id.split("_")[0]?.toLowerCase(), principalId: undefined };
    const row = source.rows(call, scope).find((one) => one.id === id);
    if (row === undefined) throw notFound(id);
    return { status: 200, body: entity(call, source, row) };
  });
}

function requestRoutes(route: Route, lab: Lab, standing: Standing): void {
  const shape = shapeOf(standing, "ScheduleRequest");
  const set = `${root}/${standing}ScheduleRequests`;
  const source = {
    set,
    shape,
    rows: (call: Call) => [...requestsIn(call, standing)].map(shownRequest),
  };
  route("POST", `/${set}`, (call) => ({
    status: 201,
    body: entity(call, source, shownRequest(askFor(lab, call, standing))),
  }));
  route("GET", `/${set}`, (call) => {
    const query = readQuery(call, shape);
    // A person without a filter sees their own; the administrator is nobody in the directory, and sees all.
    const isOpen = call.caller.kind === "admin" && query.filter === undefined;
    const scope = isOpen ? { groupId: undefined, principalId: undefined } : requireScope(query);
    return list(call, source, { query, scope });
  });
  route("GET", `/${set}/{id}`, (call, params) => ({
    status: 200,
    body: entity(call, source, shownRequest(requireRequest(call, standing, param(params, "id")))),
  }));
  route("POST", `/${set}/{id}/cancel`, (call, params) => {
    cancel(call, requireRequest(call, standing, param(params, "id")));
    return { status: 204 };
  });
}

function* requestsIn(call: Call, standing: Standing): Iterable<ScheduleRequest> {
  const since = call.tenant.clock.now() - requestsKeptMs;
  for (const request of call.view.scheduleRequests()) {
    if (request.standing === standing && request.createdAt > since) yield request;
  }
}

function requireRequest(call: Call, standing: Standing, id: string): ScheduleRequest {
  for (const request of requestsIn(call, standing)) if (request.id === id) return request;
  // As reported in github.com/hashicorp/terraform-provider-azuread/pull/1904.
  throw new GraphProblem(404, "RoleAssignmentRequestNotFound", "The role assignment request is not found.");
}

function list(call: Call, source: Source, asked: { query: Query; scope: Scope }): Reply {
  const { query, scope } = asked;
  return listing(call, query, {
    items: source.rows(call, scope),
    context: query.select === undefined ? source.set : `${source.set}(${query.select.join(",")})`,
    read: valueAt,
    show: (row) => project({ ...row }, source.shape, query.select),
  });
}

function entity(call: Call, { set, shape }: Source, row: Row) {
  const select = call.method === "GET" ? readSelect(call, shape) : undefined;
  const suffix = select === undefined ? "" : `(${select.join(",")})`;
  return {
    "@odata.context": `${call.url.origin}/v1.0/$metadata#${set}${suffix}/$entity`,
    ...project({ ...row }, shape, select),
  };
}

/**
 * "This method requires the $filter (eq) query parameter to scope the request to a principalId or a groupId", say the pages of
 * all six listings. How it is refused is undocumented, and so is `or`.
 */
function requireScope({ filter }: Query): Scope {
  const valueOf = (name: string) => {
    const clause = filter?.clauses.find(({ path, operator }) => path === name && operator === "eq");
    return typeof clause?.value === "string" ? clause.value.toLowerCase() : undefined;
  };
  const scope = { groupId: valueOf("groupId"), principalId: valueOf("principalId") };
  const isScoped = scope.groupId !== undefined || scope.principalId !== undefined;
  if (isScoped && filter?.alternatives === 1) return scope;
  throw unsupportedQuery("A $filter by groupId or principalId is required.");
}
