import { catchUpIfDue } from "../../shared/reconcile/events/catch-up.ts";
import { marks } from "../../shared/state/marks.ts";
import { memoryTable } from "./memory-table.ts";
import type { SmallWorld } from "./small-world.ts";
import { hourMs, minuteMs } from "./fixtures.ts";

/** After so long a world in which nobody does anything looks the same at every catch-up. */
const stillMs = 2 * hourMs;
/** How often a crowd is called once it is still. */
const seldomMs = 4 * hourMs;

/** What a catch-up of this world needs, with a mark of its own. */
export function catchUpPorts(world: SmallWorld) {
  const mark = marks(memoryTable("Marks").client).catchUp;
  const { groups, reader } = world.source;
  return { ...world.ports, groups, reader, mark, policyChanges: world.policyChanges };
}

/** Lets time pass with the catch-up's timer going, as it does in Azure; for a crowd, which costs more, `seldom` when all is still. */
export function withCatchUp(world: SmallWorld, whenStill: "often" | "seldom" = "often") {
  const ports = catchUpPorts(world);
  return async (ms: number) => {
    const stillAt = whenStill === "often" ? Infinity : world.now() + stillMs;
    const end = world.now() + ms;
    while (world.now() < end) {
      await catchUpIfDue(ports);
      const pauseMs = world.now() < stillAt ? 5 * minuteMs : seldomMs;
      await world.until(Math.min(end, world.now() + pauseMs));
    }
  };
}
