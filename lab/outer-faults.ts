import { z } from "zod";
import type { Broker } from "./bus/broker.ts";
import type { Ordered } from "./bus/engine/mishaps.ts";
import type { LabClock } from "./clock.ts";
import type { ColdStarts } from "./host/cold-starts.ts";
import type { TableServer } from "./tables/azurite.ts";

const ms = z.number().positive();
const times = z.int().positive();
const workQueues = ["analysts", "arrivals", "access", "sweeps"] as const;
const queue = z.enum(workQueues).optional();
const afterMs = z.number().nonnegative().optional();

/** Faults of what surrounds Graph. docs/lab.md says what each of them does. */
export const outerFaultSchema = z.discriminatedUnion("kind", [
  z.strictObject({ kind: z.literal("busDown"), ms }),
  z.strictObject({ kind: z.literal("busLockLost"), times: times.default(1), queue, afterMs }),
  z.strictObject({ kind: z.literal("busDuplicateDelivery"), times: times.default(1), queue }),
  z.strictObject({
    kind: z.literal("busLinkDropped"),
    /** Without it and without `ms`: 1. */
    times: times.optional(),
    /** Virtual time. */
    ms: ms.optional(),
    what: z.enum(["link", "connection"]).default("link"),
    queue,
    afterMs,
  }),
  z.strictObject({ kind: z.literal("tablesDown"), ms }),
  z.strictObject({ kind: z.literal("tablesSlow"), ms }),
  z.strictObject({ kind: z.literal("coldStart"), ms, times: times.optional() }),
]);

export type OuterFault = z.infer<typeof outerFaultSchema>;
type FaultOf<Kind extends OuterFault["kind"]> = Extract<OuterFault, { kind: Kind }>;

export type OuterFaults = {
  /** It strikes at once, or as soon as there is something to strike. @returns its id */
  add(fault: OuterFault): string;
  remove(id: string): void;
  clear(): void;
  /** What is in force or still to happen. */
  list(): readonly { readonly id: string; readonly fault: OuterFault; readonly timesLeft?: number }[];
};

type Parts = {
  readonly clock: LabClock;
  readonly bus: Broker;
  readonly tables: TableServer;
  readonly coldStarts: ColdStarts;
};

export function outerFaults(parts: Parts): OuterFaults {
  const standing = new Map<string, Ordered & { readonly fault: OuterFault }>();
  let added = 0;

  function remove(id: string): void {
    const gone = standing.get(id);
    standing.delete(id);
    gone?.cancel();
  }

  return {
    add(fault) {
      const id = `${fault.kind}-${++added}`;
      const left = strike(fault, parts);
      if (left !== undefined) standing.set(id, { fault, ...left });
      return id;
    },
    remove,
    clear() {
      for (const id of standing.keys()) remove(id);
    },
    list() {
      for (const [id, each] of standing) if (each.timesLeft() === 0) standing.delete(id);
      return [...standing].map(([id, each]) => {
        const timesLeft = each.timesLeft();
        return { id, fault: each.fault, ...(timesLeft === undefined ? {} : { timesLeft }) };
      });
    },
  };
}

/** Undefined when nothing is left that could be taken back. */
function strike(fault: OuterFault, { clock, bus, tables, coldStarts }: Parts): Ordered | undefined {
  switch (fault.kind) {
    case "busDown":
      void bus.faults.down(fault.ms);
      return undefined;
    case "busLockLost":
      return onQueues(fault, (name) => bus.faults.loseNextLock(name, fault.times, fault));
    case "busDuplicateDelivery":
      return onQueues(fault, (name) => bus.faults.duplicateNext(name, fault.times));
    case "busLinkDropped":
      return dropLinks(fault, bus);
    case "tablesDown":
      tables.door.shut(clock.now() + fault.ms);
      return { timesLeft: () => (tables.door.isOpen() ? 0 : undefined), cancel: () => tables.door.open() };
    case "tablesSlow":
      tables.door.slow(fault.ms);
      return { timesLeft: () => undefined, cancel: () => tables.door.slow(0) };
    case "coldStart":
      return coldStarts.order(fault.ms, fault.times);
    default:
      return fault satisfies never;
  }
}

function dropLinks(fault: FaultOf<"busLinkDropped">, bus: Broker): Ordered {
  const { what, ms: forMs, afterMs: after } = fault;
  const count = fault.times ?? (forMs === undefined ? 1 : undefined);
  return onQueues(fault, (name) => bus.faults.dropLinks(name, what, { times: count, forMs, afterMs: after }));
}

/** The same for each queue that work comes from, or for the one that was named. */
function onQueues(
  fault: { readonly queue?: (typeof workQueues)[number] | undefined },
  order: (queue: string) => Ordered,
): Ordered {
  const ordered = (fault.queue === undefined ? workQueues : [fault.queue]).map(order);
  return {
    timesLeft() {
      const counts = ordered.map((each) => each.timesLeft());
      return counts.reduce<number | undefined>(
        (sum, each) => (sum === undefined || each === undefined ? undefined : sum + each),
        0,
      );
    },
    cancel() {
      for (const each of ordered) each.cancel();
    },
  };
}
