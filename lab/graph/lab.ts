import type { LabClock } from "../clock.ts";
import type { Weather } from "../weather.ts";
import type { Tenant } from "./directory/tenant.ts";
import type { Draws } from "./draws.ts";
import type { FaultBook } from "./faults/fault-registry.ts";
import type { HeldCalls } from "./http/held-calls.ts";
import type { Mint } from "./ids.ts";
import type { Throttle } from "./limits/throttle.ts";
import type { Notifier } from "./notify/notifier.ts";
import type { Subscriptions } from "./notify/subscriptions.ts";
import type { Random } from "./random.ts";
import type { Counters } from "./record/counters.ts";
import type { Manners } from "./record/manners.ts";
import type { Traffic } from "./record/traffic.ts";
import type { Violations } from "./record/violations.ts";
import type { SentinelWatch } from "./faults/sentinel-watch.ts";
import type { SyncEngine } from "./sync/engine.ts";
import type { WorkflowEngine } from "./workflows/engine.ts";

/** The parts of a running simulator, as its request handlers see them. */
export type Lab = {
  readonly clock: LabClock;
  readonly weather: Weather;
  readonly draws: Draws;
  readonly mint: Mint;
  readonly random: Random;
  /** Added to every answer; may be changed at any time. */
  readonly rtt: { ms: number };
  /** Aborts when the simulator shuts down. */
  readonly closing: AbortSignal;
  readonly tenants: ReadonlyMap<string, Tenant>;
  readonly held: HeldCalls;
  readonly faults: FaultBook;
  readonly sentinels: SentinelWatch;
  readonly throttle: Throttle;
  readonly traffic: Traffic;
  readonly counters: Counters;
  readonly manners: Manners;
  readonly violations: Violations;
  readonly subscriptions: Subscriptions;
  readonly notifier: Notifier;
  readonly sync: SyncEngine;
  readonly workflows: WorkflowEngine;
};
