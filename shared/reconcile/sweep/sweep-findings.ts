import type { Sweep, SweepPart } from "../../model/sweep.ts";
import { unheard } from "../../state/key-state.ts";
import { findingsAfter, rememberedFindings, show } from "../run/findings.ts";
import { endingOf, type Outcome } from "../run/outcome.ts";
import type { SweepPorts } from "./sweep-ports.ts";

/** What is compared as a whole, in the table of findings. */
const subject = "sweep";

/** Shows people what a comparison of a place met, and closes what an earlier one did. A plan changes nothing, so it says nothing. */
export async function showSweep(
  { mode, scope }: Sweep,
  part: SweepPart,
  { findings: table, now }: Pick<SweepPorts, "findings" | "now">,
): Promise<void> {
  if (mode === "plan" || scope.kind === "analyst") return;
  const names = async () => ({ person: null, place: part.name });
  const ports = { table, tenant: part.tenant, subject, names, unproven: () => null };
  const outcomes = outcomesOf(part);
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

function outcomesOf({ state, name, why, withheld }: SweepPart): readonly Outcome[] {
  const parked = { kind: "parked", cause: null, about: name } as const;
  const failed: readonly Outcome[] =
    state === "failed"
      ? [
          {
            ...parked,
            reason: `${name} could not be compared: ${why}`,
            advice: "repair what it says; the next night compares it again, and so does a resync by hand",
            finding: "failed-sweep",
          },
        ]
      : [];
  if (withheld === null) return failed;
  const { removals, given, people } = withheld;
  return [
    ...failed,
    {
      ...parked,
      reason: `a sweep would have taken ${removals} of the ${given} things that Muster has given in ${name} from ${people} people, and took nothing`,
      advice:
        "see who it is in the run's report; if it is meant, raise guardrails.removals.share and resync, and if not, nobody has lost anything",
      finding: "withheld-removals",
    },
  ];
}
