import type { Seen } from "../model/sight.ts";
import { z } from "zod";
import { GraphError } from "./error.ts";
import type { GraphCall, GraphTenant } from "./tenant.ts";

/** A listing read page by page: `partial` when a later page failed, and then absence means nothing. */
export type Listing<T> = {
  readonly items: readonly T[];
  readonly completeness: { readonly kind: "complete" } | { readonly kind: "partial"; readonly why: string };
};

/** Absence is only said of what was read to its end. */
export function seenIn<T>({ items, completeness }: Listing<T>, isIt: (item: T) => boolean): Seen {
  if (items.some(isIt)) return "present";
  return completeness.kind === "complete" ? "absent" : "unknown";
}

/** The same as an answer to whether it is there. */
export function heldIn<T>({ items, completeness }: Listing<T>, isIt: (item: T) => boolean): Held {
  if (items.some(isIt)) return "yes";
  return completeness.kind === "complete" ? "no" : "unknown";
}

/** `unknown`: what would tell could not be read to its end. */
export type Held = "yes" | "no" | "unknown";

/** The same of a list of ids. */
export const seenAmong = (listing: Listing<string>, id: string): Seen => seenIn(listing, (one) => one === id);

const pageSchema = z.looseObject({
  value: z.array(z.unknown()),
  "@odata.nextLink": z.string().optional(),
});

/** Graph's pages are bounded; this many of them is a loop, not a listing. */
export const pageLimit = 1_000;

/**
 * Reads every page. Trouble on the first page is an error like any other; trouble on a later one is a partial listing,
 * because what was read is still true.
 * @throws GraphError
 */
export async function listAll<T>(
  tenant: GraphTenant,
  call: Omit<GraphCall, "method">,
  item: z.ZodType<T>,
): Promise<Listing<T>> {
  const items: T[] = [];
  let path: string | null = call.path;
  for (let page = 0; path !== null; page += 1) {
    if (page >= pageLimit)
      return { items, completeness: { kind: "partial", why: "the listing does not end" } };
    try {
      const reply = await tenant.send({ ...call, method: "GET", path });
      const body = pageSchema.parse(reply.body);
      items.push(...z.array(item).parse(body.value));
      path = nextPath(tenant, body["@odata.nextLink"]);
    } catch (error) {
      if (page === 0 || !(error instanceof GraphError)) throw error;
      return { items, completeness: { kind: "partial", why: error.message } };
    }
  }
  return { items, completeness: { kind: "complete" } };
}

/** Links are absolute; only the part after this tenant's own /v1.0 is followed. @throws Error when one leads elsewhere */
export function nextPath(tenant: GraphTenant, link: string | undefined): string | null {
  if (link === undefined) return null;
  const base = `${tenant.url}/v1.0`;
  if (!link.startsWith(`${base}/`)) throw new Error(`Graph's link leads elsewhere: ${new URL(link).origin}`);
  return link.slice(base.length);
}
