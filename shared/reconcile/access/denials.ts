import { isGone } from "../../graph/error.ts";
import { denialOf, find } from "../../graph/grants/kind.ts";
import type { Denial } from "../../model/denial.ts";
import { grantKey, subjectOf } from "../../model/grant.ts";
import type { GroupId } from "../../model/ids.ts";
import type { LedgerEntry } from "../../model/ledger.ts";
import type { PairRecord } from "../../model/pair.ts";
import type { Plan } from "../../model/plan.ts";
import type { Wish } from "../../model/wish.ts";
import type { AccessSituation } from "../../planner/access-situation.ts";
import type { NamedGrant, OwnedGrant } from "../../planner/owned.ts";
import { mayBeKept } from "../../planner/grant-plan.ts";
import { isTakenAway } from "../../planner/refused.ts";
import { goneMs } from "../../planner/replicas.ts";
import { wayOf } from "../../policy/desired.ts";
import type { AccessReadPorts, Looking } from "../pair/access-ports.ts";
import { outcomeOf, type Outcome } from "../run/outcome.ts";
import type { ReadOk } from "../pair/access-round.ts";

type Held = Pick<AccessSituation, "account" | "wanted"> & {
  readonly pair: PairRecord;
  /** What Muster gave the account. */
  readonly given: readonly GivenGrant[];
};

type GivenGrant = Pick<OwnedGrant, "grant" | "entry">;

type DenialsRead = {
  readonly denials: AccessSituation["denials"];
  /** Why it is not known of all of them, and how the look ends. */
  readonly trouble: Outcome | null;
  /** What the groups are called that show the analyst's roles, by their ids: people hear which of them to take somebody out of. */
  readonly roleGroups: ReadonlyMap<string, string>;
};

const none: DenialsRead = { denials: new Map(), trouble: null, roleGroups: new Map() };

/**
 * What access reviews have denied of what the analyst is to have. Reviews are read when something that Muster gave was taken away, and
 * was not found to be denied before.
 */
export async function readDenials(
  held: Held,
  looking: Looking,
  ports: AccessReadPorts,
): Promise<DenialsRead> {
  const { target } = looking.rules;
  if (target.topology === "home" || target.onDeniedReview === "restore") return none;
  const answers = await Promise.all(held.wanted.map((named) => askFor(named, { held, looking, ports })));
  const [trouble = null] = answers.flatMap((one) => (one.trouble === null ? [] : [one.trouble]));
  const denials = new Map(answers.flatMap(({ key, denial }) => (denial === null ? [] : [[key, denial]])));
  return { trouble, denials, roleGroups: denials.size === 0 ? new Map() : await nameGroups(looking, ports) };
}

/** What has no name to be had goes by its id. */
async function nameGroups(
  { record, rules, priority }: Looking,
  { source }: AccessReadPorts,
): Promise<DenialsRead["roleGroups"]> {
  const ids = record.roles
    .map(({ by }) => wayOf(by))
    .flatMap((way) => (way?.kind === "group" ? [way.group] : []));
  const named = rules.policy.roles.flatMap(({ holders }) =>
    holders.kind === "group" && holders.group.kind === "id" ? [holders.group.id] : [],
  );
  const found = await Promise.all(
    ids
      .filter((id) => named.includes(id))
      .map((id) => find(source.grants, groupById(id), priority).catch(() => null)),
  );
  return new Map(found.flatMap((one) => (one?.kind === "found" ? [[subjectOf(one.grant), one.name]] : [])));
}

const groupById = (id: GroupId): Wish => ({ kind: "group", group: { kind: "id", id } });

type Answer = {
  readonly key: string;
  readonly denial: Denial | "unknown" | null;
  readonly trouble: Outcome | null;
};

type Asking = { readonly held: Held; readonly looking: Looking; readonly ports: AccessReadPorts };

