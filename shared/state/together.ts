import type { Row } from "./table.ts";

/**
 * Asks once for all who ask for the same row while an answer is under way. Nobody has an answer to a question that was asked before
 * theirs: who comes meanwhile waits for the next one.
 */
export function together<T>(ask: (row: Row) => Promise<T>): (row: Row) => Promise<T> {
  const underWay = new Map<string, Promise<unknown>>();
  const next = new Map<string, Promise<T>>();
  const begin = (key: string, row: Row): Promise<T> => {
    next.delete(key);
    const asked = ask(row);
    underWay.set(key, asked);
    const end = () => void (underWay.get(key) === asked && underWay.delete(key));
    asked.then(end, end);
    return asked;
  };
  return (row) => {
    const key = `${row.partitionKey}/${row.rowKey}`;
    const before = underWay.get(key);
    if (before === undefined) return begin(key, row);
    const go = () => begin(key, row);
    const waiting = next.get(key) ?? before.then(go, go);
    next.set(key, waiting);
    return waiting;
  };
}
