import { servicePrincipalShape } from "../directory/properties.ts";
import type { Call, Reply } from "../http/call.ts";
import { param, type Route } from "../http/router.ts";
import { listing } from "../odata/listing.ts";
import { project } from "../odata/project.ts";
import { readQuery, readSelect } from "../odata/query.ts";
import { requirePrincipal } from "./find.ts";

export function servicePrincipalRoutes(route: Route): void {
  route("GET", "/servicePrincipals", list);
  route("GET", "/servicePrincipals/{id}", (call, params) => {
    const principal = requirePrincipal(call, param(params, "id"));
    const context = `${call.url.origin}/v1.0/$metadata#servicePrincipals/$entity`;
    const select = readSelect(call, servicePrincipalShape);
    return {
      status: 200,
      body: { "@odata.context": context, ...project(principal.properties, servicePrincipalShape, select) },
    };
  });
}

function list(call: Call): Reply {
  const query = readQuery(call, servicePrincipalShape);
  return listing(call, query, {
    items: call.tenant.servicePrincipals.values(),
    context: "servicePrincipals",
    read: (principal, path) => principal.properties[path],
    show: (principal) => project(principal.properties, servicePrincipalShape, query.select),
  });
}
