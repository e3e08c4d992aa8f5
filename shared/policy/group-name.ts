import type * as z from "zod";
import type { Scope, ScopeKind } from "../model/grant.ts";
import type { NameOrId, Wish } from "../model/wish.ts";
import { durationMs } from "./duration.ts";
import { groupIdSchema } from "../model/ids.ts";

/** A GUID is an id, anything else a display name. */
export const nameOrId = (text: string): NameOrId => namedBy(groupIdSchema, text);

/** The same of something that is no group. */
export function namedBy<S extends z.ZodType<string>>(schema: S, text: string): NameOrId<z.output<S>> {
  const id = schema.safeParse(text);
  return id.success ? { kind: "id", id: id.data } : { kind: "name", name: text };
}

/** Ids first, then names, each once. An id and a name of the same group are told apart only when the tenant is read. */
export function sortedGroups(groups: readonly NameOrId[]): readonly NameOrId[] {
  const byKey = new Map(groups.map((group) => [keyOfName(group), group]));
  return [...byKey].toSorted(([left], [right]) => (left < right ? -1 : 1)).map(([, group]) => group);
}

/** The same for two places of the file that name something in the same way; Graph finds a name in whatever case. */
export function keyOfName(named: NameOrId<string>): string {
  return named.kind === "id" ? `id ${named.id}` : `name ${named.name.toLowerCase()}`;
}

/** The same for two places of the file that ask for the same by the same name. */
export const keyOfWish = (wish: Wish): string =>
  wish.kind === "package" ? `${subjectOfWish(wish)} under ${keyOfName(wish.policy)}` : subjectOfWish(wish);

/** The same for two places of the file that name the same thing, in whatever way it is to be given. */
function subjectOfWish(wish: Wish): string {
  if (wish.kind === "appRole") return `${wish.kind} ${keyOfName(wish.role)} of ${wish.servicePrincipal}`;
  return `${wish.kind} ${keyOfName(wish.kind === "package" ? wish.package : wish.group)}`;
}

/** Each once, in a fixed order. Where two roles give the same for different lengths of time, it is given for the longer one. */
export function sortedWishes(wishes: readonly Wish[]): readonly Wish[] {
  const byKey = Map.groupBy(wishes, keyOfWish);
  return [...byKey]
    .toSorted(([left], [right]) => (left < right ? -1 : 1))
    .flatMap(([, same]) => same.toSorted((a, b) => lengthMs(b) - lengthMs(a)).slice(0, 1));
}

function lengthMs(wish: Wish): number {
  if (wish.kind === "group" || wish.kind === "appRole") return Infinity;
  const length = wish.kind === "package" ? wish.expires : wish.duration;
  return length === null ? Infinity : durationMs(length);
}

/** Whether the policy means this object of a tenant. */
export const means = (
  named: NameOrId<string>,
  { id, name }: { readonly id: string; readonly name: string },
) => (named.kind === "id" ? named.id === id : named.name.toLowerCase() === name.toLowerCase());

/** Whether the policy means this by a scope. */
export function meansScope(
  wish: Wish<ScopeKind>,
  { scope, name }: { readonly scope: Scope; readonly name: string },
): boolean {
  switch (wish.kind) {
    case "group":
      return scope.kind === wish.kind && means(wish.group, { id: scope.group, name });
    case "package":
      return scope.kind === wish.kind && means(wish.package, { id: scope.package, name });
    case "appRole":
      return scope.kind === wish.kind && scope.servicePrincipal === wish.servicePrincipal;
    default:
      return wish satisfies never;
  }
}
