import type { AnalystRecord } from "../../model/analyst.ts";
import type { TenantId } from "../../model/ids.ts";
import type { AccessMessage, Message } from "../../queue/keys.ts";
import type { Pairs } from "../../state/pairs.ts";
import type { Trouble, Troubles } from "../../state/troubles.ts";
import { callOf } from "../run/shared-trouble.ts";

export type BehindPorts = {
  readonly pairs: Pick<Pairs, "list">;
  readonly troubles: Pick<Troubles, "list">;
  readonly now: () => number;
};

/** What was due for so long is not under way any more: a reminder, or the one who tries for all. */
export const lateMs = 15 * 60_000;

/**
 * Pairs that were told of a version and did not act on it, or whose reminder did not come, because their message died with its
 * hosts; and, when a trouble is over or not tried any more, those who wait for it and the one who should have tried.
 */
export async function pairsBehind(
  analysts: readonly AnalystRecord[],
  { cause, ports }: { readonly cause: string; readonly ports: BehindPorts },
): Promise<readonly Message[]> {
  const tenants = new Set<TenantId>(analysts.flatMap(({ targets }) => targets));
  const messages: Message[] = [];
  for (const tenant of tenants) {
    const rows = new Map((await ports.pairs.list(tenant)).map(({ rowKey, state }) => [rowKey, state]));
    const now = ports.now();
    const isLate = ({ nextTryAt }: Trouble) => nextTryAt < now - lateMs;
    const troubles = await ports.troubles.list(tenant);
    const tended = new Set(troubles.filter((trouble) => !isLate(trouble)).map(({ id }) => id));
    for (const { id, targets, told } of analysts) {
      const row = rows.get(id);
      const dueAt = row?.clock.dueAt ?? 0;
      const waitsForNothing = row?.clock.waitsFor.some((trouble) => !tended.has(trouble)) ?? false;
      const isForgotten = waitsForNothing || (dueAt > 0 && dueAt < now - lateMs);
      if (!targets.includes(tenant) || ((row?.value.served ?? 0) === told && !isForgotten)) continue;
      const key: AccessMessage["key"] = { kind: "access", tenant, analyst: id };
      messages.push({ ...callOf(key, cause, now), version: isForgotten ? null : told });
    }
    messages.push(...troubles.filter(isLate).map((trouble) => callOf(probeOf(trouble), cause, now)));
  }
  return messages;
}

const probeOf = ({ probe }: Trouble) => JSON.parse(probe) as AccessMessage["key"]; // written by `handle` alone, of a key
