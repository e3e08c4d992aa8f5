import type { Row } from "./table.ts";

/**
 * What rows said when they were last seen, by their etags. Most rows are read far more often than anybody writes them, and listed by
 * the thousand: whose etag is still the same is not parsed again. It saves no request, and nothing is believed that was not read.
 */
export type RowMemory<T> = {
  /** @returns what the row says at this etag, as `parse` tells when that is not remembered */
  readonly at: (row: Row, etag: string, parse: () => T) => T;
  readonly remember: (row: Row, etag: string, value: T) => void;
};

/** A few kilobytes each; beyond that the ones go that were not seen for longest. */
const rowLimit = 5_000;

export function rowMemory<T>(limit = rowLimit): RowMemory<T> {
  const known = new Map<string, { readonly etag: string; readonly value: T }>();
  const remember = ({ partitionKey, rowKey }: Row, etag: string, value: T) => {
    const key = `${partitionKey}/${rowKey}`;
    known.delete(key);
    known.set(key, { etag, value });
    const [oldest] = known.size > limit ? known.keys() : [];
    if (oldest !== undefined) known.delete(oldest);
  };
  return {
    remember,
    at(row, etag, parse) {
      const last = known.get(`${row.partitionKey}/${row.rowKey}`);
      const value = last?.etag === etag ? last.value : parse();
      remember(row, etag, value);
      return value;
    },
  };
}
