import type { Properties, UserRecord, ExtensionDataType } from "../directory/objects.ts";
import { userStrings } from "../directory/properties.ts";
import { textOf } from "../directory/text.ts";
import type { Call } from "../http/call.ts";
import { badRequest } from "../http/problem.ts";
import { isExtensionName } from "../odata/query.ts";
import { masteredOnPremises } from "./group-rules.ts";

type Body = Readonly<Record<string, unknown>>;

const listProperties: readonly string[] = ["businessPhones", "otherMails"];
const booleanProperties: readonly string[] = ["accountEnabled", "showInAddressList"];
const stringProperties: readonly string[] = userStrings;

/** The properties of a PATCH, checked; throws Graph's 400 for what cannot be written. */
export function checkUserChange(call: Call, user: UserRecord, body: Body): Properties {
  if (user.properties["onPremisesSyncEnabled"] === true) {
    const own = Object.keys(body).filter((name) => !isExtensionName(name));
    if (own.length > 0) throw masteredOnPremises();
  }
  const { passwordProfile: _secret, ...properties } = withoutAnnotations(body);
  for (const [name, value] of Object.entries(properties)) checkValue(call, name, value);
  checkName(call, properties["userPrincipalName"], user.id);
  return properties;
}

export function checkNewUser(call: Call, body: Body): Properties {
  for (const name of [
    "accountEnabled",
    "displayName",
    "mailNickname",
    "passwordProfile",
    "userPrincipalName",
  ]) {
    if (body[name] === undefined || body[name] === null || body[name] === "") {
      throw badRequest(`A value is required for property '${name}' of resource 'User'.`);
    }
  }
  const { passwordProfile: _secret, ...properties } = withoutAnnotations(body);
  for (const [name, value] of Object.entries(properties)) checkValue(call, name, value);
  checkName(call, properties["userPrincipalName"], undefined);
  return { userType: "Member", ...properties };
}

function withoutAnnotations(body: Body): Record<string, unknown> {
  return Object.fromEntries(Object.entries(body).filter(([name]) => !name.includes("@odata.")));
}

function checkValue(call: Call, name: string, value: unknown): void {
  if (isExtensionName(name)) return checkExtension(call, name, value);
  const isText = stringProperties.includes(name) && (typeof value === "string" || value === null);
  const isFlag = booleanProperties.includes(name) && typeof value === "boolean";
  const isList = listProperties.includes(name) && Array.isArray(value);
  if (isText || isFlag || isList) return;
  if (name === "userPrincipalName" || name === "displayName" || booleanProperties.includes(name)) {
    throw badRequest(`Invalid value specified for property '${name}' of resource 'User'.`);
  }
  throw badRequest(`One or more property values specified are invalid: '${name}'.`);
}

function checkExtension(call: Call, name: string, value: unknown): void {
  const definition = call.tenant.extensions.get(name);
  if (definition === undefined)
    throw badRequest(`The following extension properties are not available: ${name}.`);
  if (value === null || accepts[definition.dataType](value)) return;
  throw badRequest(`Invalid value specified for property '${name}' of resource 'User'.`);
}

const accepts: Readonly<Record<ExtensionDataType, (value: unknown) => boolean>> = {
  Binary: (value) => typeof value === "string",
  Boolean: (value) => typeof value === "boolean",
  DateTime: (value) => !Number.isNaN(Date.parse(textOf(value))),
  Integer: Number.isInteger,
  LargeInteger: Number.isInteger,
  String: (value) => typeof value === "string" && value.length <= 256,
};

function checkName(call: Call, name: unknown, ownId: string | undefined): void {
  if (name === undefined) return;
  const text = textOf(name);
  if (!text.toLowerCase().endsWith(`@${call.tenant.defaultDomain.toLowerCase()}`)) {
    throw badRequest(
      "The domain portion of the userPrincipalName property is invalid. You must use one of the verified domain names in your organization.",
    );
  }
  const holder = call.tenant.userIdsByName.get(text.toLowerCase());
  if (holder !== undefined && holder !== ownId) {
    throw badRequest("Another object with the same value for property userPrincipalName already exists.");
  }
}
