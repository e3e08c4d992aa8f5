import { sourcePartition, type Findings } from "../../state/findings.ts";
import { unheard } from "../../state/key-state.ts";
import type { SubscriptionRow, SubscriptionRows } from "../../state/subscription-rows.ts";
import { findingsAfter, rememberedFindings, show } from "../run/findings.ts";
import { endingOf, type Outcome } from "../run/outcome.ts";
import { isDeaf, type Subscribed } from "./subscribed.ts";

export type ShowPorts = {
  readonly findings: Findings;
  readonly rows: Pick<SubscriptionRows, "list">;
  readonly now: () => number;
};

/** Shows people what Muster does not hear of, or hears of late. One timer does this, so the table itself is the memory of it. */
export async function showSubscriptions(
  results: readonly Subscribed[],
  { findings: table, rows, now }: ShowPorts,
): Promise<void> {
  const noNames = async () => ({ person: null, place: null });
  const ports = { table, tenant: sourcePartition, subject, names: noNames, unproven: () => null };
  const kept = await rows.list();
  const outcomes = [...results.flatMap((one) => unkept(one, kept, now())), ...kept.flatMap(silent)];
  const known = await rememberedFindings(unheard, ports);
  const after = findingsAfter(known, {
    ending: endingOf(outcomes),
    outcomes,
    cut: "no",
    failures: 0,
    nextAt: Infinity,
    unproven: null,
    now: now(),
  });
  await show(after, null, ports);
}

const subject = "subscriptions";

function unkept(
  { resource, did, detail }: Subscribed,
  kept: readonly SubscriptionRow[],
  now: number,
): readonly Outcome[] {
  if (did !== "failed" && did !== "left out") return [];
  const why = `nothing announces changes of ${resource}: ${detail}`;
  const row = kept.find((one) => one.resource === resource);
  if (did === "failed" && row !== undefined && !isDeaf(row, now)) return [{ kind: "retry", why }];
  return [
    {
      kind: "parked",
      reason: why,
      advice:
        did === "failed"
          ? "it is tried every five minutes, and changes are found every 15; see docs/graph-permissions.md, and whether this application has more than 100 subscriptions in the source"
          : "give roles through fewer groups, or take the wait",
      cause: null,
      finding: "unsubscribed",
      about: resource,
    },
  ];
}

function silent({ resource, silentSince }: SubscriptionRow): readonly Outcome[] {
  if (silentSince === null) return [];
  return [
    {
      kind: "parked",
      reason: `changes of ${resource} were found that no notification had announced; the subscription was made anew, and has announced nothing yet`,
      advice:
        "this ends with the next change that is announced; if it stays, see whether Graph reaches the address of the notifications and whether it is answered in time",
      cause: null,
      finding: "silent-subscription",
      about: resource,
    },
  ];
}
