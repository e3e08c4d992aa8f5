/** How handling a key ended. A failure that nobody foresaw is thrown instead. */
export type Outcome =
  /** What Graph shows is what the policy says, as far as it could be read. */
  | { readonly kind: "done" }
  /** Look again at this time (epoch ms); nothing is wrong. */
  | { readonly kind: "again"; readonly at: number; readonly why: string }
  /** Passing trouble: look again soon, later each time. */
  | { readonly kind: "retry"; readonly why: string }
  /** A person has to do something; it is tried again now and then all the same. */
  | { readonly kind: "parked"; readonly reason: string; readonly advice: string };

/** The outcome that needs attention first. */
export function worst(outcomes: readonly Outcome[]): Outcome {
  const rank = { parked: 3, retry: 2, again: 1, done: 0 } as const;
  return outcomes.reduce<Outcome>(
    (worse, outcome) => {
      if (outcome.kind === "again" && worse.kind === "again") return outcome.at < worse.at ? outcome : worse;
      return rank[outcome.kind] > rank[worse.kind] ? outcome : worse;
    },
    { kind: "done" },
  );
}
