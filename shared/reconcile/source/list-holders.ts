import { unlessGone } from "../../graph/error.ts";
import type { Listing } from "../../graph/listing.ts";
import type { Priority } from "../../graph/tenant.ts";
import type { AnalystRecord, HeldRole, LostBy, Refused } from "../../model/analyst.ts";
import { takesPlace } from "../../planner/lost-roles.ts";
import { wayOf } from "../../policy/desired.ts";
import type { Policy } from "../../policy/policy.ts";
import type { Analysts } from "../../state/analysts.ts";
import type { SourceReadPorts, SourceSeen } from "./read-source.ts";
import { waysToHold } from "./role-groups.ts";

export type Assessing = {
  readonly record: AnalystRecord | null;
  readonly seen: SourceSeen;
  readonly departed: "yes" | "no";
  readonly policy: Policy;
  readonly ports: SourceReadPorts & { readonly analysts: Pick<Analysts, "list">; readonly now: () => number };
  readonly priority: Priority;
};

export type Losing = Assessing & { readonly record: AnalystRecord };

/** Who holds a role now, and by whom it was lost. */
type Holders = Listing<string> & { readonly lostBy: LostBy };

/**
 * Everybody who holds the role now: by what showed it last time, or, if the policy goes by something else now, by that. A role
 * that the policy does not know any more has no holders. But where what showed it shows others and not this analyst any more,
 * the loss is theirs, whatever the policy says, and so it is if that showed them after an edit and does not any more. Whoever had
 * what shows it now beside what showed it last time holds another role, which has got its name.
 */
export async function listHolders(
  { role, by }: HeldRole,
  everybody: readonly AnalystRecord[],
  assessing: Losing,
): Promise<Holders> {
  const { policy, seen, record } = assessing;
  const ways = waysToHold(policy, seen.roleGroups);
  const isNamed = [...ways.values()].includes(by);
  const former = await unlessGone(listWay(by, assessing));
  const isShown = former?.items.includes(record.id) === true;
  const lostBy = lostByNow(former, { refusal: record.refused[by], isNamed, isShown });
  // A group that is gone has no holders: whoever was kept in it stays kept.
  if (isNamed) return { ...(former ?? nobody), lostBy };
  if (former !== null && former.items.length > 0 && !isShown) return { ...former, lostBy };
  const way = ways.get(role);
  const listing = way === undefined ? nobody : ((await unlessGone(listWay(way, assessing))) ?? nobody);
  const others = everybody.filter((one) => way !== undefined && !takesPlace(one, way, by));
  const ids = new Set<string>(others.map(({ id }) => id));
  return { ...listing, items: listing.items.filter((id) => !ids.has(id)), lostBy };
}

/** What was found first stays, except that who was kept over an edit may be dropped from what showed the role. */
function lostByNow(former: Listing<string> | null, { refusal, isNamed, isShown }: Showing): LostBy {
  if (refusal?.lostBy === "edit") return former === null || isShown ? "edit" : "person";
  if (refusal?.lostBy !== undefined) return refusal.lostBy;
  if (former === null) return "nobody";
  if (isShown && !isNamed) return "edit";
  return isNamed || former.items.length > 0 ? "person" : "nobody";
}

type Showing = {
  readonly refusal: Refused | undefined;
  /** Whether the policy goes by it. */
  readonly isNamed: boolean;
  /** Whether it still shows the analyst. */
  readonly isShown: boolean;
};

const nobody: Listing<string> = { items: [], completeness: { kind: "complete" } };

async function listWay(key: string, { ports, priority }: Assessing): Promise<Listing<string>> {
  const way = wayOf(key);
  if (way === null) return nobody;
  return way.kind === "group"
    ? ports.reader.listMembers(way.group, priority)
    : ports.reader.listByAttributes(way.attributes, priority);
}
