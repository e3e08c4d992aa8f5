import { versionedMap } from "../../lab/graph/directory/versioned-map.ts";
import { durationMs } from "../../shared/policy/duration.ts";
import { eligibleGroup, type PersonName, type TenantName } from "./cast.ts";
import type { Account, Giver, Target } from "./directory.ts";
import { refused, type Hears, type Reply, type Service } from "./governed-tenant.ts";
import type { Time } from "./time.ts";

/** What people do with a group that PIM governs. */
export type PimDeed = {
  readonly kind:
    /** Who is eligible makes themselves a member, and stops being one. */
    | "activate"
    | "deactivate"
    /** The target's own administrator makes somebody eligible or a member for good, and takes it back. */
    | "make-eligible"
    | "end-eligibility"
    | "assign-for-good"
    | "end-assignment";
  readonly person: PersonName;
  readonly target: TenantName;
};

type Eligibility = { readonly by: Giver; readonly endsAt: number };
/** An activation is whose the eligibility was. */
type Assignment = {
  readonly by: Giver;
  readonly type: "activated" | "assigned";
  readonly since: number;
};

/** Privileged Identity Management of one group of a target. */
export type Pim = Service & {
  readonly act: (kind: PimDeed["kind"], account: Account, giver: () => Giver) => void;
  readonly eligibilityOf: (account: string) => Eligibility | undefined;
  /** As replicas show it that are so far behind. */
  readonly isEligible: (account: string, at: number | undefined) => boolean;
  readonly activationOf: (account: string) => Assignment | undefined;
  /** Nobody could tell any more whose eligibility it is. */
  readonly share: (account: string) => void;
};

export type PimOptions = {
  readonly target: Target;
  readonly time: Time;
  /** Whether an activation can be ended in its first five minutes. */
  readonly young: "may end" | "stay";
  /** Hears of everything that changes. */
  readonly onStir: () => void;
};

const youngMs = 5 * 60_000;

export function pimOf({ target, time, young, onStir }: PimOptions): Pim {
  const eligible = versionedMap<Eligibility>(time.now, onStir);
  const active = versionedMap<Assignment>(time.now, onStir);

  /** What has a time ends in it, unless it has been given another one. */
  function makeEligible(account: string, by: Giver, lastsMs: number): void {
    const endsAt = time.now() + lastsMs;
    const activation = active.get(account);
    eligible.set(account, { by, endsAt });
    // It goes on under another's eligibility than it began under.
    if (activation?.type === "activated" && activation.by !== by)
      active.set(account, { ...activation, by: "either" });
    if (lastsMs > longestMs) return;
    time.at(endsAt, () => {
      if (eligible.get(account)?.endsAt === endsAt) eligible.delete(account);
    });
  }

  function askForEligibility({ action, account, lastsMs }: Wanted, hears: Hears): Reply {
    const known = eligible.get(account);
    switch (action) {
      case "adminAssign":
        if (known !== undefined) return refused("RoleAssignmentExists");
        makeEligible(account, "muster", lastsMs);
        hears("grant", account, eligibleGroup);
        return done;
      case "adminUpdate":
        if (known === undefined) return refused("RoleAssignmentDoesNotExist");
        makeEligible(account, known.by, lastsMs);
        return done;
      case "adminRemove":
        if (known === undefined) return refused("RoleAssignmentDoesNotExist");
        hears("revoke", account, eligibleGroup, ...adminOf(known));
        eligible.delete(account);
        return done;
      default:
        throw new Error(`the referee's PIM does not know ${action}`);
    }
  }

  function endAssignment({ account }: Wanted, hears: Hears): Reply {
    const known = active.get(account);
    if (known === undefined) return refused("RoleAssignmentDoesNotExist");
    if (young === "stay" && time.now() - known.since < youngMs) return refused("ActiveDurationTooShort");
    hears("revoke", account, eligibleGroup, ...adminOf(known));
    active.delete(account);
    return done;
  }

  return {
    list: (path, account, at) => {
      if (path.endsWith("/eligibilityScheduleInstances")) {
        const known = eligible.get(account, at);
        if (known === undefined) return [];
        return [{ ...membership, endDateTime: new Date(Math.min(known.endsAt, far)).toISOString() }];
      }
      // Every activation takes effect at once: nobody asks for one and waits.
      if (path.endsWith("/assignmentScheduleRequests")) return [];
      const known = active.get(account, at);
      return known === undefined ? [] : [{ ...membership, assignmentType: known.type }];
    },
    post(path, body, hears) {
      const wanted = wantedIn(body);
      // Also one that is in the recycle bin, and keeps what it has.
      if (target.users.get(wanted.account) === undefined) return refused("SubjectNotFound");
      return path.endsWith("/eligibilityScheduleRequests")
        ? askForEligibility(wanted, hears)
        : endAssignment(wanted, hears);
    },
    act(kind, { id, enabled }, giver) {
      const right = eligible.get(id);
      const known = active.get(id);
      if (kind === "activate" && enabled && right !== undefined && known === undefined)
        active.set(id, { by: right.by, type: "activated", since: time.now() });
      if (kind === "deactivate" && known?.type === "activated") active.delete(id);
      if (kind === "make-eligible" && right === undefined) makeEligible(id, giver(), Infinity);
      if (kind === "end-eligibility") eligible.delete(id);
      if (kind === "assign-for-good" && known === undefined)
        active.set(id, { by: "admin", type: "assigned", since: time.now() });
      if (kind === "end-assignment" && known?.type === "assigned") active.delete(id);
    },
    eligibilityOf: (account) => eligible.get(account),
    isEligible: (account, at) => eligible.get(account, at) !== undefined,
    activationOf: (account) => {
      const known = active.get(account);
      return known?.type === "activated" ? known : undefined;
    },
    share(account) {
      const known = eligible.get(account);
      if (known !== undefined) eligible.set(account, { ...known, by: "either" });
    },
  };
}

const done: Reply = { status: 201, body: {} };
/** Longer than any story. */
const longestMs = 24 * 60 * 60_000;
const far = Date.UTC(2100, 0);
const membership = { groupId: eligibleGroup, accessId: "member" } as const;

const adminOf = ({ by }: { readonly by: Giver }): readonly "admin"[] => (by === "admin" ? [by] : []);

type Wanted = { readonly action: string; readonly account: string; readonly lastsMs: number };

function wantedIn(body: Readonly<Record<string, unknown>>): Wanted {
  const { action, principalId, scheduleInfo } = body as {
    readonly action: string;
    readonly principalId: string;
    readonly scheduleInfo?: { readonly expiration: { readonly duration: string } };
  }; // what the product sends
  const duration = scheduleInfo?.expiration.duration;
  return { action, account: principalId, lastsMs: duration === undefined ? 0 : durationMs(duration) };
}
