import type { AnalystRecord } from "../model/analyst.ts";
import type { AnalystId } from "../model/ids.ts";

/** What the source shows of people, read as a whole. */
export type SourceShown = {
  readonly person: (id: AnalystId) => PersonShown | "none" | "unknown";
  readonly holds: (by: string, id: AnalystId) => "yes" | "no" | "unknown";
  /** Everything that shows a role, and could be listed. */
  readonly ways: readonly string[];
};

type PersonShown = {
  readonly enabled: boolean;
  readonly stamps: Readonly<Record<string, string | null>>;
};

/**
 * Why an analyst needs a look of their own in the source; none: it shows what was seen of them last. `stamps`: what theirs have to say.
 */
export function sourceDriftOf(
  record: AnalystRecord,
  stamps: Readonly<Record<string, string>>,
  shown: SourceShown,
): readonly string[] {
  const { id, leaving } = record;
  const person = shown.person(id);
  if (person === "unknown") return [];
  if (person === "none") return leaving === "deleted" ? [] : ["nowhere among the users"];
  // Of who is said to have left, nothing else matters; they keep what they hold.
  if (leaving === "departed") return [];
  const account = accountWords(person, leaving);
  // Who is out by their account may hold what they like.
  if (account.length > 0 || leaving === "disabled") return account;
  const held = new Set(record.held.map(({ by }) => by));
  const gained = shown.ways.filter((by) => !held.has(by) && shown.holds(by, id) === "yes");
  const lost = shown.ways.filter((by) => held.has(by) && shown.holds(by, id) === "no");
  const wrong =
    leaving === null ? Object.entries(stamps).filter(([name, value]) => person.stamps[name] !== value) : [];
  return [
    ...gained.map((by) => `holds what was not known: ${by}`),
    ...lost.map((by) => `does not hold any more: ${by}`),
    ...wrong.map(([name]) => `the stamp ${name} says something else`),
  ];
}

function accountWords({ enabled }: PersonShown, leaving: AnalystRecord["leaving"]): readonly string[] {
  if (!enabled) return leaving === "disabled" || leaving === "no-role" ? [] : ["the account is disabled"];
  return leaving === "disabled" || leaving === "deleted" ? ["the account is enabled again"] : [];
}
