import type { AnalystRecord, SourceUser } from "../model/analyst.ts";
import type { RoleName } from "../model/ids.ts";
import type { Step } from "../model/plan.ts";
import { emptyStamp } from "../policy/desired.ts";
import { visibleMs } from "./replicas.ts";
import { compare } from "./role-lists.ts";
import type { SourceSituation } from "./source-situation.ts";

export function stampSteps(situation: SourceSituation, roles: readonly RoleName[]): readonly Step[] {
  if (situation.read.kind !== "present") return [];
  const actual = actualStamps(situation, situation.read.user);
  const values = Object.entries(situation.stamps(roles))
    .filter(([property, value]) => actual[property] !== value)
    .toSorted(([a], [b]) => compare(a, b));
  const stamp = values.length === 0 ? [] : [{ kind: "stamp", values: Object.fromEntries(values) } as const];
  return [...stamp, ...clearSteps(situation, roles)];
}

/**
 * A stamp that the policy does not name any more is cleared as soon as it says what no stamp says now: until then it is true, and
 * somebody may still go by it. Nobody reads it any more, so this goes by what is on record. Each has a step of its own: a property
 * that somebody has deleted must not keep the others from being written.
 */
function clearSteps(
  { record, stamps, properties }: SourceSituation,
  roles: readonly RoleName[],
): readonly Step[] {
  const said = new Set(Object.values(stamps(roles)));
  return Object.entries(record?.stamped ?? {})
    .filter(([property, value]) => !properties.includes(property) && !said.has(value))
    .toSorted(([a], [b]) => compare(a, b))
    .map(([property]) => ({ kind: "stamp", values: { [property]: emptyStamp }, former: "yes" }));
}

/** Whatever is wanted may have been written from now on, whether somebody hears of it or not. */
export function nextStamped(
  situation: SourceSituation,
  roles: readonly RoleName[],
): AnalystRecord["stamped"] {
  const known = situation.record?.stamped ?? {};
  if (situation.read.kind !== "present") return known;
  const actual = actualStamps(situation, situation.read.user);
  const wanted = Object.entries(situation.stamps(roles)).map(([property, value]) => [
    property,
    actual[property] === value ? value : "",
  ]);
  return { ...known, ...Object.fromEntries(wanted) };
}

const actualStamps = (situation: SourceSituation, { stamps }: SourceUser) => ({
  ...stamps,
  ...justStamped(situation),
});

/** What was written a moment ago beats a read from a replica that has not heard of it. */
function justStamped({ record, now }: SourceSituation): Readonly<Record<string, string>> {
  const stamps = record?.recent.stamps ?? null;
  return stamps !== null && now - stamps.at < visibleMs ? stamps.values : {};
}
