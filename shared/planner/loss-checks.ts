import type { AnalystRecord, HeldRole, LostBy, Refused } from "../model/analyst.ts";

/** Roles an analyst was known by and does not seem to hold now. */
export type Loss = {
  /** Both independent reads of the memberships were complete and agree; otherwise what was wrong. */
  readonly evidence: { readonly kind: "sound" } | { readonly kind: "doubtful"; readonly why: string };
  readonly roles: readonly LostRole[];
  readonly budget: { readonly perRun: number; readonly share: number };
};

/**
 * `known`: who held the role in the same way at the time of the loss, as far as Muster knows. `missing`: whom of these a listing
 * does not show, and who did not lose it later; `seen`: how many of them were seen to by then, or soon after. `refusedFirst`: when the
 * loss of it was refused for the first of those who lost it at about the same time, epoch ms.
 */
export type LostRole = HeldRole & {
  readonly refusedFirst: number;
  readonly known: number;
  readonly missing: number;
  readonly seen?: number;
  readonly lostBy: LostBy;
  /** Something else has taken the place of what showed the role, so lately that a replica may not show all who are in it. */
  readonly mayShowLate?: "yes";
  /** "behind": it still shows the one who does not seem to hold the role any more, so it says nothing of the others. */
  readonly listing: "complete" | "partial" | "behind";
};

export type LossCheck = {
  readonly name: "completeness" | "replacement" | "budget";
  readonly run: (loss: Loss) => readonly Objection[];
};

/** Why some of the lost roles are kept. `keeps`: which, by what showed them. */
export type Objection = {
  readonly check: LossCheck["name"];
  readonly keeps: readonly string[];
  readonly reason: string;
  readonly advice: string;
  /** Stable text for what happened, which others met as well. */
  readonly cause: string;
};

/** Checks on losing a role: a reading error or an emptied group must not look like a wave of leavers. */
export const lossChecks: readonly LossCheck[] = [
  { name: "completeness", run: checkLossEvidence },
  { name: "replacement", run: checkReplacement },
  { name: "budget", run: checkLossBudget },
];

function checkLossEvidence({ evidence, roles }: Loss): readonly Objection[] {
  const kept = evidence.kind === "doubtful" ? roles : roles.filter(({ listing }) => listing !== "complete");
  if (kept.length === 0) return [];
  const names = kept.map(({ role }) => role).join(", ");
  const why =
    evidence.kind === "doubtful"
      ? evidence.why
      : `the holders of ${names} could not be read to the end, or were read from a replica that is behind`;
  return [
    {
      check: "completeness",
      keeps: kept.map(({ by }) => by),
      reason: `the loss of ${names} is not proven: ${why}`,
      advice: "nothing to do: it is read again shortly, and nothing is removed until then",
      cause: kept.map(({ by }) => by).join(" "),
    },
  ];
}

function checkReplacement({ roles }: Loss): readonly Objection[] {
  return roles
    .filter(({ mayShowLate }) => mayShowLate === "yes")
    .map(({ role, by }) => ({
      check: "replacement",
      keeps: [by],
      reason: `${role} is shown by something else now, where somebody may be seen late`,
      advice: "nothing to do: it is read again in a few minutes",
      cause: by,
    }));
}

const lossAdvice =
  "if it is meant, raise guardrails.removals, or disable the accounts of those who are to leave; if not, give them back what made them holders: nobody has lost anything";

function checkLossBudget({ roles, budget }: Loss): readonly Objection[] {
  return roles.flatMap(({ role, by, known, missing, listing, lostBy, refusedFirst }) => {
    if (listing !== "complete") return [];
    const allowed = Math.min(budget.perRun, Math.max(1, Math.floor(known * budget.share)));
    if (missing <= allowed) return [];
    const reason = `${missing} of ${known} holders of ${role} have lost it at once; the policy allows ${allowed}, so ${role} stays`;
    return [
      {
        check: "budget",
        keeps: [by],
        reason,
        advice: lossAdvice,
        cause: `loss of ${by} by ${lostBy} since ${refusedFirst}`,
      },
    ];
  });
}

/**
 * Why roles are kept. A loss that was refused is judged among as many holders as there were then: whoever has left since, by
 * whatever way, makes it no smaller, and whoever joins makes it no less. It passes when enough of the others hold the role again, or under another budget.
 */
export function objectionsTo(loss: Loss, refused: AnalystRecord["refused"]): readonly Objection[] {
  const roles = loss.roles.map((role) => {
    const before = refusalOf(refused, role);
    const known = before?.among ?? role.known;
    const refusedFirst = before?.occasion ?? role.refusedFirst;
    return { ...role, known, missing: role.missing + Math.max(0, known - role.known), refusedFirst };
  });
  return lossChecks.flatMap((check) => check.run({ ...loss, roles }));
}

/** Whoever was kept over an edit and is dropped from what showed the role loses it by themselves now. That was not refused yet. */
export function refusalOf(
  refused: AnalystRecord["refused"],
  { by, lostBy }: Pick<LostRole, "by" | "lostBy">,
): Refused | undefined {
  const before = refused[by];
  return before?.lostBy === "edit" && lostBy === "person" ? undefined : before;
}

/**
 * Whoever loses a role later than this after others does it on another occasion, of which people hear as well: a new policy is
 * applied to everybody within two looks at everybody.
 */
export const occasionMs = 30 * 60_000;

/**
 * A loss that many seem to meet is kept from the first moment, and refused when it still looks like that after this long:
 * until then it may turn out that a read was wrong, or that the others left by another way, which their own looks will say.
 */
export const refusalMs = 240_000;

/** What is lost within this time is lost at once: a script empties a group one member after another. */
export const lossWindowMs = 5 * 60_000;
