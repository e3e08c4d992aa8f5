import type { AnalystId } from "../../model/ids.ts";
import type { Difference, SweepPart } from "../../model/sweep.ts";
import type { Place } from "../../policy/policy.ts";
import { heardAt, type Message } from "../../queue/keys.ts";
import { sendSpread } from "../run/send-spread.ts";
import { causeOf } from "./begin-sweep.ts";
import { counted, over, type Part, type Step } from "./step.ts";
import type { SweepPorts } from "./sweep-ports.ts";

type CallPorts = Pick<SweepPorts, "runs" | "send" | "schedule" | "now">;

type Found = {
  readonly place: Place;
  /** What differs in the place, and what of the people themselves where it is the source. */
  readonly differences: readonly Difference[];
  readonly atHome: {
    readonly differences: readonly Difference[];
    readonly strangers: readonly AnalystId[];
  };
};

/** Writes down who differs, and has them looked at; or says what a look would do, and leaves it at that. */
export async function callDiffering(
  held: Part,
  { place, differences, atHome }: Found,
  ports: CallPorts,
): Promise<Step> {
  const { sweep, part } = held;
  // Whom an earlier try of this step has called, and died, may be as they should be by now.
  const earlier = await ports.runs.differences(sweep.id, part.tenant);
  const now = united(
    atHome.differences.map((one) => ({ ...one, called: ["analyst"] as const })),
    differences.map((one) => ({ ...one, called: ["access"] as const })),
  );
  const isKnown = new Set(now.map(({ analyst }) => analyst));
  const all = [...now, ...earlier.filter(({ analyst }) => !isKnown.has(analyst))];
  const at = ports.now();
  if (sweep.mode === "plan") {
    const told = all.map((one) =>
      part.withheld !== null && one.removals > 0 && one.end === null ? uncalled(one, place) : one,
    );
    await ports.runs.noteDifferences(sweep.id, told);
    return { part: counted(part, told), nextAt: at };
  }
  const noted = all.map((one) => {
    if (one.calledAt !== null || one.end !== null) return one;
    const called = whatToCall(one, part, place);
    return called.length > 0 ? { ...one, called, calledAt: at } : uncalled(one, place);
  });
  // On record before anybody is called: whoever is called twice is looked at twice, which does no harm.
  await ports.runs.noteDifferences(sweep.id, noted);
  const calls = noted
    .filter(({ calledAt }) => calledAt !== null)
    .flatMap((one) => callsOf(one, sweep, ports));
  await sendSpread([...calls, ...atHome.strangers.map((user) => arrivalOf(user, sweep, ports))], ports);
  const next = counted(part, noted);
  return calls.length === 0 ? over({ ...next, state: "done" }, ports) : { part: next, nextAt: at + lookMs };
}

/** How long a look takes that begins at once. */
export const lookMs = 20_000;

/** One row for each of them, whatever differs. */
function united(...lists: readonly (readonly Difference[])[]): readonly Difference[] {
  const byAnalyst = Map.groupBy(lists.flat(), ({ analyst }) => analyst);
  return [...byAnalyst.values()].flatMap(([first, ...more]) =>
    first === undefined
      ? []
      : [
          {
            ...first,
            why: [first, ...more].flatMap(({ why }) => why),
            called: [first, ...more].flatMap(({ called }) => called),
            removals: [first, ...more].reduce((sum, { removals }) => sum + removals, 0),
          },
        ],
  );
}

/** Where too much would be taken, nobody loses anything in the place; who they are at home is looked at all the same. */
function whatToCall(
  { called, removals }: Difference,
  { withheld }: SweepPart,
  { mode }: Place,
): Difference["called"] {
  if (mode === "observe") return [];
  return withheld === null || removals === 0 ? called : called.filter((what) => what !== "access");
}

const uncalled = (one: Difference, { mode }: Place): Difference => ({
  ...one,
  called: [],
  end: {
    kind: "held",
    detail:
      mode === "observe"
        ? "Muster only observes here"
        : "this run would have taken too much at once, and takes nothing",
  },
});

type Sweeping = Pick<Part["sweep"], "occasion">;

function callsOf(
  { tenant, analyst, called }: Difference,
  sweep: Sweeping,
  ports: CallPorts,
): readonly Message[] {
  const common = { cause: causeOf(sweep), heardAt: heardAt(ports), occasion: "check" } as const;
  return called.map((what): Message =>
    what === "analyst"
      ? { key: { kind: "analyst", analyst }, ...common }
      : { key: { kind: "access", tenant, analyst }, ...common, version: null },
  );
}

const arrivalOf = (user: AnalystId, sweep: Sweeping, ports: CallPorts): Message => ({
  key: { kind: "arrival", user },
  cause: causeOf(sweep),
  heardAt: heardAt(ports),
  occasion: "check",
  tries: 0,
});
