import type { Step, Whereabouts } from "../model/plan.ts";
import type { Sight } from "../model/sight.ts";
import type { Draft } from "./access-draft.ts";
import { visibleMs } from "./replicas.ts";

/** How long before its end something is renewed. */
const renewalMs = 7 * 24 * 60 * 60_000;

type Ending = {
  readonly name: string;
  readonly sight: Pick<Sight, "endsAt" | "renewal">;
  /** Epoch ms. */
  readonly givenAt: number;
  /** Where people find it, if not in the target. */
  readonly where?: Whereabouts;
};

/** Some time before it ends; where it is given for a short time only, when half of it has passed. */
export function renewWhenDue(
  draft: Draft,
  { name, sight, givenAt, where = {} }: Ending,
  step: () => Step,
): void {
  const { endsAt, renewal } = sight;
  if (endsAt === undefined) return;
  if (renewal?.state === "denied") draft.note({ kind: "stuck", name, detail: renewal.detail, ...where });
  if (renewal !== undefined) return draft.lookAtEnd(endsAt);
  const { now, owned } = draft.situation;
  const dueAt = endsAt - Math.min(renewalMs, (endsAt - givenAt) / 2);
  if (now < dueAt) draft.lookAgain(dueAt);
  // A replica may still show the end that it had before.
  else if (now - owned.wroteAt < visibleMs) draft.settling(name, owned.wroteAt);
  else draft.step(step());
}
