import { entitlementEngine } from "../../entitlement/engine.ts";
import type { Route } from "../../http/router.ts";
import type { Lab } from "../../lab.ts";
import { approvalRoutes } from "./approval-routes.ts";
import { assignmentRoutes } from "./assignment-routes.ts";
import { definitionWrites } from "./definition-writes.ts";
import { definitionRoutes } from "./definitions.ts";
import { requestRoutes } from "./request-routes.ts";
import { reviewRoutes } from "./review-routes.ts";
import { subjectRoutes } from "./subject-routes.ts";

/** Access packages: what is defined, who asked for them, who has them. */
export function entitlementRoutes(route: Route, lab: Lab): void {
  const engine = entitlementEngine(lab);
  definitionRoutes(route);
  definitionWrites(route);
  assignmentRoutes(route, lab, engine);
  requestRoutes(route, lab, engine);
  approvalRoutes(route, engine);
  subjectRoutes(route, lab);
  reviewRoutes(route, lab, engine);
}
