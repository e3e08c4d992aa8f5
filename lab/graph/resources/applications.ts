import { extensionName } from "../directory/build-tenant.ts";
import type { ApplicationRecord, ExtensionDefinition, ExtensionDataType } from "../directory/objects.ts";
import { textOf } from "../directory/text.ts";
import { bodyOf, type Call, type Reply } from "../http/call.ts";
import { badRequest, notFound } from "../http/problem.ts";
import { param, type Route } from "../http/router.ts";
import type { Lab } from "../lab.ts";

const dataTypes: Readonly<Record<ExtensionDataType, true>> = {
  Binary: true,
  Boolean: true,
  DateTime: true,
  Integer: true,
  LargeInteger: true,
  String: true,
};

export function applicationRoutes(route: Route, lab: Lab): void {
  route("GET", "/applications", (call) => {
    const context = `${call.url.origin}/v1.0/$metadata#applications`;
    const value = [...call.tenant.applications.values()].map(shownApplication);
    return { status: 200, body: { "@odata.context": context, value } };
  });
  route("GET", "/applications/{id}", (call, params) => {
    const application = requireApplication(call, param(params, "id"));
    const context = `${call.url.origin}/v1.0/$metadata#applications/$entity`;
    return { status: 200, body: { "@odata.context": context, ...shownApplication(application) } };
  });
  route("GET", "/applications/{id}/extensionProperties", (call, params) => {
    const application = requireApplication(call, param(params, "id"));
    const own = [...call.tenant.extensions.values()].filter(({ id }) =>
      application.extensionIds.includes(id),
    );
    const context = `${call.url.origin}/v1.0/$metadata#applications('${application.id}')/extensionProperties`;
    return { status: 200, body: { "@odata.context": context, value: own.map(shown) } };
  });
  route("POST", "/applications/{id}/extensionProperties", (call, params) =>
    define(lab, call, requireApplication(call, param(params, "id"))),
  );
}

function requireApplication(call: Call, id: string): ApplicationRecord {
  const application = call.tenant.applications.get(id);
  if (application === undefined) throw notFound(id);
  return application;
}

function define(lab: Lab, call: Call, application: ApplicationRecord): Reply {
  const body = bodyOf(call);
  const name = extensionName(application.appId, textOf(body["name"]));
  if (call.tenant.extensions.has(name)) {
    throw badRequest("An extension property exists with the name specified.");
  }
  const definition: ExtensionDefinition = {
    id: lab.mint("extension"),
    name,
    dataType: readDataType(body["dataType"]),
    targetObjects: readTargets(body["targetObjects"]),
    appDisplayName: application.displayName,
  };
  application.extensionIds.push(definition.id);
  for (const tenant of lab.tenants.values()) {
    const hasApp = [...tenant.servicePrincipals.values()].some(
      ({ properties }) => properties["appId"] === application.appId,
    );
    if (tenant === call.tenant || hasApp) tenant.extensions.set(name, definition);
  }
  const path = `applications('${application.id}')/extensionProperties/$entity`;
  const context = `${call.url.origin}/v1.0/$metadata#${path}`;
  return { status: 201, body: { "@odata.context": context, ...shown(definition) } };
}

function readDataType(value: unknown): ExtensionDataType {
  const known = Object.keys(dataTypes).find((name) => name === value);
  if (known === undefined)
    throw badRequest("Invalid value specified for property 'dataType' of resource 'ExtensionProperty'.");
  // A key of the table is a data type.
  return known as ExtensionDataType;
}

function readTargets(value: unknown): readonly string[] {
  if (Array.isArray(value) && value.length > 0) return value.map(String);
  throw badRequest("A value is required for property 'targetObjects' of resource 'ExtensionProperty'.");
}

function shown(definition: ExtensionDefinition) {
  return {
    id: definition.id,
    deletedDateTime: null,
    appDisplayName: definition.appDisplayName,
    dataType: definition.dataType,
    isMultiValued: false,
    isSyncedFromOnPremises: false,
    name: definition.name,
    targetObjects: definition.targetObjects,
  };
}

function shownApplication({ id, appId, displayName }: ApplicationRecord) {
  return { id, deletedDateTime: null, appId, displayName, signInAudience: "AzureADMultipleOrgs" };
}
