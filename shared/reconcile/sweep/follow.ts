import { findingKinds, type FindingKind } from "../../model/finding.ts";
import type { Difference, DifferenceEnd, SweepPart } from "../../model/sweep.ts";
import { analystRow } from "../../state/analysts.ts";
import type { KeyClock, KeyState } from "../../state/key-state.ts";
import type { PairRecord } from "../../model/pair.ts";
import { pairRow } from "../../state/pairs.ts";
import { lookMs } from "./call-differing.ts";
import { planSome } from "./plan-some.ts";
import { counted, over, type Part, type Step } from "./step.ts";
import type { SweepPorts } from "./sweep-ports.ts";

/** Says of those who were called how it ended, until everybody has been looked at, or long enough. */
export async function follow({ sweep, part }: Part, ports: SweepPorts): Promise<Step> {
  const all = await ports.runs.differences(sweep.id, part.tenant);
  const waiting = all.filter(({ end }) => end === null);
  if (sweep.mode === "plan") {
    const planned = await planSome(waiting, ports);
    await ports.runs.noteDifferences(sweep.id, planned);
    return after(all, planned, part, ports);
  }
  const isLate = (one: Difference) => ports.now() - (one.calledAt ?? 0) > patienceMs;
  const ends = await Promise.all(
    waiting.map(async (one) => ({ ...one, end: await endOf(one, isLate(one), ports) })),
  );
  const ended = ends.filter(({ end }) => end !== null);
  await ports.runs.noteDifferences(sweep.id, ended);
  return after(all, ended, part, ports);
}

function after(
  all: readonly Difference[],
  ended: readonly Difference[],
  part: SweepPart,
  ports: SweepPorts,
): Step {
  const byAnalyst = new Map(ended.map((one) => [one.analyst, one]));
  const now = all.map((one) => byAnalyst.get(one.analyst) ?? one);
  const next = counted(part, now);
  if (now.every(({ end }) => end !== null)) return over({ ...next, state: "done" }, ports);
  return { part: next, nextAt: ports.now() + (ended.length > 0 ? lookMs : againMs) };
}

const againMs = 60_000;

/** Looks are spread over ten minutes, and what takes its time is looked at again after it. */
const patienceMs = 30 * 60_000;

/** What comes later than this is no matter of this look: an eligibility that is renewed in a month. */
const soonMs = 60 * 60_000;

/** Clocks of hosts differ by less. */
const skewMs = 5_000;

type End = Difference["end"];

async function endOf(one: Difference, isLate: boolean, ports: SweepPorts): Promise<End> {
  const [source, pair] = await Promise.all([
    one.called.includes("analyst") ? ports.analysts.read(analystRow(one.analyst)) : null,
    one.called.includes("access") ? ports.pairs.read(pairRow(one.tenant, one.analyst)) : null,
  ]);
  const ends = [
    ...(one.called.includes("analyst") ? [sourceEnd(source, one)] : []),
    ...(one.called.includes("access") ? [pairEnd(pair, one)] : []),
  ];
  const worst = ends.toSorted((a, b) => rank(a) - rank(b))[0] ?? null;
  if (worst !== null && worst !== undefined) return worst;
  return isLate ? { kind: "open", detail: "they are looked at, and it is not over yet" } : null;
}

/** What waits comes first, then what needs somebody. */
const order: readonly DifferenceEnd[] = ["open", "refused", "held", "repaired", "as-it-should-be", "planned"];
const rank = (end: End): number => (end === null ? -1 : order.indexOf(end.kind));

const isLooked = ({ lookedAt }: KeyClock, { calledAt }: Difference) => lookedAt >= (calledAt ?? 0) - skewMs;

function sourceEnd(state: KeyState<unknown> | null, one: Difference): End {
  if (state === null || !isLooked(state.clock, one)) return null;
  return findingEnd(state.clock) ?? { kind: "repaired", detail: "looked at in the source" };
}

function pairEnd(state: KeyState<PairRecord> | null, one: Difference): End {
  if (state === null || !isLooked(state.clock, one)) return null;
  const met = findingEnd(state.clock);
  if (met !== null) return met;
  const { proof, wroteAt } = state.value;
  const { lookedAt, dueAt } = state.clock;
  // A proof says that nothing is left to do; what was written, or is to be looked at again soon, is awaited.
  const isAwaited = dueAt > 0 && dueAt - lookedAt < soonMs;
  if (proof === null || isAwaited) return dueAt > (one.calledAt ?? 0) + patienceMs ? waits : null;
  return wroteAt >= (one.calledAt ?? 0) - skewMs
    ? { kind: "repaired", detail: "" }
    : { kind: "as-it-should-be", detail: "a look of their own found nothing to do" };
}

const waits: End = { kind: "open", detail: "what is still to come is looked at later" };

function findingEnd({ findings }: KeyClock): End {
  const open = findings.all.filter(({ over: ended }) => ended === null);
  const [first] = open.toSorted((a, b) => rank(kindEnd(a.kind)) - rank(kindEnd(b.kind)));
  if (first === undefined) return null;
  return { kind: kindEnd(first.kind)?.kind ?? "open", detail: first.found };
}

/** What a rule of the policy keeps Muster from, and what Graph does. */
const heldKinds: readonly FindingKind[] = [
  "over-budget",
  "not-writable",
  "kept-role",
  "kept-grant",
  "taken-away",
  "denied-review",
];
const refusedKinds: readonly FindingKind[] = ["refused-call", "wrong-call", "undelivered"];

const kindEnd = (kind: FindingKind): End => {
  if (!findingKinds.includes(kind)) return null;
  if (heldKinds.includes(kind)) return { kind: "held", detail: "" };
  return { kind: refusedKinds.includes(kind) ? "refused" : "open", detail: "" };
};
