import type { Note } from "../../model/plan.ts";
import { namedGrants } from "../../policy/desired.ts";
import { keyOfWish } from "../../policy/group-name.ts";
import type { Role } from "../../policy/policy.ts";
import type { Outcome } from "../run/outcome.ts";
import type { Round } from "../pair/access-round.ts";

type Denied = Extract<Note, { kind: "denied-by-review" }>;

/** What access reviews denied is left so; as long as a role gives it, somebody asks for what somebody else refuses. */
export function deniedFindings(round: Round): readonly Outcome[] {
  const { plan, record, rules } = round;
  return plan.notes.flatMap((note): readonly Outcome[] => {
    if (note.kind !== "denied-by-review") return [];
    const { name, review, since } = note;
    const what = `${rules.target.name}: the access review "${review.name}" (${review.id}) denied ${record.userPrincipalName} ${name}, which Muster gave; `;
    const reason = `${what}${decisionIn(note)}, it counts since ${since}, and Muster leaves it so`;
    const advice = `if they are not to have it, ${sourceRemoval(note, round)}: until then the policy gives it; if they are, give it back in the target tenant, or take the role from them and give it anew; onDeniedReview: restore does not ask what reviews have decided`;
    return [{ kind: "parked", reason, advice, cause: null, finding: "denied-review", about: note.grant }];
  });
}

function decisionIn({ by, decided, why }: Denied): string {
  const when = decided === null ? "" : ` on ${decided}`;
  const who = by === null ? `nobody decided, so its default did${when}` : `${by} decided${when}`;
  return why === null ? who : `${who} ("${why}")`;
}

/** What in the source tenant makes them holders of the roles that give it. */
function sourceRemoval({ grant }: Denied, { read, record, rules }: Round): string {
  const held = new Set(record.roles.map(({ role }) => role));
  const giving = rules.policy.roles.filter(
    ({ name }) =>
      held.has(name) &&
      namedGrants(rules.target, [name]).some((wish) => read.found.get(keyOfWish(wish)) === grant),
  );
  if (giving.length === 0) return "take the role from them";
  return giving.map((role) => endOf(role, read.roleGroups)).join(", and ");
}

function endOf({ name, holders }: Role, roleGroups: ReadonlyMap<string, string>): string {
  if (holders.kind === "attributes") {
    const attributes = Object.entries(holders.attributes).map(([key, value]) => `${key} = ${value}`);
    return `change what makes them ${name} in the source tenant (${attributes.join(", ")})`;
  }
  const { group } = holders;
  const called =
    group.kind === "name" ? group.name : `${roleGroups.get(group.id) ?? ""} (${group.id})`.trim();
  return `take them out of the group ${called} in the source tenant, which makes them ${name}`;
}
