import type { Call } from "../http/call.ts";
import { denied, GraphProblem } from "../http/problem.ts";
import { compileFilter } from "../odata/filter.ts";
import type { AnyOf } from "./call-permissions.ts";
import { permissionsOf } from "./permission-table.ts";

/** Lets a call of the app pass, or throws the 403 for it. An administrator passes always. */
export type Authorize = (call: Call) => void;

/** The gate of one operation, found in the permission table when the operation is registered. */
export function authorizeCallsOf(method: string, path: string): Authorize {
  const row = permissionsOf(method, path);
  return (call) => {
    if (call.caller.kind === "admin") return;
    if (row === undefined) throw unknownCall(`${method} ${path}`);
    const used = method === "GET" ? propertiesRead(call) : propertiesWritten(call);
    const single = row.properties === undefined ? [] : used;
    const needs =
      single.length === 0 ? [row.needs] : single.map((name) => row.properties?.[name] ?? row.needs);
    for (const need of needs) requirePermission(call, need);
  };
}

export function requirePermission(call: Call, need: AnyOf): void {
  if (call.caller.kind === "admin") return;
  const isHeld = (permission: string) => call.caller.roles.includes(permission) && isOwned(call, permission);
  const isCovered = need.some((one) => (typeof one === "string" ? isHeld(one) : one.every(isHeld)));
  if (!isCovered) throw denied(hint(call, need));
}

/** Whether the app may see more than type and id of such an object among members or memberships. */
export function maySee(call: Call, kind: "user" | "group" | "servicePrincipal"): boolean {
  const { kind: caller, roles } = call.caller;
  return caller === "admin" || roles.some((role) => seeing[kind].test(role));
}

const seeing = {
  user: /^(User\.Read(Basic|Write|Update)?|Directory\.Read(Write)?)\.All$/,
  group: /^(Group\.Read(Basic|Write)?|GroupMember\.Read(Write)?|Directory\.Read(Write)?)\.All$/,
  servicePrincipal: /^(Application\.Read(Write)?|Directory\.Read(Write)?)\.All$/,
} as const;

/** `…OwnedBy` covers the service principals and applications that the app owns, and no others. */
function isOwned({ path, caller }: Call, permission: string): boolean {
  if (!permission.endsWith(".OwnedBy")) return true;
  const id = /^\/(?:servicePrincipals|applications)\/([^/]+)/.exec(path)?.[1];
  return id === undefined || caller.owns.includes(id);
}

function propertiesRead({ url }: Call): readonly string[] {
  const select = url.searchParams.get("$select") ?? "";
  if (select.trim() === "") return [];
  const orderBy = url.searchParams.get("$orderby")?.trim().split(/\s+/)[0];
  return [
    ...select.split(",").map((name) => name.trim()),
    ...filtered(url.searchParams.get("$filter")),
    ...(orderBy === undefined ? [] : [orderBy]),
  ];
}

/** A filter tells about a property as well as a `$select` does. */
function filtered(text: string | null): readonly string[] {
  try {
    return text === null ? [] : compileFilter(text).paths.map((path) => path.split("/")[0] ?? "");
  } catch {
    // Not a filter: that is a 400, which comes later.
    return [];
  }
}

function propertiesWritten({ body }: Call): readonly string[] {
  return typeof body === "object" && body !== null ? Object.keys(body) : [];
}

function unknownCall(call: string): GraphProblem {
  const where = "add a row to lab/graph/identity/permission-table.ts";
  return new GraphProblem(
    403,
    "Authorization_RequestDenied",
    `The lab knows no permission for ${call}: ${where}.`,
  );
}

/** Graph does not say what is missing. The lab does, in a header that only people read. */
function hint({ caller, tenant }: Call, need: AnyOf): string {
  const ways = need.map((one) => (typeof one === "string" ? one : one.join(" with ")));
  return `needs ${ways.join(", or ")}; ${tenant.name} has granted ${caller.roles.join(", ") || "nothing"}`;
}
