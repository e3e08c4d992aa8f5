import type { NameOrId, Wish } from "../model/wish.ts";
import { durationMs } from "./duration.ts";
import { groupIdSchema } from "../model/ids.ts";

/** A GUID is an id, anything else a display name. */
export function nameOrId(text: string): NameOrId {
  const id = groupIdSchema.safeParse(text);
  return id.success ? { kind: "id", id: id.data } : { kind: "name", name: text };
}

/** Ids first, then names, each once. An id and a name of the same group are told apart only when the tenant is read. */
export function sortedGroups(groups: readonly NameOrId[]): readonly NameOrId[] {
  const byKey = new Map(groups.map((group) => [keyOfName(group), group]));
  return [...byKey].toSorted(([left], [right]) => (left < right ? -1 : 1)).map(([, group]) => group);
}

/** The same for two places of the file that name a group in the same way. */
export function keyOfName(group: NameOrId): string {
  return group.kind === "id" ? `id ${group.id}` : `name ${group.name}`;
}

/** The same for two places of the file that ask for the same by the same name. */
export const keyOfWish = ({ kind, group }: Wish): string => `${kind} ${keyOfName(group)}`;

/** Each once, in a fixed order. Where two roles give the same for different lengths of time, it is given for the longer one. */
export function sortedWishes(wishes: readonly Wish[]): readonly Wish[] {
  const byKey = Map.groupBy(wishes, keyOfWish);
  return [...byKey]
    .toSorted(([left], [right]) => (left < right ? -1 : 1))
    .flatMap(([, same]) => same.toSorted((a, b) => lengthMs(b) - lengthMs(a)).slice(0, 1));
}

const lengthMs = (wish: Wish): number => ("duration" in wish ? durationMs(wish.duration) : Infinity);

/** Whether the policy means this group of a tenant. */
export const means = (named: NameOrId, { id, name }: { readonly id: string; readonly name: string }) =>
  named.kind === "id" ? named.id === id : named.name === name;
