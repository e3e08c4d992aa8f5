import type { Call } from "../http/call.ts";
import { notFound } from "../http/problem.ts";
import { param, type Route } from "../http/router.ts";

export function organizationRoutes(route: Route): void {
  route("GET", "/organization", (call) => {
    const context = `${call.url.origin}/v1.0/$metadata#organization`;
    return { status: 200, body: { "@odata.context": context, value: [organization(call)] } };
  });
  route("GET", "/organization/{id}", (call, params) => {
    const id = param(params, "id");
    if (id !== call.tenant.id) throw notFound(id);
    const context = `${call.url.origin}/v1.0/$metadata#organization/$entity`;
    return { status: 200, body: { "@odata.context": context, ...organization(call) } };
  });
}

function organization({ tenant }: Call) {
  return {
    id: tenant.id,
    deletedDateTime: null,
    displayName: tenant.name,
    tenantType: "AAD",
    verifiedDomains: [
      {
        capabilities: "Email",
        isDefault: true,
        isInitial: true,
        name: tenant.defaultDomain,
        type: "Managed",
      },
    ],
  };
}
