import type { Change } from "../directory/change-log.ts";
import type { DirectoryObject } from "../directory/objects.ts";
import { groupShape, userShape, type EntityShape } from "../directory/properties.ts";
import type { Call, Reply } from "../http/call.ts";
import { unsupportedQuery } from "../http/problem.ts";
import type { Route } from "../http/router.ts";
import { project } from "../odata/project.ts";
import { isExtensionName, readSelect } from "../odata/query.ts";
import { deltaPages, type DeltaPages } from "./delta-pages.ts";
import { readDeltaToken, writeDeltaToken } from "./delta-token.ts";

// A group with many members recurs, with another slice of them.
const membersPerItem = 200;
const relations: readonly string[] = ["members", "owners", "manager"];

export function deltaRoutes(route: Route): void {
  const pages = deltaPages();
  for (const kind of ["user", "group"] as const) {
    route("GET", `/${kind}s/delta`, (call) => delta(call, kind, pages));
    route("GET", `/${kind}s/delta()`, (call) => delta(call, kind, pages));
  }
}

type Kind = "user" | "group";
type Tracking = { readonly select: readonly string[] | null; readonly ids: readonly string[] | null };

function delta(call: Call, kind: Kind, pages: DeltaPages): Reply {
  const skipToken = option(call, "$skiptoken");
  if (skipToken !== undefined) return pages.next(call, skipToken);
  const text = option(call, "$deltatoken");
  const known = text === undefined || text === "latest" ? undefined : readDeltaToken(text, call.at);
  const { select, ids }: Tracking = known ?? readTracking(call, kind);
  const tracking = { select, ids };
  const seq = call.tenant.changes.latest(call.view.until);
  const items = text === "latest" ? [] : read(call, { kind, tracking, since: known?.seq });
  const deltaToken = writeDeltaToken({ seq, issuedAt: call.at, select, ids });
  return pages.first(call, { items, context: `${kind}s`, deltaToken });
}

// Documentation spells these with and without capitals.
function option(call: Call, name: string): string | undefined {
  return [...call.url.searchParams].find(([key]) => key.toLowerCase() === name)?.[1];
}

function readTracking(call: Call, kind: Kind): Tracking {
  for (const name of ["$top", "$orderby", "$expand", "$search"]) {
    if (call.url.searchParams.has(name)) throw unsupportedQuery(`${name} is not supported by delta queries.`);
  }
  const shape = kind === "user" ? userShape : groupShape;
  const known = new Set([...shape.known, ...relations]);
  return { select: readSelect(call, { ...shape, known }) ?? null, ids: readIds(call) };
}

function readIds(call: Call): readonly string[] | null {
  const filter = call.url.searchParams.get("$filter");
  if (filter === null) return null;
  const terms = filter.split(/\s+or\s+/i).map((term) => /^\(?\s*id\s+eq\s+'([^']+)'\s*\)?$/i.exec(term)?.[1]);
  if (terms.every((id) => id !== undefined)) return terms;
  throw unsupportedQuery("Delta queries support only filters on id: id eq '…' or id eq '…'.");
}

function read(
  call: Call,
  query: { kind: Kind; tracking: Tracking; since: number | undefined },
): readonly unknown[] {
  const { kind, tracking, since } = query;
  if (since === undefined) {
    const objects: Iterable<DirectoryObject> = kind === "user" ? call.view.users() : call.view.groups();
    return [...objects]
      .filter(({ id }) => isTracked(tracking, id))
      .flatMap((object) => wholeItem(call, object, tracking));
  }
  const changes = new Map<string, Change[]>();
  for (const change of call.tenant.changes.since(since, call.view.until)) {
    if (change.kind !== kind || !isTracked(tracking, change.id)) continue;
    changes.set(change.id, [...(changes.get(change.id) ?? []), change]);
  }
  return [...changes].flatMap(([id, own]) => changedItem(call, { kind, tracking, id, changes: own }));
}

function isTracked({ ids }: Tracking, id: string): boolean {
  return ids === null || ids.includes(id);
}

function wholeItem(call: Call, object: DirectoryObject, tracking: Tracking): readonly unknown[] {
  const item = shown(object, tracking, []);
  if (object.kind !== "group" || !tracksMembers(tracking)) return [item];
  const members = call.view
    .members(object.id)
    .map(({ id, kind }) => memberItem({ id, kind, change: "added" }));
  return withMembers(item, members);
}

function changedItem(
  call: Call,
  { kind, tracking, id, changes }: { kind: Kind; tracking: Tracking; id: string; changes: readonly Change[] },
): readonly unknown[] {
  const object = kind === "user" ? call.view.user(id) : call.view.group(id);
  if (object === undefined) {
    const deleted = kind === "user" ? call.view.deletedUser(id) : call.tenant.deletedGroups.get(id);
    return [{ id, "@removed": { reason: deleted === undefined ? "deleted" : "changed" } }];
  }
  const isNew = changes.some(({ event }) => event !== "changed");
  if (isNew) return wholeItem(call, object, tracking);
  const properties = changes.flatMap((change) => change.properties);
  const touched = tracksMembers(tracking) ? changes.flatMap(({ members }) => members) : [];
  const isSelected = properties.some((name) => tracking.select === null || tracking.select.includes(name));
  if (!isSelected && touched.length === 0) return [];
  const item = shown(object, tracking, withSiblings(call, properties));
  const members = [...new Map(touched.map((member) => [member.id, member])).values()];
  return members.length === 0 ? [item] : withMembers(item, members.map(memberItem));
}

function shown(object: DirectoryObject, { select }: Tracking, changed: readonly string[]) {
  const shape: EntityShape = object.kind === "group" ? groupShape : userShape;
  const names = select ?? [...shape.defaults, ...changed];
  const properties = names.filter((name) => !relations.includes(name));
  return { ...project(object.properties, shape, properties), id: object.id };
}

/** When one extension changes, all extensions of its data type come along. */
function withSiblings(call: Call, changed: readonly string[]): readonly string[] {
  const { extensions } = call.tenant;
  const types = new Set(changed.filter(isExtensionName).map((name) => extensions.get(name)?.dataType));
  const siblings = [...extensions.values()].filter(({ dataType }) => types.has(dataType));
  return [...new Set([...changed, ...siblings.map(({ name }) => name)])];
}

function tracksMembers({ select }: Tracking): boolean {
  return select === null || select.includes("members");
}

function memberItem({ id, kind, change }: Change["members"][number]) {
  const member = { "@odata.type": `#microsoft.graph.${kind}`, id };
  return change === "added" ? member : { ...member, "@removed": { reason: "deleted" } };
}

function withMembers(
  item: Readonly<Record<string, unknown>>,
  members: readonly unknown[],
): readonly unknown[] {
  if (members.length === 0) return [item];
  const slices: unknown[] = [];
  for (let start = 0; start < members.length; start += membersPerItem) {
    slices.push({ ...item, "members@delta": members.slice(start, start + membersPerItem) });
  }
  return slices;
}
