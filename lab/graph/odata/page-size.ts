import type { Draws } from "../draws.ts";
import type { Weather } from "../../weather.ts";

/**
 * How many of the items that are left go on a page. Graph promises neither full pages nor that a page has anything on it:
 * only a page without a next link is the last one. https://learn.microsoft.com/graph/paging
 */
export type PageSize = (left: {
  readonly asked: number;
  readonly offset: number;
  readonly isAfterEmpty: boolean;
}) => number;

type Parts = { readonly weather: Weather; readonly draws: Draws };
type Listing = {
  readonly tenant: { readonly id: string };
  readonly url: URL;
  readonly caller: { readonly kind: "app" | "admin" };
};

export function pageSizeFor({ weather, draws }: Parts, { caller, tenant, url }: Listing): PageSize {
  const { emptyPages, smallPages } = weather;
  if (caller.kind === "admin") return ({ asked }) => asked;
  return ({ asked, offset, isAfterEmpty }) => {
    const options = [...url.searchParams].filter(([name]) => name !== "$skiptoken");
    const page = [tenant.id, url.pathname, JSON.stringify(options), offset];
    // One empty page in a row: a listing has to end.
    if (!isAfterEmpty && draws.happens(emptyPages, "empty page", ...page)) return 0;
    if (!draws.happens(smallPages, "small page", ...page)) return asked;
    return Math.max(1, draws.oneOf(asked, "page size", ...page));
  };
}
