import { textOf } from "../directory/text.ts";
import { badRequest } from "../http/problem.ts";
import type { Call, Reply } from "../http/call.ts";
import type { Query } from "./query.ts";
import { afterEmpty, readSkipToken, skipTokenAfter } from "./skip-token.ts";

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
  const { start, isAfterEmpty } = startOf(wanted, query.skipToken);
  const asked = Math.min(query.top ?? defaultPageSize, Math.max(1, wanted.length - start));
  const size = call.pageSize({ asked, offset: start, isAfterEmpty });
  const end = start + size;
  const next = size === 0 || end < wanted.length ? skipTokenAfter(wanted[end - 1]?.id ?? "", end) : undefined;
  return {
    status: 200,
    body: {
      "@odata.context": `${call.url.origin}/v1.0/$metadata#${source.context}`,
      ...(query.count && { "@odata.count": wanted.length }),
      ...(next !== undefined && {
        "@odata.nextLink": nextLink(call, size === 0 ? afterEmpty(next) : next),
      }),
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

function startOf(
  items: readonly { readonly id: string }[],
  skipToken: string | undefined,
): { start: number; isAfterEmpty: boolean } {
  if (skipToken === undefined) return { start: 0, isAfterEmpty: false };
  const position = readSkipToken(skipToken);
  if (position === undefined) throw badRequest("The specified $skiptoken is not valid.");
  const { after, offset, isAfterEmpty } = position;
  // The item may be gone by now: then the place where it was.
  const last = items.findIndex(({ id }) => id === after);
  return { start: last === -1 ? Math.max(0, offset - 1) : last + 1, isAfterEmpty };
}
