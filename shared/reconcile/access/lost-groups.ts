import { isThere, type GrantReaders } from "../../graph/grants/kind.ts";
import type { TargetReader } from "../../graph/target-reader.ts";
import type { Priority } from "../../graph/tenant.ts";
import { grantKey } from "../../model/grant.ts";
import { grantOf, type LedgerEntry, type LedgerItem, type LedgerRow } from "../../model/ledger.ts";
import type { Subjects } from "../../planner/access-situation.ts";
import { mayBeRestored, replicationWindowMs } from "../../planner/replicas.ts";

/*
 * "Not found" is also what Graph says of a member of a group that is deleted. Such a group comes back with its members when it is
 * restored, within 30 days. https://learn.microsoft.com/graph/api/group-delete
 */
type Asked = {
  readonly source: { readonly grants: GrantReaders };
  readonly tenant: { readonly reader: Pick<TargetReader, "grants"> };
};

/** What was not there when something was to be taken back; what nobody can tell counts as lost. */
export async function missingOf(
  item: LedgerItem,
  asked: Asked,
  priority: Priority,
): Promise<NonNullable<LedgerEntry["missing"]>> {
  return (await askFor(item, asked, priority)) === "there" ? "member" : "group";
}

/** Of what may be forgotten although nobody has taken it back: whether it is there by now. In ordinary times that is nothing. */
export async function readSubjects(
  ledger: readonly LedgerRow[],
  asked: Asked & { readonly now: () => number },
  priority: Priority,
): Promise<Subjects> {
  const now = asked.now();
  const doubted = ledger.filter(
    ({ entry }) =>
      entry.state === "removed" && mayBeRestored(entry, now) && now - entry.at >= replicationWindowMs,
  );
  return new Map(
    await Promise.all(
      doubted.map(async ({ item }) => {
        const what = grantOf(item);
        return [grantKey(what), await askFor(item, asked, priority)] as const;
      }),
    ),
  );
}

type Subject = Subjects extends ReadonlyMap<string, infer S> ? S : never;

async function askFor(item: LedgerItem, { source, tenant }: Asked, priority: Priority): Promise<Subject> {
  try {
    const isFound =
      item.kind === "grant"
        ? await isThere(tenant.reader.grants, item.grant, priority)
        : await isThere(source.grants, item.scope, priority);
    return isFound ? "there" : "not-there";
  } catch {
    // Nothing depends on it today: it is asked again.
    return "unknown";
  }
}
