import { z } from "zod";
import { nextPath, pageLimit } from "./listing.ts";
import type { GraphTenant, Refusal } from "./tenant.ts";
import { directoryObjectSchema } from "./wire.ts";

/** What tells of somebody that they are another than before. */
export type Tracked = { readonly attributes: readonly string[]; readonly stamps: readonly string[] };

/**
 * Who has changed, been made, deleted or restored since a cursor was given out. Groups are no part of it. Graph may tell of a change
 * late, and of one change twice. Both throw GraphError when Graph gives no answer.
 * https://learn.microsoft.com/graph/delta-query-users
 */
export type UserChanges = {
  /** A cursor for everything from now on. */
  readonly latest: (tracked: Tracked) => Promise<string>;
  /** Ids in lower case, each once, and the cursor for what comes after them. `lost`: Graph does not know the cursor any more. */
  readonly since: (cursor: string) => Promise<Changes>;
};

type Changes =
  | { readonly kind: "changes"; readonly ids: ReadonlySet<string>; readonly cursor: string }
  | { readonly kind: "lost"; readonly why: string };

/** The named properties that are asked for, sorted: a delta tells of no others. */
export const userProperties = ({ attributes, stamps }: Tracked): readonly string[] =>
  [
    ...new Set([
      "id",
      "userPrincipalName",
      "mail",
      "displayName",
      "accountEnabled",
      ...attributes,
      ...stamps,
    ]),
  ].toSorted();

const pageSchema = z.looseObject({
  value: z.array(directoryObjectSchema),
  "@odata.nextLink": z.string().optional(),
  "@odata.deltaLink": z.string().optional(),
});

/** Its own link is all that is sent, so whatever Graph has against the request, it has against the link. */
const isUnknown = ({ status }: Refusal): boolean => [400, 404, 410].includes(status);

export function userChanges(tenant: GraphTenant): UserChanges {
  return {
    async latest(tracked) {
      const select = userProperties(tracked).join(",");
      const read = await follow(tenant, `/users/delta?$deltatoken=latest&$select=${select}`, () => false);
      if (read.kind === "lost") throw new Error(`Graph gives no delta link: ${read.why}`);
      return read.cursor;
    },
    since: (cursor) => follow(tenant, cursor, isUnknown),
  };
}

/** A cursor is the part of a delta link after /v1.0; its last page has the next one. */
async function follow(
  tenant: GraphTenant,
  from: string,
  accepts: (refusal: Refusal) => boolean,
): Promise<Changes> {
  const ids = new Set<string>();
  let path = from;
  for (let page = 0; page < pageLimit; page += 1) {
    const reply = await tenant.send({
      method: "GET",
      path,
      template: "/users/delta",
      priority: "low",
      accepts,
    });
    if (reply.status >= 400) return { kind: "lost", why: `${reply.status} from /users/delta` };
    const body = pageSchema.parse(reply.body);
    for (const { id } of body.value) ids.add(id.toLowerCase());
    const next = nextPath(tenant, body["@odata.nextLink"]);
    if (next === null) {
      const cursor = nextPath(tenant, body["@odata.deltaLink"]);
      return cursor === null
        ? { kind: "lost", why: "the last page has no delta link" }
        : { kind: "changes", ids, cursor };
    }
    path = next;
  }
  return { kind: "lost", why: "the changes do not end" };
}
