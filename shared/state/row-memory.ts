import type { Row } from "./table.ts";

/**
 * What rows said when they were last seen, by their etags. Most rows are read far more often than anybody writes them, and listed by
 * the thousand: whose etag is still the same is not parsed again. Nothing is believed for being remembered: the table has to say
 * that the etag is still the row's, by showing it or by taking a write on that condition.
 */
export type RowMemory<T> = {
  /** @returns the row as it was last seen; null when it is not remembered */
  readonly last: (row: Row) => Seen<T> | null;
  /** @returns what the row says at this etag, as `parse` tells when that is not remembered */
  readonly at: (row: Row, etag: string, parse: () => T) => T;
  readonly remember: (row: Row, etag: string, value: T) => void;
  readonly forget: (row: Row) => void;
};

type Seen<T> = { readonly etag: string; readonly value: T };

/** A few kilobytes each; beyond that the ones go that were not seen for longest. */
const rowLimit = 5_000;

export function rowMemory<T>(limit = rowLimit): RowMemory<T> {
  const known = new Map<string, Seen<T>>();
  const nameOf = ({ partitionKey, rowKey }: Row) => `${partitionKey}/${rowKey}`;
  const last = (row: Row) => known.get(nameOf(row)) ?? null;
  const remember = (row: Row, etag: string, value: T) => {
    const key = nameOf(row);
    known.delete(key);
    known.set(key, { etag, value });
    const [oldest] = known.size > limit ? known.keys() : [];
    if (oldest !== undefined) known.delete(oldest);
  };
  return {
    last,
    remember,
    forget: (row) => void known.delete(nameOf(row)),
    at(row, etag, parse) {
      const seen = last(row);
      const value = seen?.etag === etag ? seen.value : parse();
      remember(row, etag, value);
      return value;
    },
  };
}
