import { catchUpIfDue } from "../../shared/reconcile/catch-up.ts";
import { marks } from "../../shared/state/marks.ts";
import { memoryTable } from "./memory-table.ts";
import type { SmallWorld } from "./small-world.ts";
import { minuteMs } from "./world.ts";

/** Lets time pass with the catch-up's timer going, as it does in Azure. */
export function withCatchUp(world: SmallWorld) {
  const mark = marks(memoryTable("Marks").client).catchUp;
  const ports = {
    ...world.ports,
    groups: world.source.groups,
    policy: world.ports.policy,
    mark,
  };
  return async (ms: number) => {
    const end = world.now() + ms;
    while (world.now() < end) {
      await catchUpIfDue(ports);
      await world.until(Math.min(end, world.now() + 5 * minuteMs));
    }
  };
}