async function askFor({ grant }: NamedGrant, { held, looking, ports }: Asking): Promise<Answer> {
  const { account, given, pair } = held;
  const { target } = looking.rules;
  const key = grantKey(grant);
  const entry = entryOf(key, given);
  const known = pair.denials[key];
  if (known !== undefined && stands(known, entry)) return { key, denial: known, trouble: null };
  const isAsked =
    account.kind === "present" &&
    account.proof !== "contested" &&
    target.topology !== "home" &&
    // Then it is left so, whoever took it.
    target.onExternalRemoval !== "respect" &&
    isTakenAway(account.seen(grant, "yes").seen, entry, ports.now());
  if (!isAsked) return { key, denial: null, trouble: null };
  const since = Math.max(entry.at, pair.overruled[key] ?? 0);
  const { reader } = ports.tenant;
  try {
    const asked = { account: account.id, since, priority: looking.priority };
    return { key, denial: await denialOf(reader.grants, grant, asked), trouble: null };
  } catch (error) {
    const trouble = outcomeOf(error, ports.now());
    // Without consent, or where there are no reviews, nothing is known of any, and nobody has to consent.
    if (trouble.kind === "parked" || isGone(error)) return { key, denial: null, trouble: null };
    return { key, denial: "unknown", trouble };
  }
}

/** What was given since then was given on another occasion. Who was denied is the analyst: their account may be another by now. */
const stands = ({ at }: Denial, entry: LedgerEntry | undefined) => entry === undefined || entry.at < at;

const entryOf = (key: string, given: readonly GivenGrant[]): LedgerEntry | undefined =>
  given.find(({ grant }) => grantKey(grant) === key)?.entry;

/**
 * A denial is remembered as long as the analyst is to have what was denied. It is over when they are not, when Muster gives it anew, and
 * when it is there again although every replica must know that it was taken: then somebody has decided otherwise.
 */
export function keptDenials({ pair, situation }: ReadOk): Pick<PairRecord, "denials" | "overruled"> {
  const { denials, owned, now } = situation;
  const found = [...denials].flatMap(([key, one]) => (one === "unknown" ? [] : [[key, one] as const]));
  const known = { ...pair.denials, ...Object.fromEntries(found) };
  const isStill = ([key, { at }]: readonly [string, Denial]) => isStillRefused(situation, key, at);
  const standing = Object.entries(known).filter(([key, one]) => stands(one, entryOf(key, owned.grants)));
  const over = standing.filter((one) => !isStill(one)).map(([key]) => [key, now] as const);
  const overruled = Object.entries({ ...pair.overruled, ...Object.fromEntries(over) });
  return {
    denials: Object.fromEntries(standing.filter(isStill)),
    overruled: Object.fromEntries(
      overruled.filter(([key, at]) => (entryOf(key, owned.grants)?.at ?? Infinity) < at),
    ),
  };
}

/** Of what was denied or taken away then, epoch ms. */
function isStillRefused({ account, keeps, wanted, now }: AccessSituation, key: string, at: number): boolean {
  const named = wanted.find(({ grant }) => grantKey(grant) === key);
  if (named === undefined) return mayBeKept(key, keeps);
  const isBack = account.kind === "present" && account.seen(named.grant, "yes").seen === "present";
  return !isBack || now - at < goneMs;
}

/**
 * What somebody else took away, and is left so, is remembered for as long as a denial is, and as long as the policy leaves it: the account
 * that comes after the one that had it does not get it either.
 */
export function keptTaken({ pair, situation }: ReadOk, { notes }: Plan): PairRecord["taken"] {
  if (situation.onExternalRemoval === "restore") return {};
  const found = notes.flatMap((note) =>
    note.kind === "taken-by-others" ? [[note.grant, situation.now] as const] : [],
  );
  const known = Object.entries({ ...Object.fromEntries(found), ...pair.taken });
  return Object.fromEntries(known.filter(([key, at]) => isStillRefused(situation, key, at)));
}
