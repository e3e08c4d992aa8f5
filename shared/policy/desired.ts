import type { Wish } from "../model/wish.ts";
import { z } from "zod";
import { groupIdSchema, type AnalystId, type GroupId, type RoleName } from "../model/ids.ts";
import { sortedWishes } from "./group-name.ts";
import type { HomeGrant, Place, Policy, Stamp } from "./policy.ts";
import { placeholderPattern } from "./stamp-template.ts";

/** What shows that somebody holds a role, as it is remembered: it stays when the role is renamed. */
export const groupKey = (group: GroupId): string => `group:${group}`;

export function attributesKey(attributes: Readonly<Record<string, string>>): string {
  const pairs = Object.entries(attributes).toSorted(([a], [b]) => (a < b ? -1 : 1));
  return `attributes:${JSON.stringify(pairs)}`;
}

/** What such a key says; null when it is none. */
export function wayOf(
  key: string,
):
  | { readonly kind: "group"; readonly group: GroupId }
  | { readonly kind: "attributes"; readonly attributes: Readonly<Record<string, string>> }
  | null {
  if (key.startsWith("group:"))
    return { kind: "group", group: groupIdSchema.parse(key.slice("group:".length)) };
  if (!key.startsWith("attributes:")) return null;
  const pairs = z.array(z.tuple([z.string(), z.string()])).parse(JSON.parse(key.slice("attributes:".length)));
  return { kind: "attributes", attributes: Object.fromEntries(pairs) };
}

/**
 * All of them, in whatever case, as Graph's filters compare (seen, not documented): who is listed as a holder and does not count as
 * one would be a contradiction for ever. An attribute that is not set is null or absent.
 */
export function holdsAttributes(
  wanted: Readonly<Record<string, string>>,
  attributes: Readonly<Record<string, string | null>>,
): boolean {
  return Object.entries(wanted).every(
    ([name, value]) => attributes[name]?.toLowerCase() === value.toLowerCase(),
  );
}

/** What somebody with these roles is given in one place: the union, sorted, each once; nothing where it is retired. */
export function desiredGrants(
  { grants, retire }: Giving & Pick<Place, "retire">,
  roles: readonly RoleName[],
): readonly Wish[] {
  return retire ? [] : namedGrants({ grants: grants.filter((grant) => grant.retire !== "yes") }, roles);
}

/** What the policy says that these roles give, whether or not anybody is to have it. */
export function namedGrants({ grants }: Giving, roles: readonly RoleName[]): readonly Wish[] {
  return sortedWishes(grants.filter((grant) => roles.includes(grant.role)).flatMap(({ wishes }) => wishes));
}

type Giving = { readonly grants: readonly HomeGrant[] };

/** Graph's name for an extension property. */
export const extensionProperty = (extensionApp: string, name: string): string =>
  `extension_${extensionApp.replaceAll("-", "")}_${name}`;

/** What a stamp of the source is called in a place to which sync carries it. */
export const stampIn = ({ property, name }: Stamp, { source }: Policy, { extensionApp }: Place): string =>
  extensionApp === source.extensionApp ? property : extensionProperty(extensionApp, name);

/** A stamp that does not fit a String directory extension. */
export type StampTooLong = { readonly kind: "too-long"; readonly length: number; readonly limit: number };

// Graph: a directory extension of type String holds at most 256 characters.
const stampLimit = 256;

/** What the stamp of somebody without roles says. */
export const emptyStamp = "none";

/**
 * The value to write on a user. Without roles it is the word "none", never null: cross-tenant sync does not carry
 * null, so a cleared stamp would keep its old value in the targets. A value that is too long is not cut, because half
 * a list of roles would read as a different set of roles.
 */
export function stampValue(
  template: string,
  { id, roles }: { readonly id: AnalystId; readonly roles: readonly RoleName[] },
): string | StampTooLong {
  if (roles.length === 0 && template.includes("{roles}")) return emptyStamp;
  const listed = [...new Set(roles)].toSorted().join(";");
  const value = template.replaceAll(placeholderPattern, (_, name) => (name === "id" ? id : listed));
  return value.length <= stampLimit ? value : { kind: "too-long", length: value.length, limit: stampLimit };
}

/** What the user's stamps have to say, by property, and which values no stamp holds. */
export function stampsOf(
  { source }: Pick<Policy, "source">,
  who: { readonly id: AnalystId; readonly roles: readonly RoleName[] },
): {
  readonly values: Readonly<Record<string, string>>;
  readonly unfit: readonly (StampTooLong & { readonly property: string })[];
} {
  const all = source.stamps.map(({ property, template }) => ({ property, value: stampValue(template, who) }));
  const values = all.flatMap(({ property, value }) =>
    typeof value === "string" ? [[property, value] as const] : [],
  );
  const unfit = all.flatMap(({ property, value }) =>
    typeof value === "string" ? [] : [{ property, ...value }],
  );
  return { values: Object.fromEntries(values), unfit };
}

export const stampProperties = ({ source }: Pick<Policy, "source">) =>
  source.stamps.map(({ property }) => property);
