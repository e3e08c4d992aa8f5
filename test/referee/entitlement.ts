import { versionedMap } from "../../lab/graph/directory/versioned-map.ts";
import { durationMs } from "../../shared/policy/duration.ts";
import { packageGroup, packageId, type PersonName, type TenantName } from "./cast.ts";
import type { Chance } from "./chance.ts";
import type { Account, Giver, Target } from "./directory.ts";
import { refused, type Hears, type Reply, type Service } from "./governed-tenant.ts";
import type { PackageTerms } from "./policies.ts";
import type { Time } from "./time.ts";

/** What people do with an access package. */
export type PackageDeed = {
  readonly kind:
    /** The target's own administrator assigns it, and takes it away from whoever has it. */
    | "assign-package"
    | "remove-package"
    /** The approver decides about what waits. */
    | "approve"
    | "deny";
  readonly person: PersonName;
  readonly target: TenantName;
};

type AssignmentRecord = {
  readonly id: string;
  readonly account: string;
  readonly state: "delivering" | "delivered" | "deliveryFailed" | "expired";
  readonly by: Giver;
  /** Since when it has been in this state, epoch ms. */
  readonly since: number;
  /** Epoch ms; null for never. */
  readonly endsAt: number | null;
  readonly expiredAt: number | null;
};

export type RequestRecord = {
  readonly id: string;
  readonly account: string;
  readonly type: "adminAdd" | "adminUpdate" | "adminRemove" | "systemRemove";
  readonly state: "submitted" | "pendingApproval" | "delivering" | "delivered" | "deliveryFailed" | "denied";
  readonly by: Giver;
  readonly createdAt: number;
  /** When it was delivered, denied or failed; null while it is open. */
  readonly closedAt: number | null;
  /** Of an addition only since its delivery began. */
  readonly assignment: string | null;
  readonly lastsMs: number | null;
  /** What whoever asked for it wrote on it. */
  readonly justification: string | null;
};

/** Entitlement management of one target, with one package, which gives membership of a group. */
export type Entitlement = Service & {
  readonly act: (kind: PackageDeed["kind"], account: Account, giver: () => Giver) => void;
  /** Assignments that have not ended. */
  readonly liveOf: (account: string) => readonly AssignmentRecord[];
  /** Oldest first. */
  readonly requestsOf: (account: string) => readonly RequestRecord[];
  /** Whether what somebody had last has run its time. */
  readonly hasLapsed: (account: string) => boolean;
  readonly share: (account: string) => void;
};

export type EntitlementOptions = {
  readonly target: Target;
  readonly time: Time;
  readonly chance: Chance;
  readonly terms: PackageTerms;
  readonly onStir: () => void;
};

export const isOpen = ({ closedAt }: RequestRecord) => closedAt === null;
export const isAddition = ({ type }: RequestRecord) => type === "adminAdd";

/** How long a request is on its way before anything comes of it. */
const acceptedMs = 3_000;

