import { versionedMap } from "../../lab/graph/directory/versioned-map.ts";
import type { AnalystId } from "../../shared/model/ids.ts";
import { packageGroups, packageId, type PersonName, type TenantName } from "./cast.ts";
import type { Chance } from "./chance.ts";
import { move, type Account, type Accounts, type Giver } from "./directory.ts";
import { refused, type Hears, type Reply, type Service } from "./governed-tenant.ts";
import {
  isInvitation,
  shownAssignment,
  shownRequest,
  wantedIn,
  type AssignmentRecord,
  type RequestRecord,
} from "./papers.ts";
import type { GuestTerms, PackageTerms } from "./policies.ts";
import { accountWith, subjectsOf, type Subject } from "./subjects.ts";
import type { Time } from "./time.ts";

/** What people do with access packages. */
export type PackageDeed = {
  readonly kind:
    /** The target's own administrator assigns one, and takes it away from whoever has it. */
    | "assign-package"
    | "remove-package"
    /** The approver decides about what waits. */
    | "approve"
    | "deny";
  readonly person: PersonName;
  readonly target: TenantName;
  /** The one that responders get, where it is left out. */
  readonly package?: string;
};

/** Entitlement management of one tenant. People are told by the id of their account, or by the address of who has none. */
export type Entitlement = Service & {
  readonly act: (deed: PackageDeed, whom: string, giver: () => Giver) => void;
  /** Assignments that have not ended. */
  readonly liveOf: (whom: string, ofPackage?: string) => readonly AssignmentRecord[];
  /** Everything that was ever assigned to somebody, as replicas show it that are so far behind. */
  readonly shownOf: (whom: string, what: string, at: number | undefined) => readonly AssignmentRecord[];
  /** Oldest first. */
  readonly requestsOf: (whom: string, ofPackage?: string) => readonly RequestRecord[];
  /** Whether what somebody had last has run its time. */
  readonly hasLapsed: (whom: string, ofPackage: string) => boolean;
  /** Accounts that came of a request of Muster's for this analyst. */
  readonly provenFor: (analyst: AnalystId) => ReadonlySet<string>;
  readonly share: (whom: string) => void;
  readonly state: () => EntitlementState;
};

/** Everything that is true at one moment, to begin other schedules with. */
export type EntitlementState = {
  readonly subjects: readonly Subject[];
  readonly assignments: readonly AssignmentRecord[];
  readonly requests: readonly RequestRecord[];
};

export type EntitlementOptions = {
  readonly target: Accounts;
  readonly time: Time;
  readonly chance: Chance;
  readonly terms: PackageTerms;
  readonly guests: GuestTerms;
  readonly begin: EntitlementState;
  readonly createGuest: (mail: string, by: Giver) => Account;
  readonly onStir: () => void;
};

export const isOpen = ({ closedAt }: RequestRecord) => closedAt === null;
export const isAddition = ({ type }: RequestRecord) => type === "adminAdd";

/** How long a request is on its way before anything comes of it. */
const acceptedMs = 3_000;

