import type { AccessMessage, AnalystMessage, ParkedMessage } from "../../queue/keys.ts";
import type { Unproven } from "../../model/finding.ts";
import type { Findings } from "../../state/findings.ts";
import type { Claim, KeyState } from "../../state/key-state.ts";
import type { Troubles } from "../../state/troubles.ts";
import type { Look, Occasion } from "./next-look.ts";
import type { Ending } from "./outcome.ts";

/** A message about something that is remembered. */
export type Work = AnalystMessage | AccessMessage;

/** What one run over a key may know besides the key. */
export type Run = {
  readonly cause: string;
  /** When what led to this run was heard of, epoch ms. */
  readonly heardAt: number;
  readonly attempts: number;
  /** No round and no stage begins after this, epoch ms: the host ends a function that runs too long, with all it does. */
  readonly until: number;
  readonly urgency: "now" | "low";
};

/** Where what people have to see to is shown. */
export type FindingPorts<T> = {
  readonly table: Findings;
  /** The tenant that it is met in, and whose it is: see `FindingRow`. */
  readonly tenant: string;
  readonly subject: string;
  /** What they are called, as far as that is known; asked when there is something to show. */
  readonly names: (value: T) => Promise<{ readonly person: string | null; readonly place: string | null }>;
  /** Whether this is about somebody who is to be out of a place, and of whom nothing proves it. */
  readonly unproven: (value: T) => Unproven | null;
};

export type HandlePorts<T> = {
  /** Takes the key over, with a first change of what is remembered. */
  readonly claim: (begin: (state: KeyState<T>) => KeyState<T>) => Promise<Claim<T>>;
  /** Whether this is worth keeping when nothing is due any more. */
  readonly isNothing: (value: T) => boolean;
  /** Whether this is about somebody who has left: whatever keeps them in is tried again soon, however long it lasts. */
  readonly isLeaving: (value: T) => boolean;
  readonly lookFor: (state: KeyState<T>, now: number, occasion: Occasion) => Look;
  readonly schedule: (message: Work, at: number) => Promise<void>;
  readonly send: (messages: readonly Work[]) => Promise<void>;
  readonly park: (message: ParkedMessage) => Promise<void>;
  /** What keeps every key of this key's partition from being brought in line. */
  readonly troubles: Troubles;
  readonly findings: FindingPorts<T>;
  readonly partition: string;
  /** Keys of the partition that wait for a trouble to end. */
  readonly waiting: (trouble: string) => Promise<readonly Work["key"][]>;
  readonly now: () => number;
  readonly log: (
    level: "info" | "warn" | "error",
    message: string,
    fields: Readonly<Record<string, unknown>>,
  ) => void;
};

/** How a run ended, for what becomes of its key. `cut`: it did not come to its end. */
export type Settling<T> = {
  readonly ending: Ending;
  readonly cut: "yes" | "no";
  readonly ports: HandlePorts<T>;
};
