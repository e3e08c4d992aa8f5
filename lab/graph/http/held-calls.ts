import type { LabClock } from "../../clock.ts";
import type { Call } from "./call.ts";

/** Calls that are kept waiting in virtual time: they wait for the clock, and the clock moves on to them. */
export type HeldCalls = {
  hold(call: Call, byMs: number): Promise<void>;
  /** Also of a batch one part of which is held. */
  has(call: Call): boolean;
};

export function heldCalls(clock: Pick<LabClock, "hold">): HeldCalls {
  const held = new Set<Call>();
  return {
    async hold(call, byMs) {
      held.add(call);
      await clock.hold(byMs, `graph ${call.method} ${call.path} takes its time`);
      held.delete(call);
    },
    has: (call) => held.has(call) || [...held].some(({ batch }) => batch === call.requestId),
  };
}
