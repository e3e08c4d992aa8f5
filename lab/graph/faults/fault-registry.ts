import { z } from "zod";
import type { Mint } from "../ids.ts";
import { randomFrom, type Random } from "../random.ts";
import { faultSchema, type Fault, type FaultInput, type FaultKind } from "./fault-schema.ts";

/** The faults in force. What they do is decided where they strike; this decides whom they strike. */
export type FaultRegistry = {
  /** Returns the fault's id; throws an `Error` naming every mistake in the body. */
  add(fault: FaultInput): string;
  remove(id: string): boolean;
  clear(): void;
  list(): readonly { readonly id: string; readonly fault: Fault; readonly timesLeft: number | undefined }[];
};

export type FaultBook = FaultRegistry & {
  /** The first fault of a kind that strikes this target and `fits`; taking it uses up one of its `times`. */
  take<K extends FaultKind>(
    kind: K,
    target: FaultTarget,
    fits?: (fault: Struck<K>["fault"]) => boolean,
  ): Struck<K> | undefined;
  /** Like `take`, but nothing is used up: for states, such as a quarantined job. */
  find<K extends FaultKind>(kind: K, target: FaultTarget): Struck<K> | undefined;
  /** Every fault of a kind that is about this target: for states that add up and last, whatever `times` and `share` say. */
  findAll<K extends FaultKind>(kind: K, target: FaultTarget): readonly Struck<K>[];
  /** Hears of each new fault of a kind; what it throws refuses the fault. */
  onAdded<K extends FaultKind>(kind: K, listener: (fault: Struck<K>["fault"]) => void): void;
  /** Resolves when the fault is removed. */
  removed(id: string): Promise<void>;
};

export type Struck<K extends FaultKind> = {
  readonly id: string;
  readonly fault: Extract<Fault, { kind: K }>;
};

export type FaultTarget = {
  readonly tenant: { readonly id: string; readonly name: string };
  readonly caller: "app" | "admin";
  readonly method: string;
  /** Path variants a regular expression is tried on. */
  readonly paths: readonly string[];
};

type Entry = {
  readonly id: string;
  readonly fault: Fault;
  readonly die: Random;
  timesLeft: number | undefined;
  readonly onRemoved: (() => void)[];
};

export function faultBook(seed: string | number, mint: Mint): FaultBook {
  const entries = new Map<string, Entry>();
  const listeners: ((fault: Fault) => void)[] = [];

  // `first` has compared the kind.
  const struck = <K extends FaultKind>({ id, fault }: Entry) =>
    ({ id, fault: fault as Extract<Fault, { kind: K }> }) satisfies Struck<K>;

  function first<K extends FaultKind>(
    kind: K,
    target: FaultTarget,
    fits: (fault: Struck<K>["fault"]) => boolean = () => true,
  ): Entry | undefined {
    for (const entry of entries.values()) {
      if (entry.fault.kind !== kind || entry.timesLeft === 0) continue;
      if (!isMatch(entry.fault, target) || !fits(struck<K>(entry).fault)) continue;
      if (entry.die() < (entry.fault.share ?? 1)) return entry;
    }
    return undefined;
  }

  function remove(id: string): boolean {
    const entry = entries.get(id);
    for (const listener of entry?.onRemoved ?? []) listener();
    return entries.delete(id);
  }

  return {
    add(input) {
      const id = mint("fault");
      const fault = parseFault(input);
      for (const listener of listeners) listener(fault);
      entries.set(id, { id, fault, die: randomFrom(seed, id), timesLeft: fault.times, onRemoved: [] });
      return id;
    },
    remove,
    clear() {
      for (const id of entries.keys()) remove(id);
    },
    list: () => [...entries.values()].map(({ id, fault, timesLeft }) => ({ id, fault, timesLeft })),
    take(kind, target, fits) {
      const entry = first(kind, target, fits);
      if (entry === undefined) return undefined;
      if (entry.timesLeft !== undefined) entry.timesLeft--;
      return struck(entry);
    },
    find(kind, target) {
      const entry = first(kind, target);
      return entry === undefined ? undefined : struck(entry);
    },
    findAll: (kind, target) =>
      [...entries.values()]
        .filter(({ fault }) => fault.kind === kind && isMatch(fault, target))
        .map(struck<typeof kind>),
    onAdded(kind, listener) {
      // The kind was compared.
      const hear = listener as (fault: Fault) => void;
      listeners.push((fault) => {
        if (fault.kind === kind) hear(fault);
      });
    },
    removed(id) {
      const entry = entries.get(id);
      if (entry === undefined) return Promise.resolve();
      return new Promise((resolve) => entry.onRemoved.push(resolve));
    },
  };
}

function parseFault(input: unknown): Fault {
  const parsed = faultSchema.safeParse(input);
  if (parsed.success) return parsed.data;
  const kinds = faultSchema.options.map((option) => option.shape.kind.value).join(", ");
  throw new Error(`This fault cannot be injected: ${z.prettifyError(parsed.error)}. Known kinds: ${kinds}.`);
}

function isMatch(fault: Fault, target: FaultTarget): boolean {
  const { match } = fault;
  const tenant = fault.kind === "missingPermission" ? (fault.tenant ?? match.tenant) : match.tenant;
  if (match.caller !== "any" && target.caller !== "app") return false;
  if (tenant !== undefined && ![target.tenant.id, target.tenant.name].includes(tenant)) return false;
  if (match.method !== undefined && match.method.toUpperCase() !== target.method) return false;
  const { path } = match;
  return path === undefined || target.paths.some((candidate) => new RegExp(path).test(candidate));
}
