/**
 * When to ask on-demand provisioning for an account. It does not see an assignment for up to a few minutes, and takes
 * 5 requests in 10 seconds from everybody together, so after a first try at once the tries are spread over the time that
 * Azure takes; after that the 40-minute cycle makes the account sooner or as soon.
 * https://learn.microsoft.com/entra/identity/app-provisioning/provision-on-demand
 *
 * @param scopedAt when the analyst came into scope, epoch ms
 * @param tries how often it was asked since then
 * @returns epoch ms
 */
export function nextAskAt(scopedAt: number, tries: number): number {
  const early = askAfterSeconds[tries];
  if (early !== undefined) return scopedAt + early * 1_000;
  const last = askAfterSeconds.at(-1) ?? 0;
  return scopedAt + last * 1_000 + (tries - askAfterSeconds.length + 1) * cycleMs;
}

/**
 * When to ask once more after a call that got no answer, or was throttled: that says nothing about the scope, so it is not
 * counted, and soon after the beginning it is made again soon.
 * @returns epoch ms
 */
export function askAgainAt(scopedAt: number, now: number): number {
  const early = [...unansweredAfterSeconds, ...askAfterSeconds].toSorted((a, b) => a - b);
  const next = early.find((seconds) => scopedAt + seconds * 1_000 > now);
  return next === undefined ? now + cycleMs : scopedAt + next * 1_000;
}

const unansweredAfterSeconds = [2, 5, 10, 20, 30];

const askAfterSeconds = [0, 45, 75, 105, 135, 165, 195, 240, 300, 420, 600];
/** After that it is only asked whether the cycle has made the account, once in each. */
const cycleMs = 40 * 60_000;

/** Two cycles of sync, with room: what has not come by then needs a person. */
export const overdueMs = 90 * 60_000;

/** How often to look whether the 40-minute cycle has made the account. */
export const cyclePollMs = 5 * 60_000;
