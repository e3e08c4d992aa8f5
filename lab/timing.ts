import type { Broker } from "./bus/broker.ts";
import type { LabClock } from "./clock.ts";
import type { GraphLab } from "./graph/simulator.ts";
import type { HostProcess } from "./host/host-process.ts";
import { paceClock } from "./pace.ts";
import type { Relay } from "./relay.ts";
import { restOf } from "./rest.ts";
import type { TableServer } from "./tables/azurite.ts";

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
  readonly relay: Pick<Relay, "busy">;
  readonly bus: Broker;
  readonly tables: TableServer;
  readonly hosts: readonly HostProcess[];
}): Timing & { stop(): void } {
  const { clock, graph, relay, bus, tables, hosts } = parts;
  /** No host runs: what waits on the bus waits for one, and time goes on without it. */
  const isDeserted = () => hosts.every((host) => host.state() === "stopped");
  const rest = restOf({
    clock,
    going: () => [...graph.busy(), ...relay.busy(), ...tables.busy()],
    working: () => [...(isDeserted() ? [] : bus.working(shelves)), ...hosts.flatMap((host) => host.busy())],
    breath: async () => {
      await Promise.all(hosts.map((host) => host.breathe()));
    },
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

  async function completeRest(timeoutMs: number, soonMs: number, more: () => readonly string[]) {
    const waiter = { soonMs };
    waiting.add(waiter);
    return rest.complete(timeoutMs, more).finally(() => waiting.delete(waiter));
  }

  const settled: Timing["settled"] = async ({ timeoutMs = patienceMs, soonMs = 0 } = {}) =>
    completeRest(timeoutMs, soonMs, () => {
      const at = dueWithin(soonMs);
      return [
        ...(isDeserted() ? bus.working(shelves) : []),
        ...(at === undefined ? [] : [`a key falls due in ${Math.max(0, at - clock.now())} ms`]),
      ];
    });

  const isWaitedFor = () => waiting.size > 0;
  const pace = paceClock({ clock, rest, awaited, isWaitedFor });
  return {
    settled,
    async advance(byMs, options = {}) {
      if (options.rest === "no") return clock.advance(byMs, "no rest");
      await clock.advance(byMs, async () => void (await rest.still(patienceMs)));
      // A host that dies meanwhile ends the waiting: what it leaves on the bus waits for the next one.
      await completeRest(patienceMs, 0, () => []);
    },
    stop: () => pace.stop(),
  };
}
