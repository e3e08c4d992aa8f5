import { bodyOf, type Call, type Reply } from "../http/call.ts";
import { badRequest, notFound } from "../http/problem.ts";
import { param, type Route } from "../http/router.ts";
import type { Lab } from "../lab.ts";
import { jobResource } from "../sync/job-resource.ts";
import type { SyncJob } from "../sync/job.ts";
import { onDemandAnswer } from "../sync/on-demand-answer.ts";
import { readSchema, schemaResource } from "../sync/schema-resource.ts";
import { requirePrincipal } from "./find.ts";

type Params = Readonly<Record<string, string>>;

/** The synchronization API of a sync app's service principal, in the source tenant. */
export function synchronizationRoutes(route: Route, lab: Lab): void {
  const jobs = "/servicePrincipals/{id}/synchronization/jobs";
  const job = `${jobs}/{jobId}`;
  const resource = (found: SyncJob) => jobResource(found, lab.sync.quarantineOf(found));
  const entity = (call: Call, params: Params, body: object): Reply => {
    const path = `servicePrincipals('${param(params, "id")}')/synchronization/jobs`;
    return {
      status: 200,
      body: { "@odata.context": `${call.url.origin}/v1.0/$metadata#${path}/$entity`, ...body },
    };
  };

  route("GET", jobs, (call, params) => {
    const { id } = requirePrincipal(call, param(params, "id"));
    const context = `${call.url.origin}/v1.0/$metadata#servicePrincipals('${id}')/synchronization/jobs`;
    const value = lab.sync.jobsOf(call.tenant.id, id).map(resource);
    return { status: 200, body: { "@odata.context": context, value } };
  });
  route("GET", job, (call, params) => entity(call, params, resource(requireJob(lab, call, params))));
  route("GET", `${job}/schema`, (call, params) =>
    entity(call, params, schemaResource(requireJob(lab, call, params))),
  );
  route("PUT", `${job}/schema`, (call, params) => {
    const found = requireJob(lab, call, params);
    lab.sync.remap(found, readSchema(found, call.body));
    return { status: 204 };
  });
  route("POST", `${job}/start`, (call, params) => {
    lab.sync.start(requireJob(lab, call, params));
    return { status: 204 };
  });
  route("POST", `${job}/pause`, (call, params) => {
    lab.sync.pause(requireJob(lab, call, params));
    return { status: 204 };
  });
  route("POST", `${job}/restart`, (call, params) => {
    lab.sync.restart(requireJob(lab, call, params), resetScopeOf(call));
    return { status: 204 };
  });
  route("POST", `${job}/provisionOnDemand`, (call, params) =>
    provision(lab, call, requireJob(lab, call, params)),
  );
}

function requireJob(lab: Lab, call: Call, params: Params): SyncJob {
  const principal = requirePrincipal(call, param(params, "id"));
  const id = param(params, "jobId");
  const found = lab.sync.jobsOf(call.tenant.id, principal.id).find((job) => job.id === id);
  if (found === undefined) throw notFound(id);
  return found;
}

function resetScopeOf(call: Call): string {
  const { criteria } = bodyOf(call);
  const isObject = typeof criteria === "object" && criteria !== null && "resetScope" in criteria;
  return isObject ? String(criteria.resetScope) : "None";
}

/** One user per call, as the portal's rule is. The work is done some time before the answer says so. */
async function provision(lab: Lab, call: Call, job: SyncJob): Promise<Reply> {
  const sourceUserId = subjectOf(call, job);
  const totalMs = lab.draws.ms(lab.weather.onDemandMs, "on demand", job.id, sourceUserId);
  const workMs = lab.draws.ms([totalMs * 0.3, totalMs * 0.9], "work on demand", job.id, sourceUserId);
  await lab.held.hold(call, workMs);
  const outcome = lab.sync.onDemand(job, sourceUserId);
  await lab.held.hold(call, totalMs - workMs);
  if (outcome.duplicated) {
    const detail = `A second account of ${sourceUserId} was created: on demand cannot restore the deleted one.`;
    lab.violations.report(call, "on-demand-duplicate", detail);
  }
  const context = `${call.url.origin}/v1.0/$metadata#microsoft.graph.stringKeyStringValuePair`;
  return { status: 200, body: { "@odata.context": context, ...onDemandAnswer(job, outcome) } };
}

function subjectOf(call: Call, job: SyncJob): string {
  const [parameters, ...otherParameters] = arrayOf(bodyOf(call)["parameters"]);
  const { ruleId, subjects } = recordOf(parameters);
  const [subject, ...otherSubjects] = arrayOf(subjects);
  const { objectId, objectTypeName } = recordOf(subject);
  if (otherParameters.length > 0 || otherSubjects.length > 0)
    throw badRequest("Only one subject can be provisioned at a time.");
  if (ruleId !== job.ruleId)
    throw badRequest(`The synchronization rule '${String(ruleId)}' was not found in the schema.`);
  if (objectTypeName !== "User") {
    throw badRequest("Cross-tenant synchronization provisions users on demand, nothing else.");
  }
  if (typeof objectId !== "string") throw badRequest("A value is required for 'objectId'.");
  return objectId;
}

function arrayOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

function recordOf(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null ? (value as Readonly<Record<string, unknown>>) : {};
}
