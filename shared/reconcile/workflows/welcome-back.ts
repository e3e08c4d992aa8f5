import type { AnalystId, TenantId } from "../../model/ids.ts";
import type { PairRecord } from "../../model/pair.ts";
import { analystRow, type Analysts } from "../../state/analysts.ts";
import type { KeyState } from "../../state/key-state.ts";
import { pairRow, type Pairs } from "../../state/pairs.ts";

export type WelcomePorts = {
  readonly analysts: Pick<Analysts, "read">;
  readonly pairs: Pick<Pairs, "read" | "claim">;
  readonly now: () => number;
};

/**
 * Whom the source says to be back is back in targets that said they had left, too: when their account there is deleted, no workflow of the
 * target can speak of them any more. @returns all of theirs: who tries once more finds nothing to clear, and calls them again
 */
export async function welcomeBack(
  at: number,
  analyst: AnalystId,
  { analysts, pairs, now }: WelcomePorts,
): Promise<readonly TenantId[]> {
  const targets = (await analysts.read(analystRow(analyst)))?.value?.targets ?? [];
  for (const tenant of targets) {
    const departed = (await pairs.read(pairRow(tenant, analyst)))?.value.departed ?? null;
    if (departed === null || departed.at >= at) continue;
    await pairs.claim(pairRow(tenant, analyst), (state) =>
      dueNow({ ...state.value, departed: since(state.value.departed, at) }, state, now()),
    );
  }
  return targets;
}

/** What was said after that stands. */
const since = (departed: PairRecord["departed"], at: number) =>
  departed !== null && departed.at >= at ? departed : null;

/** Whatever becomes of the message that calls them, something is due, which the next catch-up sees. */
export const dueNow = (value: PairRecord, { clock, ...state }: KeyState<PairRecord>, now: number) => ({
  ...state,
  value,
  clock: { ...clock, dueAt: clock.dueAt === 0 ? now : Math.min(clock.dueAt, now) },
});
