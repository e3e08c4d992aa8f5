import { unlessGone } from "../graph/error.ts";
import type { Listing } from "../graph/listing.ts";
import type { Priority } from "../graph/tenant.ts";
import type { AnalystRecord, HeldRole, LostBy, Refused } from "../model/analyst.ts";
import {
  lossWindowMs,
  occasionMs,
  refusalMs,
  refusalOf,
  type Loss,
  type LostRole,
} from "../planner/loss-checks.ts";
import { replicationWindowMs } from "../planner/membership.ts";
import { lostRoles, takesPlace } from "../planner/source-plan.ts";
import { wayOf } from "../policy/desired.ts";
import type { Policy } from "../policy/policy.ts";
import { allAnalysts, type Analysts } from "../state/analysts.ts";
import { waysToHold, type SourceReadPorts, type SourceSeen } from "./read-source.ts";

type Assessing = {
  readonly record: AnalystRecord | null;
  readonly seen: SourceSeen;
  readonly policy: Policy;
  readonly ports: SourceReadPorts & { readonly analysts: Pick<Analysts, "list">; readonly now: () => number };
  readonly priority: Priority;
};

type Losing = Assessing & { readonly record: AnalystRecord };

/**
 * When a role seems to be gone: how good the evidence is, and how many others seem to have lost it with them. One leaver is
 * a leaver; many at once are a mistake in a group, in an attribute or in the policy.
 */
export async function assessLoss(assessing: Assessing): Promise<Loss | null> {
  const { record, seen, policy, ports } = assessing;
  // Who is disabled leaves whatever they hold: nothing that cannot be read stands in their way.
  if (seen.user.kind !== "present" || !seen.user.user.enabled) return null;
  const lost = lostRoles(record, seen.held);
  if (record === null || lost.length === 0) return null;
  // Nobody looks at who is protected, so what is remembered of them says nothing.
  const everybody = (await allAnalysts(ports.analysts)).filter(({ id }) => !policy.protected.includes(id));
  return {
    evidence: seen.evidence,
    roles: await Promise.all(lost.map((role) => compareHolders(role, everybody, { ...assessing, record }))),
    budget: policy.guardrails.removals,
  };
}

/** Whoever held the role last time, against whoever holds it now. */
async function compareHolders(
  { role, by }: HeldRole,
  everybody: readonly AnalystRecord[],
  assessing: Losing,
): Promise<LostRole> {
  const { record, seen, policy, ports } = assessing;
  const listing = await listHolders({ role, by }, everybody, assessing);
  const { lostBy } = listing;
  const holders = new Set(listing.items);
  const others = everybody.filter(({ id }) => id !== record.id);
  const refusal = refusalOf(record.refused, { by, lostBy });
  const own = lossOf(record, { by, refusal, at: refusal?.since ?? ports.now() });
  const losses = others.flatMap((one) => lossBefore(one, { by, lostBy }));
  // An edit of the policy takes a role from everybody at once, also from those who would have lost it before.
  const apart = lostBy === "person" ? losses : [];
  const earlier = new Set(apart.filter((loss) => isBefore(loss, own, losses)).map(({ one }) => one.id));
  const later = new Set(apart.filter((loss) => isBefore(own, loss, losses)).map(({ one }) => one.id));
  const lostAfter = ports.now() - lossWindowMs;
  // Somebody who left by another way, a disabled account say, is no sign of an emptied group.
  const known = everybody.filter(
    (one) =>
      !earlier.has(one.id) &&
      ((one.leaving === null && one.roles.some((held) => held.by === by)) ||
        later.has(one.id) ||
        (one.lost[by] ?? 0) > lostAfter ||
        (holders.has(one.id) && cameOver(one, by))),
  );
  const missing = known.filter(({ id }) => !holders.has(id) && !later.has(id));
  const soon = [own, ...losses].filter(({ at }) => at <= own.at + lossWindowMs);
  const seenToLose = new Set(soon.map(({ one }) => one.id));
  const ways = waysToHold(policy, seen.roleGroups);
  const isReplaced = ways.has(role) && ![...ways.values()].includes(by);
  return {
    role,
    by,
    known: known.length,
    missing: missing.length,
    seen: missing.filter(({ id }) => seenToLose.has(id)).length,
    lostBy,
    refusedFirst: refusedFirst(own, losses, lostBy),
    ...(isReplaced && ports.now() - own.at < replicationWindowMs ? { mayShowLate: "yes" } : {}),
    listing: holders.has(record.id) ? "behind" : listing.completeness.kind,
  };
}