/** As the lab's, which cites what is documented of it: lab/graph/entitlement. */
export function entitlementOf(options: EntitlementOptions): Entitlement {
  const { target, time, chance, terms, onStir } = options;
  const assignments = versionedMap<AssignmentRecord>(time.now, onStir);
  const requests = versionedMap<RequestRecord>(time.now, onStir);
  let made = 0;

  const assignmentsOf = (account: string, at?: number) =>
    [...assignments.entries(at)].map(([, one]) => one).filter((one) => one.account === account);
  const requestsOf = (account: string, at?: number) =>
    [...requests.entries(at)].map(([, one]) => one).filter((one) => one.account === account);
  const liveOf = (account: string) => assignmentsOf(account).filter(({ state }) => state !== "expired");

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

  type Draft = Pick<RequestRecord, "account" | "type" | "by" | "assignment" | "lastsMs" | "justification">;

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
    const { type, account, by, lastsMs, assignment } = changeRequest(id, { state: "delivering" });
    if (type === "adminAdd") {
      made += 1;
      const begun = `assignment-${made}`;
      const endsAt = lastsMs === null ? null : time.now() + lastsMs;
      assignments.set(begun, {
        id: begun,
        account,
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
      else if (assignment !== null) end(assignment);
      close(id, "delivered");
    });
  }

  function give(id: string): "delivered" | "deliveryFailed" {
    const { account, by, endsAt } = changeAssignment(id, {});
    const fails = target.users.get(account) === undefined || chance.happens("package: fails", terms.failing);
    const { state } = changeAssignment(id, { state: fails ? "deliveryFailed" : "delivered" });
    if (state === "delivered") target.members.set(`${packageGroup}|${account}`, by);
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
      const { account, by, state, endsAt: now } = changeAssignment(id, {});
      const isEnding = requestsOf(account).some((one) => isOpen(one) && one.type.endsWith("Remove"));
      if (state !== "delivered" || now !== endsAt || isEnding) return;
      submit({ account, type: "systemRemove", by, assignment: id, lastsMs: null, justification: null });
    });
  }

  function end(id: string): void {
    const { account } = changeAssignment(id, { state: "expired", expiredAt: time.now() });
    if (liveOf(account).length === 0) target.members.delete(`${packageGroup}|${account}`);
  }

  type Asked = Pick<RequestRecord, "by" | "lastsMs" | "justification">;

  function add(account: string, asked: Asked): Reply {
    if (target.users.get(account) === undefined) return refused("SubjectNotFound");
    if (requestsOf(account).some(isOpen)) return refused("ExistingOpenRequest");
    if (liveOf(account).some(({ state }) => state !== "deliveryFailed")) return refused("ExistingGrant");
    submit({ account, type: "adminAdd", assignment: null, ...asked });
    return done;
  }

  type Change = { readonly id: string; readonly type: "adminUpdate" | "adminRemove" };

  function ask({ id, type }: Change, asked: Asked): Reply {
    const known = assignments.get(id);
    if (known === undefined) return refused("AssignmentNotFound");
    const { account, state } = known;
    if (state === "expired" || state === "delivering") return refused("InvalidState");
    if (type === "adminUpdate" && state !== "delivered") return refused("InvalidState");
    if (requestsOf(account).some(isOpen)) return refused("ExistingOpenRequest");
    submit({ account, type, assignment: id, ...asked });
    return done;
  }

  function reprocess(id: string): Reply {
    const known = assignments.get(id);
    if (known === undefined) return { ...refused("ResourceNotFound"), status: 404 };
    if (known.state === "expired" || known.state === "delivering") return refused("InvalidState");
    if (known.state === "deliveryFailed") changeAssignment(id, { state: "delivering" });
    soon("processed again", terms.longestDeliveryMs, () => {
      if (assignments.get(id)?.state === "delivering") give(id);
    });
    return { status: 202, body: null };
  }

  return {
    list: (path, account, at) =>
      path.endsWith("/assignments")
        ? assignmentsOf(account, at).map(shownAssignment)
        : requestsOf(account, at).map(shownRequest),
    post(path, body, hears) {
      const again = /\/assignments\/([^/]+)\/reprocess$/.exec(path)?.[1];
      if (again !== undefined) return reprocess(again);
      const { requestType, assignment, lastsMs, justification } = wantedIn(body);
      const asked: Asked = { by: "muster", lastsMs, justification };
      if (requestType === "adminAdd") {
        const reply = add(assignment.targetId, asked);
        if (reply === done) hears("grant", assignment.targetId, packageId);
        return reply;
      }
      const known = assignments.get(assignment.id);
      const reply = ask({ id: assignment.id, type: requestType }, asked);
      if (reply === done && known !== undefined && requestType === "adminRemove") tell(known, hears);
      return reply;
    },
    act(kind, { id }, giver) {
      const waiting = requestsOf(id).find(({ state }) => state === "pendingApproval");
      const [live] = liveOf(id);
      if (kind === "assign-package") add(id, { by: giver(), ...byHand });
      if (kind === "remove-package" && live !== undefined)
        ask({ id: live.id, type: "adminRemove" }, { by: "admin", ...byHand });
      if (kind === "approve" && waiting !== undefined) deliver(waiting.id);
      if (kind === "deny" && waiting !== undefined) close(waiting.id, "denied");
    },
    liveOf,
    requestsOf,
    hasLapsed(account) {
      const last = assignmentsOf(account).at(-1);
      if (last === undefined || last.endsAt === null || last.expiredAt === null) return false;
      return last.expiredAt >= last.endsAt;
    },
    share(account) {
      for (const { id } of liveOf(account)) changeAssignment(id, { by: "either" });
      for (const { id } of requestsOf(account).filter(isOpen)) changeRequest(id, { by: "either" });
    },
  };
}

const byHand = { lastsMs: null, justification: null } as const;

const done: Reply = { status: 201, body: {} };

const tell = ({ account, by }: AssignmentRecord, hears: Hears) =>
  hears("revoke", account, packageId, ...(by === "admin" ? (["admin"] as const) : []));

const textOf = (at: number | null) => (at === null ? null : new Date(at).toISOString());

const shownAssignment = ({ id, state, endsAt, expiredAt }: AssignmentRecord) => ({
  id,
  state,
  expiredDateTime: textOf(expiredAt),
  schedule: { expiration: { endDateTime: textOf(endsAt) } },
  accessPackage: { id: packageId },
});

const shownRequest = ({ id, type, state, createdAt, justification }: RequestRecord) => ({
  id,
  requestType: type,
  state,
  createdDateTime: textOf(createdAt),
  ...(justification === null ? {} : { justification }),
  accessPackage: { id: packageId },
});

function wantedIn(body: Readonly<Record<string, unknown>>) {
  const { requestType, assignment, schedule, justification } = body as {
    readonly requestType: "adminAdd" | "adminUpdate" | "adminRemove";
    readonly assignment: { readonly id: string; readonly targetId: string };
    readonly justification: string;
    readonly schedule?: { readonly expiration: { readonly duration: string } };
  }; // what the product sends
  const duration = schedule?.expiration.duration;
  return {
    requestType,
    assignment,
    justification,
    lastsMs: duration === undefined ? null : durationMs(duration),
  };
}
