import type { Broker } from "./bus/broker.ts";
import type { LabClock } from "./clock.ts";
import type { GraphLab } from "./graph/simulator.ts";
import type { HostProcess } from "./host/host-process.ts";
import { paceClock } from "./pace.ts";
import { restOf } from "./rest.ts";

export type Timing = {
  /**
   * Waits for rest, and lets virtual time pass for what the lab itself waits for. Keys that fall due within `soonMs`
   * belong to that.
   * @returns what is still going on, if anything
   */
  readonly settled: (options?: {
    readonly timeoutMs?: number;
    readonly soonMs?: number;
  }) => Promise<readonly string[]>;
  /**
   * Moves the clock, letting the system come to rest at every stop and at the end. With `rest: "no"` nothing is waited
   * for: what falls due overlaps with what is running.
   */
  readonly advance: (byMs: number, options?: { readonly rest?: "no" }) => Promise<void>;
};

/** Nobody consumes these. */
const shelves = ["parked"];
const patienceMs = 60_000;

/** When the lab is at rest, and how its clock gets on. */
export function timingOf(parts: {
  readonly clock: LabClock;
  readonly graph: GraphLab;
  readonly bus: Broker;
  readonly hosts: readonly HostProcess[];
}): Timing & { stop(): void } {
  const { clock, graph, bus, hosts } = parts;
  /** No host runs: what waits on the bus waits for one, and time goes on without it. */
  const isDeserted = () => hosts.every((host) => host.state() === "stopped");
  const rest = restOf({
    clock,
    going: () => graph.busy(),
    working: () => [...(isDeserted() ? [] : bus.working(shelves)), ...hosts.flatMap((host) => host.busy())],
    runs: () =>
      Object.values(bus.stats()).reduce((sum, { locked }) => sum + locked, 0) +
      hosts.flatMap((host) => host.busy()).length,
  });
  // What those who wait for rest count as near.
  const waiting = new Set<{ readonly soonMs: number }>();

  function dueWithin(soonMs: number): number | undefined {
    const next = bus.nextScheduledAt();
    return soonMs > 0 && next !== undefined && next - clock.now() <= soonMs ? next : undefined;
  }

  function awaited(): number | undefined {
    const [expected] = clock.expected();
    const times = [expected?.at, ...[...waiting].map(({ soonMs }) => dueWithin(soonMs))];
    return times.filter((at) => at !== undefined).toSorted((a, b) => a - b)[0];
  }

  const settled: Timing["settled"] = async ({ timeoutMs = patienceMs, soonMs = 0 } = {}) => {
    const waiter = { soonMs };
    waiting.add(waiter);
    const more = () => {
      const at = dueWithin(soonMs);
      return [
        ...(isDeserted() ? bus.working(shelves) : []),
        ...(at === undefined ? [] : [`a key falls due in ${Math.max(0, at - clock.now())} ms`]),
      ];
    };
    return rest.complete(timeoutMs, more).finally(() => waiting.delete(waiter));
  };

  const pace = paceClock({ clock, rest, awaited });
  return {
    settled,
    async advance(byMs, options = {}) {
      if (options.rest === "no") return clock.advance(byMs, "no rest");
      await clock.advance(byMs, async () => void (await rest.still(patienceMs)));
      // A host that dies meanwhile ends the waiting: what it leaves on the bus waits for the next one.
      await rest.complete(patienceMs);
    },
    stop: () => pace.stop(),
  };
}