/** Held the role in this way before what shows it was replaced, and is no sign of a loss. */
const cameOver = ({ moved }: AnalystRecord, by: string) =>
  Object.values(moved).some((ways) => ways.includes(by));

/** That somebody was seen to have lost the role, whether they were let go or are kept. Times are epoch ms. */
type Lost = {
  readonly one: AnalystRecord;
  readonly at: number;
  /** When a look last found it held. */
  readonly confirmedAt: number;
  /** Of how many others nobody had seen it yet when it was refused; null: it was not, and any number may come. */
  readonly unseen: number | null;
  readonly occasion: number;
};

function lossOf(
  one: AnalystRecord,
  { by, refusal, at }: { readonly by: string; readonly refusal: Refused | undefined; readonly at: number },
): Lost {
  const unseen = typeof refusal?.among === "number" ? (refusal.unseen ?? 0) : null;
  return {
    one,
    at,
    confirmedAt: one.confirmed[by] ?? one.confirmedAt,
    unseen,
    occasion: refusal?.occasion ?? at,
  };
}

/** How somebody else lost it, if a look has shown that yet. */
function lossBefore(one: AnalystRecord, lost: Pick<LostRole, "by" | "lostBy">): readonly Lost[] {
  const refusal = refusalOf(one.refused, lost);
  const at = refusal?.since ?? one.lost[lost.by];
  return at === undefined ? [] : [lossOf(one, { by: lost.by, refusal, at })];
}

/**
 * Whether the first was another loss, before the second: the second was seen to hold the role after it, or lost it later, when
 * everybody who was missing at the first had been seen to be.
 */
const isBefore = (first: Lost, second: Lost, losses: readonly Lost[]): boolean =>
  first.at + replicationWindowMs < second.confirmedAt ||
  (first.at + lossWindowMs < second.at && isComplete(first, second, losses));

/** Who comes late was missing when the first was refused, as long as not as many have come as were. */
function isComplete({ at, unseen }: Lost, second: Lost, losses: readonly Lost[]): boolean {
  if (unseen === null || unseen === 0) return unseen === 0;
  return unseen <= losses.filter((loss) => at + lossWindowMs < loss.at && loss.at < second.at).length;
}

/** When the loss was refused first on this occasion: to the first of those of whom people hear together with this one. */
function refusedFirst(own: Lost, losses: readonly Lost[], lostBy: LostBy): number {
  const isHeardWith = (loss: Lost) =>
    lostBy !== "person" || own.at <= loss.at + refusalMs || !isComplete(loss, own, losses);
  const times = losses.filter(isHeardWith).map(({ occasion }) => occasion);
  return Math.min(own.at, ...times.filter((at) => Math.abs(at - own.at) <= occasionMs));
}

/** Who holds a role now, and by whom it was lost. */
type Holders = Listing<string> & { readonly lostBy: LostBy };

/**
 * Everybody who holds the role now: by what showed it last time, or, if the policy goes by something else now, by that. A role
 * that the policy does not know any more has no holders. But where what showed it shows others and not this analyst any more,
 * the loss is theirs, whatever the policy says, and so it is if that showed them after an edit and does not any more. Whoever had
 * what shows it now beside what showed it last time holds another role, which has got its name.
 */
async function listHolders(
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
