import type { Policy } from "../../policy/policy.ts";
import type { Mark, PolicyMark } from "../../state/marks.ts";

/** A policy as a host has it: what it says, and when the file was last changed, epoch ms. */
export type PolicyNow = { readonly policy: Policy; readonly hash: string; readonly changedAt: number };

/** Nothing can be decided by this host now; the key is put back. */
export class PolicyUnusable extends Error {
  readonly kind: "broken" | "behind";

  constructor(kind: "broken" | "behind", message: string) {
    super(message);
    this.name = "PolicyUnusable";
    this.kind = kind;
  }
}

export type PolicyPorts = {
  /** @throws PolicyUnusable when the file is broken */
  readonly load: () => Promise<PolicyNow>;
  readonly mark: Mark<PolicyMark>;
  /** Hears of a policy that is in force from now on. */
  readonly onNews: (why: string) => Promise<void>;
  /** Hears what tenants have asked other hosts for. */
  readonly heed: (pauses: PolicyMark["pauses"]) => void;
  readonly now: () => number;
};

/**
 * While a new version of the app is being deployed, hosts with the old policy are still at work. The newest policy that any
 * host has used lately is in force, whoever runs last: a host that is behind it decides nothing. One that nobody has used for a
 * while was rolled back.
 *
 * @throws PolicyUnusable
 */
export async function policyInForce({ load, mark, onNews, heed, now }: PolicyPorts): Promise<PolicyNow> {
  const mine = await load();
  for (let tries = 0; tries < tryLimit; tries += 1) {
    const known = await mark.read();
    heed(known?.value.pauses ?? {});
    const standing = standingOf(mine, known?.value ?? null, now());
    if (standing === "in force") return mine;
    if (standing === "behind")
      throw new PolicyUnusable("behind", "a newer policy is being deployed; hosts that have it decide");
    if (!(await mark.write(markOf(mine, known?.value ?? null, now()), known?.etag ?? null))) continue;
    if (standing === "news") await onNews(known === null ? "first start" : "new policy");
    return mine;
  }
  throw new PolicyUnusable("behind", "too many hosts say which policy is in force; asking again");
}

const tryLimit = 5;
/** A deployment is over, or was taken back, when nobody has used its policy for this long. */
export const rolledBackAfterMs = 10 * 60_000;
/** Its use is written down this often. */
const noteEveryMs = 60_000;

type Standing = "in force" | "note the use" | "news" | "behind";

/**
 * | known policy                    | then
 * |---------------------------------|------------------------------------------------
 * | none                            | this one is in force, and news
 * | the same                        | in force; its use is noted once a minute
 * | older                           | this one is in force, and news
 * | as old, and came after this one | this host is behind
 * | as old, and this one is unheard of | this one is in force, and news
 * | newer, lately used              | this host is behind
 * | newer, not used since           | it was rolled back: this one is in force, and news
 *
 * Packages whose files all have the same time exist: builds that are to be repeatable make them.
 */
export function standingOf(
  mine: Pick<PolicyNow, "hash" | "changedAt">,
  known: PolicyMark | null,
  now: number,
): Standing {
  if (known === null) return "news";
  // A time to come was written by a clock that was ahead: whoever has the same policy writes it anew, and it keeps nobody behind.
  const unused = Math.abs(now - known.usedAt);
  if (known.hash === mine.hash) return unused > noteEveryMs ? "note the use" : "in force";
  const isNewer =
    mine.changedAt > known.changedAt ||
    (mine.changedAt === known.changedAt && !known.before.includes(mine.hash));
  return isNewer || unused > rolledBackAfterMs ? "news" : "behind";
}

/** Policies that are remembered to have been in force. */
const mostBefore = 20;

function markOf({ hash, changedAt }: PolicyNow, known: PolicyMark | null, usedAt: number): PolicyMark {
  const earlier = known === null ? [] : [...known.before, known.hash];
  const before = earlier.filter((other) => other !== hash).slice(-mostBefore);
  const changes = (known?.changes ?? 0) + (known?.hash === hash ? 0 : 1);
  return { hash, changedAt, usedAt, before, changes, pauses: known?.pauses ?? {} };
}
