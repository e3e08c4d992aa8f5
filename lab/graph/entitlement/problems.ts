import { GraphProblem } from "../http/problem.ts";

/**
 * Refusals of entitlement management. None of its error codes is documented: the first two are those that people report, the others
 * were chosen here. What can be relied on is the status.
 */
type Code =
  | "ExistingGrant"
  | "ExistingOpenRequest"
  | "SubjectNotFound"
  | "PolicyNotFound"
  | "AccessPackageNotFound"
  | "AssignmentNotFound"
  | "TargetNotAllowed"
  | "ScheduleNotAllowed"
  | "InvalidState"
  | "InvalidModel";

export function refused(code: Code, message: string): GraphProblem {
  return new GraphProblem(400, code, message);
}

/** What is addressed by its path; the reference promises 404 for it. */
export function missing(what: string, id: string): GraphProblem {
  return new GraphProblem(404, "ResourceNotFound", `The ${what} '${id}' was not found.`);
}