/** As the lab's, which cites what is documented of it: lab/graph/entitlement. */
export function entitlementOf(options: EntitlementOptions): Entitlement {
  const { target, time, chance, terms, guests, begin, createGuest, onStir } = options;
  const assignments = versionedMap<AssignmentRecord>(time.now, onStir);
  const requests = versionedMap<RequestRecord>(time.now, onStir);
  for (const one of begin.assignments) assignments.plant(one.id, one);
  for (const one of begin.requests) requests.plant(one.id, one);
  const subjects = subjectsOf(target, begin.subjects);
  let made = begin.assignments.length + begin.requests.length;

  const allOf = <T>(
    map: { readonly entries: (at?: number) => Iterable<readonly [string, T]> },
    at?: number,
  ) => [...map.entries(at)].map(([, one]) => one);
  const isOf = (whom: string) => {
    const ids = new Set(
      subjects.all().flatMap(({ id, account, mail }) => (whom === (account ?? mail) ? [id] : [])),
    );
    return ({ subject }: AssignmentRecord | RequestRecord) => ids.has(subject);
  };
  /** And what was asked for at the address that the account has. */
  const isFor = (whom: string) => {
    const mail = target.users.get(whom)?.mail;
    const [own, unmet] = [isOf(whom), isOf(mail ?? whom)];
    return (one: AssignmentRecord | RequestRecord) => own(one) || unmet(one);
  };
  const isAbout = (ofPackage: string | undefined) => (one: AssignmentRecord | RequestRecord) =>
    ofPackage === undefined || one.package === ofPackage;
  const assignmentsOf = (whom: string, at?: number) => allOf(assignments, at).filter(isOf(whom));
  const requestsOf: Entitlement["requestsOf"] = (whom, ofPackage) =>
    allOf(requests).filter(isFor(whom)).filter(isAbout(ofPackage));
  const isLive = ({ state }: AssignmentRecord) => state !== "expired";
  const liveOf: Entitlement["liveOf"] = (whom, ofPackage) =>
    allOf(assignments).filter(isFor(whom)).filter(isLive).filter(isAbout(ofPackage));
  const accountIdOf = (subject: string) => subjects.withId(subject).account;

  const changeRequest = (id: string, change: Partial<RequestRecord>): RequestRecord => {
    const known = requests.get(id);
    if (known === undefined) throw new Error(`nobody made the request ${id}`);
    const changed = { ...known, ...change };
    requests.set(id, changed);
    return changed;
  };
  const changeAssignment = (id: string, change: Partial<AssignmentRecord>): AssignmentRecord => {
    const known = assignments.get(id);
    if (known === undefined) throw new Error(`nobody made the assignment ${id}`);
    const since = change.state === undefined || change.state === known.state ? known.since : time.now();
    const changed = { ...known, ...change, since };
    assignments.set(id, changed);
    return changed;
  };
  const close = (id: string, state: RequestRecord["state"]) =>
    changeRequest(id, { state, closedAt: time.now() });
  const soon = (what: string, longest: number, run: () => void) =>
    time.at(time.now() + chance.between(`package: ${what}`, 0, longest), run);

  type Draft = Omit<RequestRecord, "id" | "state" | "createdAt" | "closedAt">;

  function submit(draft: Draft): void {
    made += 1;
    const id = `request-${made}`;
    requests.set(id, { ...draft, id, state: "submitted", createdAt: time.now(), closedAt: null });
    soon("accepted", acceptedMs, () => {
      if (draft.type === "adminAdd" && terms.approval === "asked")
        changeRequest(id, { state: "pendingApproval" });
      else deliver(id);
    });
  }

  function deliver(id: string): void {
    const {
      type,
      subject,
      package: what,
      by,
      lastsMs,
      assignment,
    } = changeRequest(id, { state: "delivering" });
    if (type === "adminAdd") {
      made += 1;
      const begun = `assignment-${made}`;
      const endsAt = lastsMs === null ? null : time.now() + lastsMs;
      assignments.set(begun, {
        id: begun,
        subject,
        package: what,
        state: "delivering",
        by,
        since: time.now(),
        endsAt,
        expiredAt: null,
      });
      changeRequest(id, { assignment: begun });
      if (chance.happens("package: sticks", terms.sticking)) return;
      soon("delivered", terms.longestDeliveryMs, () => close(id, give(begun)));
      return;
    }
    soon("done", terms.longestDeliveryMs, () => {
      if (assignment !== null && type === "adminUpdate") prolong(assignment, lastsMs);
      else if (assignment !== null) end(assignment, by);
      close(id, "delivered");
    });
  }

  /** The account that gets it: the one there is, or a new guest's. */
  function accountFor({ subject: id, by }: AssignmentRecord): string | null {
    const subject = subjects.withId(id);
    if (subject.account !== null || subject.mail === null)
      return subject.account !== null && target.users.get(subject.account) !== undefined
        ? subject.account
        : null;
    const known = accountWith(target, subject.mail);
    const account = known ?? createGuest(subject.mail, by);
    subjects.has(subject, account, known === undefined ? "yes" : "no");
    return account.id;
  }

  function give(id: string): "delivered" | "deliveryFailed" {
    const assignment = changeAssignment(id, {});
    const { by, endsAt, package: what } = assignment;
    const account = accountFor(assignment);
    const fails = account === null || chance.happens("package: fails", terms.failing);
    const { state } = changeAssignment(id, { state: fails ? "deliveryFailed" : "delivered" });
    if (state === "delivered") target.members.set(`${packageGroups[what]}|${account}`, by);
    if (state === "delivered" && endsAt !== null) endAt(id, endsAt);
    return fails ? "deliveryFailed" : "delivered";
  }

  function prolong(id: string, lastsMs: number | null): void {
    const endsAt = lastsMs === null ? null : time.now() + lastsMs;
    if (changeAssignment(id, {}).state === "expired") return;
    changeAssignment(id, { endsAt });
    if (endsAt !== null) endAt(id, endsAt);
  }

  function endAt(id: string, endsAt: number): void {
    time.at(endsAt, () => {
      const { subject, package: what, by, state, endsAt: now } = changeAssignment(id, {});
      const isEnding = allOf(requests).some(
        (one) => isOpen(one) && one.assignment === id && one.type.endsWith("Remove"),
      );
      if (state !== "delivered" || now !== endsAt || isEnding) return;
      const asked = { by, lastsMs: null, justification: null };
      submit({ subject, package: what, type: "systemRemove", assignment: id, ...asked });
    });
  }

  function end(id: string, by: Giver): void {
    const { subject, package: what } = changeAssignment(id, { state: "expired", expiredAt: time.now() });
    const account = accountIdOf(subject);
    const rest = allOf(assignments).filter((one) => one.subject === subject && isLive(one));
    if (!rest.some(isAbout(what))) target.members.delete(`${packageGroups[what]}|${account}`);
    endGuest(subject, by);
  }

  /**
   * A guest whom entitlement management invited is blocked with the last assignment, and deleted after a while if there is none by then;
   * one who gets another assignment stays blocked.
   * https://learn.microsoft.com/entra/id-governance/entitlement-management-external-users#manage-the-lifecycle-of-external-users
   */
  function endGuest(subject: string, by: Giver): void {
    const account = endedGuest(subject);
    if (account === undefined || guests.ends === "none") return;
    // An administrator who takes the last one brings it about.
    const endedBy = by === "admin" ? by : "target";
    if (account.enabled) target.users.set(account.id, { ...account, enabled: false, endedBy });
    if (guests.ends === "block") return;
    time.at(time.now() + guests.deletedAfterMs, () => {
      const still = endedGuest(subject);
      if (still?.id !== account.id) return;
      target.users.set(still.id, { ...still, endedBy });
      move(target.users, target.bin, still.id);
    });
  }

  /** The account of a governed guest that nothing is assigned to. */
  function endedGuest(id: string): Account | undefined {
    const { account, governed } = subjects.withId(id);
    const has = allOf(assignments).some(
      ({ subject, state }) => subject === id && (state === "delivering" || state === "delivered"),
    );
    return account === null || governed === "no" || has ? undefined : target.users.get(account);
  }

  type Asked = Pick<RequestRecord, "by" | "lastsMs" | "justification">;

  function add(whom: string, what: string, asked: Asked): Reply {
    const isMail = whom.includes("@");
    if (!isMail && target.users.get(whom) === undefined) return refused("SubjectNotFound");
    const subject = isMail ? subjects.ofMail(whom) : subjects.ofAccount(whom);
    const own = (one: AssignmentRecord | RequestRecord) => one.subject === subject.id && one.package === what;
    if (allOf(requests).filter(own).some(isOpen)) return refused("ExistingOpenRequest");
    if (
      allOf(assignments)
        .filter(own)
        .some((one) => isLive(one) && one.state !== "deliveryFailed")
    )
      return refused("ExistingGrant");
    submit({ subject: subject.id, package: what, type: "adminAdd", assignment: null, ...asked });
    return done;
  }

  type Change = { readonly id: string; readonly type: "adminUpdate" | "adminRemove" };

  function ask({ id, type }: Change, asked: Asked): Reply {
    const known = assignments.get(id);
    if (known === undefined) return refused("AssignmentNotFound");
    const { subject, package: what, state } = known;
    if (state === "expired" || state === "delivering") return refused("InvalidState");
    if (type === "adminUpdate" && state !== "delivered") return refused("InvalidState");
    const open = allOf(requests).filter((one) => one.subject === subject && one.package === what);
    if (open.some(isOpen)) return refused("ExistingOpenRequest");
    submit({ subject, package: what, type, assignment: id, ...asked });
    return done;
  }

  function reprocess(id: string): Reply {
    const known = assignments.get(id);
    if (known === undefined) return { ...refused("ResourceNotFound"), status: 404 };
    if (known.state === "expired" || known.state === "delivering") return refused("InvalidState");
    if (known.state === "deliveryFailed") changeAssignment(id, { state: "delivering" });
    soon("processed again", terms.longestDeliveryMs, () => {
      if (["delivering", "delivered"].includes(assignments.get(id)?.state ?? "")) give(id);
    });
    return { status: 202, body: null };
  }

  /** Requests that were made for an address, each with the assignment that came of it. */
  function invitationsOf(mail: string, at: number | undefined): readonly unknown[] {
    const ids = new Set(subjects.withMail(mail).map(({ id }) => id));
    return allOf(requests, at)
      .filter(({ subject }) => ids.has(subject))
      .map((one) => {
        const assignment = one.assignment === null ? undefined : assignments.get(one.assignment, at);
        const subject = subjects.withId(one.subject);
        return {
          ...shownRequest(one),
          assignment: assignment === undefined ? null : shownAssignment(assignment, subject),
        };
      });
  }

  return {
    list: (path, whom, at) => {
      if (path.endsWith("/assignments"))
        return assignmentsOf(whom, at).map((one) => shownAssignment(one, subjects.withId(one.subject)));
      if (whom.includes("@")) return invitationsOf(whom, at);
      return allOf(requests, at).filter(isOf(whom)).map(shownRequest);
    },
    settings: () => ({
      externalUserLifecycleAction:
        guests.ends === "none" ? "none" : guests.ends === "block" ? "blockSignIn" : "blockSignInAndDelete",
      durationUntilExternalUserDeletedAfterBlocked: `PT${guests.deletedAfterMs / 60_000}M`,
    }),
    post(path, body, hears) {
      const again = /\/assignments\/([^/]+)\/reprocess$/.exec(path)?.[1];
      if (again !== undefined) return reprocess(again);
      const { requestType, id, whom, package: what, lastsMs, justification } = wantedIn(body);
      const asked: Asked = { by: "muster", lastsMs, justification };
      if (requestType === "adminAdd") {
        const reply = add(whom, what, asked);
        if (reply === done) hears("grant", whom, what);
        return reply;
      }
      const known = assignments.get(id);
      const reply = ask({ id, type: requestType }, asked);
      if (reply === done && known !== undefined && requestType === "adminRemove") tell(known, hears);
      return reply;
    },
    act({ kind, package: what = packageId }, whom, giver) {
      const waiting = requestsOf(whom).find(({ state }) => state === "pendingApproval");
      const [live] = liveOf(whom, what);
      if (kind === "assign-package") add(whom, what, { by: giver(), ...byHand });
      if (kind === "remove-package" && live !== undefined)
        ask({ id: live.id, type: "adminRemove" }, { by: "admin", ...byHand });
      if (kind === "approve" && waiting !== undefined) deliver(waiting.id);
      if (kind === "deny" && waiting !== undefined) close(waiting.id, "denied");
    },
    liveOf,
    shownOf: (whom, what, at) => assignmentsOf(whom, at).filter((one) => one.package === what),
    requestsOf,
    hasLapsed(whom, ofPackage) {
      const last = allOf(assignments).filter(isFor(whom)).findLast(isAbout(ofPackage));
      if (last === undefined || last.endsAt === null || last.expiredAt === null) return false;
      return last.expiredAt >= last.endsAt;
    },
    provenFor: (analyst) =>
      new Set(
        allOf(requests)
          .filter((one) => isInvitation(one, analyst) && one.assignment !== null)
          .flatMap(({ subject }) => accountIdOf(subject) ?? []),
      ),
    share(whom) {
      for (const { id } of liveOf(whom)) changeAssignment(id, { by: "either" });
      for (const { id } of requestsOf(whom).filter(isOpen)) changeRequest(id, { by: "either" });
    },
    state: () => ({
      subjects: subjects.all(),
      assignments: allOf(assignments),
      requests: allOf(requests),
    }),
  };

  /** What has failed gave nothing, so nobody is robbed of it. */
  function tell({ subject, package: what, by, state }: AssignmentRecord, hears: Hears): void {
    const { account, mail } = subjects.withId(subject);
    const isTheirs = by === "admin" && state !== "deliveryFailed";
    hears("revoke", account ?? mail ?? "", what, ...(isTheirs ? (["admin"] as const) : []));
  }
}

const byHand = { lastsMs: null, justification: null } as const;

const done: Reply = { status: 201, body: {} };
