import type { TimerOccasion } from "./timer-input.ts";
import type { LogCategory } from "./worker-contract.ts";

/** What the lab tells a host process over the fork channel. Each is answered by `done` with its id. */
export type HostCommand =
  | {
      readonly kind: "clock";
      readonly id: number;
      readonly offsetMs: number;
      /** Of the jumps since the process was started: those at which nobody was kept waiting. */
      readonly leaptMs: number;
    }
  | { readonly kind: "fire"; readonly id: number; readonly name: string; readonly occasion: TimerOccasion }
  | { readonly kind: "admit"; readonly id: number; readonly request: string }
  | { readonly kind: "wake"; readonly id: number; readonly sleep: string }
  /** Answered when the process has done what it could do now. */
  | { readonly kind: "breathe"; readonly id: number }
  /** Answered with the bytes that are in use on its heap when all garbage is gone. */
  | { readonly kind: "weigh"; readonly id: number }
  | { readonly kind: "stop"; readonly id: number };

/** What a host process tells the lab. */
export type HostReport =
  | { readonly kind: "ready"; readonly port: number; readonly functions: readonly FunctionInfo[] }
  | { readonly kind: "failed"; readonly message: string }
  | { readonly kind: "done"; readonly id: number; readonly error?: string; readonly value?: number }
  /** An HTTP request has come and waits to be admitted. */
  | { readonly kind: "asks"; readonly request: string }
  /** A function sleeps, and is to be woken after so much virtual time. */
  | { readonly kind: "sleeps"; readonly sleep: string; readonly ms: number; readonly who: string }
  | { readonly kind: "began"; readonly id: string; readonly what: string }
  | { readonly kind: "ended"; readonly id: string }
  | { readonly kind: "log"; readonly line: ProcessLogLine };

export type ProcessLogLine = {
  /** Virtual time, epoch milliseconds. */
  readonly at: number;
  readonly level: string;
  readonly category: LogCategory;
  readonly functionName?: string;
  readonly invocationId?: string;
  readonly message: string;
};

export type FunctionInfo = { readonly name: string; readonly kind: "http" | "serviceBus" } | TimerInfo;

export type TimerInfo = {
  readonly name: string;
  readonly kind: "timer";
  /** NCRONTAB, UTC. */
  readonly schedule: string;
  readonly start: "at once" | "on schedule";
  readonly monitor: "on" | "off";
};
