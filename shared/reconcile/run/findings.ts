import type { Finding, FindingKind, KeptFindings, Unproven } from "../../model/finding.ts";
import type { KeyClock } from "../../state/key-state.ts";
import type { FindingRow } from "../../state/findings.ts";
import type { FindingPorts } from "./handling.ts";
import { withoutIds, type Ending, type Outcome } from "./outcome.ts";
import { hashOf } from "./plan-hash.ts";
import { failing } from "./tell.ts";

/** How a run ended, as far as findings go by it. */
type Looked = {
  readonly ending: Ending;
  readonly outcomes: readonly Outcome[];
  readonly cut: "yes" | "no";
  /** How many runs have failed one after the other, this one included. */
  readonly failures: number;
  /** When the key is looked at next, as far as nobody calls it before, epoch ms; Infinity: nothing is due. */
  readonly nextAt: number;
  /** Whether the key is about somebody who is to be out and of whom nothing proves it. */
  readonly unproven: Unproven | null;
  readonly now: number;
};

type Met = Pick<Finding, "id" | "kind" | "found" | "advice" | "since">;

/**
 * What people have to see to after a run. What a run met is open; what it did not meet is over if it looked at everything. Of
 * somebody who is to be out there is one finding, the orphan, which only a proof closes, or that they belong there again.
 */
export function findingsAfter(known: KeptFindings, looked: Looked): KeptFindings {
  const { now } = looked;
  const open = known.all.filter(({ over }) => over === null);
  const met = new Map(metBy(looked, open).map((one) => [one.id, one]));
  const still = open.map((one) => {
    const again = met.get(one.id);
    if (again !== undefined) return isOldNews(one, again, now) ? one : renewed(one, again, now);
    return mayClose(one, looked) ? { ...one, over: now } : one;
  });
  const isKnown = new Set(open.map(({ id }) => id));
  const begun = [...met.values()].flatMap((one) =>
    isKnown.has(one.id) ? [] : [{ ...one, seen: now, over: null }],
  );
  // What is over, and not shown so yet, may be met again before that.
  const unshown = known.all.filter(({ id, over }) => over !== null && !met.has(id));
  if (begun.length === 0 && still.every((one, index) => one === open[index])) return known;
  return {
    ...known,
    version: Math.max(known.version + 1, Math.floor(now)),
    all: [...unshown, ...still, ...begun],
  };
}

const renewed = (one: Finding, again: Met, now: number): Finding => ({
  ...one,
  ...again,
  since: Math.min(one.since, again.since),
  seen: now,
});

/** Nobody has to read every few minutes that it is still so. */
const isOldNews = (one: Finding, again: Met, now: number) =>
  now - one.seen < seenMs && isSameWords(one.found, again.found) && isSameWords(one.advice, again.advice);

const seenMs = 60 * 60_000;

/** Counters and ids change, and it is the same all the same. */
const isSameWords = (one: string, other: string) => bare(one) === bare(other);
const bare = (text: string) => withoutIds(text).replaceAll(/\d+/g, "0");

function metBy(looked: Looked, open: readonly Finding[]): readonly Met[] {
  const { unproven, ending, failures, now } = looked;
  if (unproven !== null) return orphan(unproven, looked, open);
  const parked = ending.parked.map(({ finding, about = "", reason, advice }) => ({
    kind: finding,
    about,
    found: reason,
    advice,
  }));
  const failed = ending.retry === null ? null : failing(ending.retry, failures);
  const lasting =
    failed === null
      ? []
      : [{ kind: failed.finding, about: failed.gist, found: failed.reason, advice: failed.advice }];
  const byId = Map.groupBy([...parked, ...lasting], ({ kind, about }) => idOf(kind, about));
  return [...byId].flatMap(([id, [first, ...more]]) => {
    if (first === undefined) return [];
    const found = [first, ...more].map((one) => one.found).join("; ");
    return [{ id, kind: first.kind, found, advice: first.advice, since: now }];
  });
}

/**
 * Whoever leaves in good order is out within seconds, and no finding. It is one when a person is needed, when it takes longer, and
 * when nobody would look in time to say so.
 */
function orphan(unproven: Unproven, looked: Looked, open: readonly Finding[]): readonly Met[] {
  const { ending, nextAt, now } = looked;
  const lateAt = unproven.since + orphanMs;
  const id = idOf("orphan", "");
  const isOpen = open.some((one) => one.id === id);
  if (!isOpen && ending.parked.length === 0 && now < lateAt && nextAt <= lateAt) return [];
  return [{ id, kind: "orphan", since: unproven.since, ...wordsOf(unproven, ending) }];
}

function wordsOf({ why, advice }: Unproven, { parked, retry, again, held }: Ending) {
  const waits = held === "yes" || why === "" ? (again?.why ?? "") : "";
  const found = [...parked.map(({ reason }) => reason), retry?.why ?? waits, why].filter(
    (text) => text !== "",
  );
  const todo = [...new Set([...parked.map((one) => one.advice), advice])].filter((text) => text !== "");
  return {
    found: found.length === 0 ? "nothing has shown yet that they are out" : found.join("; "),
    advice: todo.length === 0 ? "nothing yet: Muster goes on looking until a read shows it" : todo.join("; "),
  };
}

/** Nothing that is merely not seen is resolved. */
function mayClose({ kind }: Finding, { unproven, ending, outcomes, cut }: Looked): boolean {
  const isBlind = cut === "yes" || outcomes.some((one) => one.kind === "unseen");
  if (kind === "orphan") return unproven === null && !isBlind;
  return !isBlind && ending.held === "no" && ending.parked.every(({ stops }) => stops === undefined);
}

/** Longer than a leaver takes whom nothing stands in the way of. */
const orphanMs = 5 * 60_000;

const idOf = (kind: FindingKind, about: string) => `${kind}:${about === "" ? "one" : hashOf(about)}`;

/** Whether the table does not show this yet. */
export const isUnshown = ({ version, shown }: KeptFindings): boolean => version > shown;

/** A key that nothing is remembered of may have had a memory, which was lost: what is on show of it is taken over. */
export async function rememberedFindings<T>(
  { lookedAt, findings }: KeyClock,
  { table, tenant, subject }: FindingPorts<T>,
): Promise<KeptFindings> {
  if (lookedAt !== 0 || findings.version !== 0) return findings;
  const rows = await table.open(tenant, subject);
  if (rows.length === 0) return findings;
  const version = Math.max(...rows.map((row) => row.version));
  return { version, shown: version, all: rows.map(findingOf) };
}

const findingOf = ({ id, kind, found, advice, since, seen, over }: FindingRow): Finding => ({
  id,
  kind,
  found,
  advice,
  since,
  seen,
  over,
});

/**
 * Shows people what the key's row holds by now. Whoever dies here has left something that is due, and the next run does it once
 * more; whoever comes late, because another run has the key by then, changes nothing.
 */
export async function show<T>(
  findings: KeptFindings,
  value: T,
  { table, tenant, subject, names }: FindingPorts<T>,
): Promise<KeptFindings> {
  if (!isUnshown(findings)) return findings;
  const { person, place } = await names(value);
  const { version, all } = findings;
  for (const one of all) await table.show({ ...one, tenant, subject, person, place, version });
  return { version, shown: version, all: all.filter(({ over }) => over === null) };
}
