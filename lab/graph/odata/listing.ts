import { textOf } from "../directory/text.ts";
import { badRequest } from "../http/problem.ts";
import type { Call, Reply } from "../http/call.ts";
import type { Query } from "./query.ts";
import { readSkipToken, skipTokenAfter } from "./skip-token.ts";

const defaultPageSize = 100;

/** Filters, sorts and pages items, and wraps the page as Graph does. */
export function listing<T extends { readonly id: string }>(
  call: Call,
  query: Query,
  source: {
    readonly items: Iterable<T>;
    /** After `$metadata#`. */
    readonly context: string;
    readonly read: (item: T, path: string) => unknown;
    readonly show: (item: T) => unknown;
  },
): Reply {
  const wanted = sorted(matching(source.items, query, source.read), query, source.read);
  const start = startOf(wanted, query.skipToken);
  const end = start + (query.top ?? defaultPageSize);
  const last = wanted[end - 1];
  const hasMore = last !== undefined && end < wanted.length;
  return {
    status: 200,
    body: {
      "@odata.context": `${call.url.origin}/v1.0/$metadata#${source.context}`,
      ...(query.count && { "@odata.count": wanted.length }),
      ...(hasMore && { "@odata.nextLink": nextLink(call, skipTokenAfter(last.id, end)) }),
      value: wanted.slice(start, end).map(source.show),
    },
  };
}

/** This request's URL with another `$skiptoken`: all other options are carried along. */
export function nextLink(call: Call, skipToken: string): string {
  const options = [...call.url.searchParams].filter(([name]) => name !== "$skiptoken");
  const query = [...options, ["$skiptoken", skipToken] as const].map(
    ([name, value]) => `${name}=${encodeURIComponent(value)}`,
  );
  return `${call.url.origin}${call.url.pathname}?${query.join("&")}`;
}

function matching<T>(items: Iterable<T>, query: Query, read: (item: T, path: string) => unknown): T[] {
  const { filter } = query;
  if (filter === undefined) return [...items];
  const found: T[] = [];
  for (const item of items) if (filter.matches((path) => read(item, path))) found.push(item);
  return found;
}

function sorted<T>(items: T[], query: Query, read: (item: T, path: string) => unknown): T[] {
  const { orderBy } = query;
  if (orderBy === undefined) return items;
  const key = (item: T) => textOf(read(item, orderBy.path));
  const ascending = items.toSorted((a, b) => key(a).localeCompare(key(b)));
  return orderBy.descending ? ascending.toReversed() : ascending;
}

function startOf(items: readonly { readonly id: string }[], skipToken: string | undefined): number {
  if (skipToken === undefined) return 0;
  const position = readSkipToken(skipToken);
  if (position === undefined) throw badRequest("The specified $skiptoken is not valid.");
  // The item may be gone by now: then the place where it was.
  const after = items.findIndex(({ id }) => id === position.after);
  return after === -1 ? Math.max(0, position.offset - 1) : after + 1;
}
