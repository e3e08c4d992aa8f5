import type { AnalystId } from "../model/ids.ts";
import { allAnalysts, type Analysts } from "../state/analysts.ts";

/** How long a list is good enough: who becomes an analyst in the meantime is passed on by the arrivals. */
const memoryMs = 30_000;

/**
 * Whether somebody is or was an analyst, as this process has last heard, so that a delivery need not ask the tables about
 * everybody in it. Without a list, everybody counts as one: nobody of importance then waits behind a nightly import.
 */
export function knownAnalysts(
  table: Pick<Analysts, "list">,
  now: () => number,
): (id: AnalystId) => Promise<boolean> {
  let known: { readonly at: number; readonly ids: ReadonlySet<string> } | null = null;
  let asking: Promise<void> | null = null;
  const ask = (): Promise<void> => {
    asking ??= allAnalysts(table)
      .then((all) => void (known = { at: now(), ids: new Set(all.map(({ id }) => id)) }))
      .finally(() => (asking = null));
    return asking;
  };
  return async (id) => {
    const age = known === null ? Infinity : now() - known.at;
    if (age > memoryMs) {
      const asked = ask().catch(() => undefined);
      if (known === null) await asked;
    }
    return known === null || known.ids.has(id);
  };
}
