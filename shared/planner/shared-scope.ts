import { isGiven } from "../model/ledger.ts";
import type { Draft } from "./access-draft.ts";
import type { FormerScope } from "./access-situation.ts";
import { goneMs, replicationWindowMs } from "./replicas.ts";

/**
 * What the new scope and the former one both give goes with the rest when the analyst leaves, or by its own rule, and then it has to be
 * given anew at once. While the former one is being taken away, because they had left a moment ago or by somebody else's hand, the new one
 * is on show and goes with it.
 */
export function shareWith(draft: Draft, former: FormerScope): void {
  const { name, entry, seen } = former;
  draft.note({ kind: "scope-stays", name, why: "shared" });
  if (seen === "going") draft.onItsWay(name, { ...former, seen }, "no", { in: "source" });
  // Muster took the role away when they left, and the package that gives it stayed: it is processed again, and the role comes later,
  // unless what the package gives is another role of the application.
  if (former.scope.kind === "appRole" && seen === "absent" && draft.situation.now - entry.at < goneMs)
    draft.onItsWay(name, { seen: "coming", since: entry.at }, "yes", { in: "source" });
  // What Muster is taking away may be going still: the lists that would tell do not agree.
  if (seen === "unknown" && !isGiven(entry)) draft.unreadable(name);
  // A replica that is behind does not show yet that it is being taken away.
  const sureAt = isGiven(entry) ? 0 : entry.at + replicationWindowMs;
  if (seen !== "going" && seen !== "absent" && draft.situation.now < sureAt) draft.unsureOf(name, sureAt);
  if (seen === "present" && former.endsAt !== undefined) draft.lookAtEnd(former.endsAt);
}

/** Whether the former one is being taken away, as far as can be told: the new one goes with it. */
export const mayTakeAlong = ({ shared, entry, seen }: FormerScope, now: number): boolean =>
  shared === "yes" &&
  !isGiven(entry) &&
  (seen === "going" || seen === "unknown" || now - entry.at < replicationWindowMs);
