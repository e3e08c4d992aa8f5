import { errorText } from "../../model/error-text.ts";
import type { Plan } from "../../model/plan.ts";
import type { Difference } from "../../model/sweep.ts";
import { planAccessOnly } from "../access/plan-only.ts";
import { planAnalystOnly } from "../source/plan-only.ts";
import type { SweepPorts } from "./sweep-ports.ts";

/** Well within the time of a step. */
const planMs = 60_000;

/** At a time; calls of these travel together. */
const atOnce = 10;

/** Says what would be done about some of them: as many as there is time for. What cannot be planned says why. */
export async function planSome(
  waiting: readonly Difference[],
  ports: SweepPorts,
): Promise<readonly Difference[]> {
  const until = ports.now() + planMs;
  const planned: Difference[] = [];
  for (let first = 0; first < waiting.length && ports.now() < until; first += atOnce)
    planned.push(
      ...(await Promise.all(waiting.slice(first, first + atOnce).map((one) => planOne(one, ports)))),
    );
  return planned;
}

async function planOne(one: Difference, ports: SweepPorts): Promise<Difference> {
  try {
    const plans = await Promise.all(one.called.map((what) => planOf(what, one, ports)));
    const made = plans.flatMap((plan) => (typeof plan === "string" ? [] : [plan]));
    const why = plans.filter((plan) => typeof plan === "string");
    return { ...one, plan: joined(made), end: { kind: "planned", detail: why.join("; ") } };
  } catch (error) {
    return { ...one, end: { kind: "open", detail: errorText(error) } };
  }
}

const planOf = (
  what: "analyst" | "access",
  { tenant, analyst }: Difference,
  ports: SweepPorts,
): Promise<Plan | string> =>
  what === "analyst"
    ? planAnalystOnly(analyst, ports.planning.analyst)
    : planAccessOnly({ tenant, analyst }, ports.planning.access(tenant));

/** In the source there are two: what is done to the analyst, and what they are given. */
function joined([first, ...more]: readonly Plan[]): Plan | null {
  if (first === undefined) return null;
  return more.reduce(
    (plan, other) => ({
      ...plan,
      steps: [...plan.steps, ...other.steps],
      withheld: [...plan.withheld, ...other.withheld],
      notes: [...plan.notes, ...other.notes],
    }),
    first,
  );
}
