import type { Broker } from "./bus/broker.ts";
import type { LabClock } from "./clock.ts";
import type { GraphLab } from "./graph/simulator.ts";
import type { ColdStarts } from "./host/cold-starts.ts";
import type { HostProcess } from "./host/host-process.ts";
import type { TableServer } from "./tables/azurite.ts";
import type { Timing } from "./timing.ts";
import type { Weather } from "./weather.ts";
import type { World } from "./world.ts";

/** The whole system on this machine. Everything listens on 127.0.0.1. */
export type RunningLab = Timing & {
  readonly world: World;
  readonly weather: Weather;
  readonly clock: LabClock;
  readonly graph: GraphLab;
  readonly bus: Broker;
  readonly tables: TableServer;
  readonly hosts: readonly HostProcess[];
  readonly coldStarts: ColdStarts;
  readonly policyFile: string;
  readonly controlUrl: string;
  /** What lab.json says. */
  readonly description: unknown;
  readonly stop: () => Promise<void>;
};
