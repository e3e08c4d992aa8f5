import type { PersonName } from "./cast.ts";

/** What was true of a person's role from a moment on. */
export type Glance = {
  readonly person: PersonName;
  readonly at: number;
  readonly holds: "yes" | "no";
  /** Their account is disabled or deleted: whoever is named like that leaves, however many do. */
  readonly named: "yes" | "no";
};

/**
 * What has to become of somebody in a crowd of eight of which two may lose the role at once. `open`: it depends on when Muster
 * looks, and either is right.
 */
type Fate = "stays" | "goes" | "open";

export type Crowd = {
  /** Oldest first; everybody has one from the beginning, when all hold the role. */
  readonly glances: readonly Glance[];
  /** When the policy lost the role; null while it knows it. */
  readonly roleGoneAt: number | null;
  readonly now: number;
};

const minuteMs = 60_000;
/** What lies within this time of each other may be seen together, or one after the other. */
const togetherMs = 10 * minuteMs;
/** After this long a loss is refused for good, whoever leaves by another way then. */
const judgedMs = 15 * minuteMs;
/** After this long everybody has been judged by a new policy: it is seen by a timer, and its looks are spread out. */
const editedMs = 35 * minuteMs;

/** Of eight, and of fewer: a share of a quarter, and one at least. */
const mostOfEight = 2;
const mostOf = (known: number) => Math.max(1, Math.floor(known / 4));

export function fateOf(person: PersonName, crowd: Crowd): Fate {
  const own = crowd.glances.filter((glance) => glance.person === person);
  const last = own.at(-1);
  if (last === undefined) return "open";
  if (last.named === "yes") return "goes";
  if (crowd.roleGoneAt !== null) return fateWithoutRole(person, crowd, crowd.roleGoneAt);
  if (last.holds === "yes") return "stays";
  const lostAt = lossOf(own);
  if (isLostAlone(person, lostAt, crowd) || isNearlyFull(person, lostAt, crowd)) return "goes";
  const namedSince = own.some(({ at, named }) => at >= lostAt && named === "yes");
  return !namedSince && fellTogether(person, lostAt, crowd) ? "stays" : "open";
}

/**
 * An edit that takes the role from too many is refused for whoever held it then; but hosts may go by the policy before it for a
 * while, from one or two who hold it alone it may be taken, and whoever leaves the group later has lost it by themselves.
 */
function fateWithoutRole(person: PersonName, crowd: Crowd, goneAt: number): Fate {
  const ownOf = (one: PersonName) => crowd.glances.filter((glance) => glance.person === one);
  const holders = peopleOf(crowd).filter((one) => isUntouched(ownOf(one), goneAt));
  if (!holders.includes(person) || holders.length <= mostOfEight) return "open";
  const own = ownOf(person);
  const keepsGroup = own.at(-1)?.holds === "yes";
  return keepsGroup || fellTogether(person, lossOf(own), crowd) ? "stays" : "open";
}

const isUntouched = (own: readonly Glance[], goneAt: number) =>
  own.every(({ at, holds, named }) => named === "no" && (holds === "yes" || at > goneAt + editedMs));

/** When the person was last seen to lose the role that they do not hold now. */
function lossOf(own: readonly Glance[]): number {
  const held = own.findLastIndex(({ holds }) => holds === "yes");
  return own[held + 1]?.at ?? 0;
}

/** Too few others lost it at about the same time, or may still be kept, for anybody to object. */
function isLostAlone(person: PersonName, lostAt: number, crowd: Crowd): boolean {
  const others = peopleOf(crowd).filter((one) => one !== person);
  const during = (one: PersonName) => statesIn(one, lostAt - togetherMs, lostAt + togetherMs, crowd);
  const settled = others.filter((one) => isSettledAway(one, lostAt, crowd));
  const present = others.filter((one) => !settled.includes(one));
  const lost = present.filter((one) => during(one).some(({ holds }) => holds === "no"));
  const sure = present.filter((one) => during(one).every(({ named }) => named === "no"));
  return lost.length + 1 <= mostOf(sure.length + 1);
}

/** Whoever had left for certain, and long before, is no holder any more and nobody who is missing. */
function isSettledAway(person: PersonName, at: number, crowd: Crowd): boolean {
  const until = at + togetherMs;
  const own = crowd.glances.filter((glance) => glance.person === person && glance.at <= until);
  const before = own.filter((glance) => glance.at <= at - judgedMs);
  const last = before.at(-1);
  if (last === undefined || before.length < own.length) return false;
  if (last.named === "yes") return true;
  if (last.holds === "yes") return false;
  const then = crowd.glances.filter((glance) => glance.at <= last.at + togetherMs);
  const lostAt = lossOf(own);
  return isLostAlone(person, lostAt, { ...crowd, glances: then });
}

/** So few are missing in the end, of those who held the role then, that no refusal lasts. */
function isNearlyFull(person: PersonName, lostAt: number, crowd: Crowd): boolean {
  const others = peopleOf(crowd).filter((one) => one !== person);
  const holders = others.filter((one) => !isSettledAway(one, lostAt, crowd)).length + 1;
  const missing = peopleOf(crowd).filter((one) =>
    statesIn(one, crowd.now - judgedMs, crowd.now, crowd).some(
      ({ holds, named }) => holds === "no" || named === "yes",
    ),
  );
  return missing.length <= mostOf(holders);
}

/** With too many who lost the role at this very instant, have not held it since, and were not named before it was judged. */
function fellTogether(person: PersonName, lostAt: number, crowd: Crowd): boolean {
  const fallen = peopleOf(crowd).filter((one) => {
    const own = crowd.glances.filter((glance) => glance.person === one);
    const fell = own.findIndex(({ at, holds }) => at === lostAt && holds === "no");
    const before = own[fell - 1];
    const since = own.slice(fell);
    // Who held it for a moment only has perhaps not been seen to hold it.
    const wasSeen = fell === 1 || lostAt - (before?.at ?? 0) > togetherMs;
    return (
      fell > 0 &&
      wasSeen &&
      before?.holds === "yes" &&
      before.named === "no" &&
      since.every(({ holds }) => holds === "no") &&
      since.every(({ at, named }) => named === "no" || at > lostAt + judgedMs)
    );
  });
  return fallen.length > mostOfEight && fallen.includes(person);
}

/** What was true of a person at any time between two moments. */
function statesIn(person: PersonName, from: number, to: number, { glances }: Crowd): readonly Glance[] {
  const own = glances.filter((glance) => glance.person === person && glance.at <= to);
  const first = own.findLastIndex(({ at }) => at <= from);
  return own.slice(Math.max(0, first));
}

const peopleOf = ({ glances }: Crowd) => [...new Set(glances.map(({ person }) => person))];
