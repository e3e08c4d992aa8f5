import { entitlementPath } from "../../entitlement/paths.ts";
import { missing, refused } from "../../entitlement/problems.ts";
import type { SubjectRecord } from "../../entitlement/records.ts";
import { changeSubject } from "../../entitlement/subjects.ts";
import { bodyOf, type Call } from "../../http/call.ts";
import { param, type Route } from "../../http/router.ts";
import type { Lab } from "../../lab.ts";
import { subjectNode } from "./assignment-nodes.ts";
import { entity, listNodes } from "./node.ts";

const path = `${entitlementPath}/subjects`;

/** Whom requests were made for, and whether entitlement management governs the life of their account. */
export function subjectRoutes(route: Route, lab: Lab): void {
  route("GET", path, (call) => {
    const nodes = [...call.tenant.entitlement.subjects.values()].map((each) => subjectNode(lab, call, each));
    return listNodes(call, { type: "accessPackageSubject", name: "subjects", nodes });
  });
  route("GET", `${path}/{id}`, (call, params) => {
    const found = requireSubject(call, param(params, "id"));
    return { status: 200, body: entity(call, "subjects", subjectNode(lab, call, found)) };
  });
  route("PATCH", `${path}/{id}`, (call, params) => {
    const { id } = requireSubject(call, param(params, "id"));
    const lifecycle = bodyOf(call)["subjectLifecycle"];
    if (lifecycle !== "governed" && lifecycle !== "notGoverned")
      throw refused("InvalidModel", "The subjectLifecycle must be governed or notGoverned.");
    changeSubject(call.tenant, id, { lifecycle });
    return { status: 204 };
  });
}

function requireSubject(call: Call, id: string): SubjectRecord {
  const found = call.tenant.entitlement.subjects.get(id);
  if (found === undefined) throw missing("accessPackageSubject", id);
  return found;
}
