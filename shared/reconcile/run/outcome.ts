import { classify, GraphError, isRefusal } from "../../graph/error.ts";
import type { FindingKind } from "../../model/finding.ts";
import { errorText } from "../../model/error-text.ts";
import { hashOf } from "./plan-hash.ts";
import { PolicyUnusable } from "./policy-in-force.ts";

/** How one thing that handling a key consists of ended. A failure that nobody foresaw is thrown instead. */
export type Outcome =
  /** What Graph shows is what the policy says, as far as it could be read. */
  | { readonly kind: "done" }
  /** Look again at this time (epoch ms); nothing is wrong. */
  | { readonly kind: "again"; readonly at: number; readonly why: string }
  /** Something was in the way, and said until when (epoch ms). */
  | { readonly kind: "wait"; readonly at: number; readonly why: string }
  /** Passing trouble: look again soon, later each time. `silent`: the tenant that answers nobody. */
  | { readonly kind: "retry"; readonly why: string; readonly silent?: string }
  /** Not all was looked at, or not all that was looked at can be believed: what was met before may be there still. */
  | { readonly kind: "unseen" }
  | Parked;

/**
 * A person has to do something; it is tried again now and then all the same. `cause`: it hits every key of the tenant alike,
 * so people hear of it once and one key tries for all; null: it is this key's own.
 */
export type Parked = {
  readonly kind: "parked";
  readonly reason: string;
  readonly advice: string;
  readonly cause: string | null;
  /** What kind of thing was found, and, where a key may meet several of the kind, what it is about. */
  readonly finding: FindingKind;
  readonly about?: string;
  /** What the run would have tried after it was not tried. */
  readonly stops?: "yes";
  /** Refused for what one person is, or to everybody: nobody can tell from one of them. */
  readonly refused?: "perhaps to one";
};

/** The same trouble is the same words, whichever call of Graph it happened to. A request for a package is what people have to look up. */
export const withoutIds = (text: string) => text.replaceAll(/\(request [\w-]+\)/g, "(request)");

/** What people were told, as it is remembered. */
export const gistOf = ({ reason }: Pick<Parked, "reason">): string => hashOf(withoutIds(reason));

/** How handling a key ended, all things together: each of them counts, the worst gives the name. */
export type Ending = {
  readonly kind: Outcome["kind"];
  /** "yes": something was in the way, so not all that was to be tried was tried. */
  readonly held: "yes" | "no";
  /** The earliest time that somebody asked to look again; null when nobody did. */
  readonly again: { readonly at: number; readonly why: string } | null;
  readonly retry: { readonly why: string; readonly silent?: string } | null;
  readonly parked: readonly Parked[];
};

export function endingOf(outcomes: readonly Outcome[]): Ending {
  const of = <K extends Outcome["kind"]>(kind: K) =>
    outcomes.filter((outcome): outcome is Extract<Outcome, { kind: K }> => outcome.kind === kind);
  const waits = of("wait");
  const [again] = [...of("again"), ...waits].toSorted((a, b) => a.at - b.at);
  const retries = of("retry");
  // Where a tenant answers nobody, what else fails may follow from that.
  const retry = retries.find(({ silent }) => silent !== undefined) ?? retries[0];
  const parked = [...new Map(of("parked").map((one) => [one.reason, one])).values()];
  const worst = (["parked", "retry", "wait", "again"] as const).find((one) => of(one).length > 0);
  return {
    kind: worst ?? "done",
    held: retry !== undefined || waits.length > 0 ? "yes" : "no",
    again: again === undefined ? null : { at: again.at, why: again.why },
    retry: retry === undefined ? null : wordsOf(retry),
    parked,
  };
}

const wordsOf = ({ why, silent }: Extract<Outcome, { kind: "retry" }>) =>
  silent === undefined ? { why } : { why, silent };

/** What an error means for the key it happened to. Errors that nobody foresaw are retried, then seen by people. */
export function outcomeOf(error: unknown, now: number): Outcome {
  const why = errorText(error);
  if (error instanceof PolicyUnusable) return { kind: "wait", at: now + policyMs[error.kind], why };
  if (!(error instanceof GraphError)) return { kind: "retry", why };
  const meaning = classify(error);
  switch (meaning.kind) {
    case "retry":
    case "gone":
      return error.failure.silent === "yes"
        ? { kind: "retry", why, silent: error.failure.tenantId }
        : { kind: "retry", why };
    case "wait":
      return { kind: "wait", at: now + meaning.ms, why };
    case "stop":
      return {
        kind: "parked",
        reason: meaning.reason,
        advice: meaning.advice,
        cause: meaning.cause,
        finding: isRefusal(error.failure) || error.failure.code === "token" ? "refused-call" : "wrong-call",
        about: `${error.failure.tenantId} ${meaning.cause ?? error.failure.template}`,
        stops: "yes",
        ...(meaning.cause === null && isRefusal(error.failure) ? { refused: "perhaps to one" } : {}),
      };
    default:
      return meaning satisfies never;
  }
}

/** While the policy is broken, nobody can decide; while this host has an old one, others can. */
const policyMs = { broken: 60_000, behind: 15_000 } as const;
