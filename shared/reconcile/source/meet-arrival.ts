import { errorText } from "../../model/error-text.ts";
import type { AnalystMessage, ArrivalMessage } from "../../queue/keys.ts";
import { analystRow, type Analysts } from "../../state/analysts.ts";
import { outcomeOf } from "../run/outcome.ts";
import type { PolicyNow } from "../run/policy-in-force.ts";
import { lookFirst, readSource, type SourceReadPorts } from "./read-source.ts";
import { findRoleGroups } from "./role-groups.ts";

export type ArrivalPorts = SourceReadPorts & {
  readonly policy: () => Promise<PolicyNow>;
  readonly analysts: Pick<Analysts, "read">;
  readonly send: (messages: readonly AnalystMessage[]) => Promise<void>;
  readonly schedule: (message: ArrivalMessage | AnalystMessage, at: number) => Promise<void>;
  /** Whether this process does something for the first time for this moment, epoch ms. */
  readonly isFirst: (what: string, at: number) => boolean;
  readonly now: () => number;
  readonly log: (message: string, fields: Readonly<Record<string, unknown>>) => void;
};

/**
 * Somebody changed who was not known to be an analyst, as most people of a tenant are not. One look, of low priority: whoever
 * holds a role, or has become known meanwhile, is passed on to the queue of the analysts; of all others nothing is kept.
 * A replica may not show yet what makes somebody an analyst. The roles that attributes give are compared a little later, once
 * for everybody who changed in the meantime; groups announce their members themselves; and who seems to be deleted, or
 * disabled with a role, is looked at once more, because that may be over.
 */
export async function meetArrival(message: ArrivalMessage, ports: ArrivalPorts): Promise<void> {
  const { user } = message.key;
  try {
    const { policy } = await ports.policy();
    const known = await ports.analysts.read(analystRow(user));
    const sight = known !== null && known.value !== null ? "analyst" : await lookAt(user, { policy, ports });
    if (sight === "analyst")
      return await ports.send([{ ...common(message), key: { kind: "analyst", analyst: user } }]);
    // Nothing is known to have changed, or it was seen to already.
    if (message.occasion === "check") return;
    if (sight === "perhaps") {
      const at = ports.now() + compareAfterMs;
      await ports.schedule({ ...message, occasion: "check", heardAt: at }, at);
    }
    if (policy.roles.some(({ holders }) => holders.kind === "attributes")) await compareLater(message, ports);
  } catch (error) {
    const outcome = outcomeOf(error, ports.now());
    const isLasting = outcome.kind === "parked" || message.tries >= patience;
    // Whoever a catch-up found in a role group is called again by the next one: there they are tried on once, and people are told.
    if (message.occasion === "check" && isLasting)
      return await ports.send([{ ...common(message), key: { kind: "analyst", analyst: user } }]);
    const at = outcome.kind === "wait" ? outcome.at : ports.now() + backoffMs(message.tries);
    ports.log("Somebody could not be looked at and is put back.", {
      user,
      tries: message.tries + 1,
      why: errorText(error),
    });
    await ports.schedule({ ...message, tries: message.tries + 1 }, at);
  }
}

async function lookAt(
  id: ArrivalMessage["key"]["user"],
  { policy, ports }: { readonly policy: PolicyNow["policy"]; readonly ports: ArrivalPorts },
): Promise<"analyst" | "perhaps" | "nobody"> {
  const [roleGroups, first] = await Promise.all([
    findRoleGroups(policy, ports.groups, "low"),
    lookFirst(id, { policy, ports, priority: "low" }),
  ]);
  const { user, held } = await readSource(id, {
    first,
    record: null,
    departed: "no",
    policy,
    roleGroups,
    ports,
    priority: "low",
  });
  if (user.kind !== "present") return "perhaps";
  if (held.length === 0) return "nobody";
  return user.user.enabled ? "analyst" : "perhaps";
}

const common = ({ cause, heardAt }: ArrivalMessage) => ({ cause, heardAt, occasion: "event" }) as const;

/** Longer than replicas are behind as a rule. */
const compareAfterMs = 75_000;
/** Comparisons for the same moment are one. */
const togetherMs = 60_000;

async function compareLater({ cause }: ArrivalMessage, ports: ArrivalPorts): Promise<void> {
  const at = Math.ceil((ports.now() + compareAfterMs) / togetherMs) * togetherMs;
  if (!ports.isFirst("attribute-roles", at)) return;
  await ports.schedule({ key: { kind: "attribute-roles" }, cause, heardAt: at, occasion: "check" }, at);
}

/** Failures of a look that nothing announced. */
const patience = 4;
const longestWaitMs = 15 * 60_000;
/** 1 s, 2 s, 4 s … a quarter of an hour. */
const backoffMs = (tries: number) => Math.min(1_000 * 2 ** Math.min(tries, 20), longestWaitMs);
