import type { Written } from "../../shared/graph/group-members.ts";
import type { GrantFound, NotYet } from "../../shared/graph/grants/kind.ts";
import {
  liveAssignment,
  openAddition,
  openRemoval,
  papersOf,
  sightOfPackage,
  type Assignment,
  type Papers,
  type Request,
} from "../../shared/graph/grants/package-state.ts";
import type { Invitations } from "../../shared/graph/invitations.ts";
import type { Trace } from "../../shared/graph/tenant.ts";
import type { Grant } from "../../shared/model/grant.ts";
import {
  accountIdSchema,
  assignmentPolicyIdSchema,
  packageIdSchema,
  type PackageId,
} from "../../shared/model/ids.ts";
import type { Wish } from "../../shared/model/wish.ts";
import { durationMs } from "../../shared/policy/duration.ts";

/** What becomes of a request: it is delivered, waits for somebody, takes its time, or fails. */
type Way = "at once" | "approval" | "slow" | "fails" | "slow to go";

/** Entitlement management of one tenant: whoever asks for a package that exists gets it, in the way a test says. */
export type MemoryPackages = ReturnType<typeof memoryPackages>;

/** What was asked for on behalf of an address; `account`: what came of it. */
type Invited = {
  readonly request: string;
  readonly mail: string;
  readonly analyst: string;
  readonly account: string | null;
  readonly make: () => { readonly id: string; readonly isNew: boolean };
};

/** What somebody gets who is assigned a package, and loses with it. */
type Contents = { readonly give: (account: string) => void; readonly take: (account: string) => void };

type Of<T> = T & { readonly account: string };

/** `request`: what it came of, where somebody was invited. */
type Assigned = Of<Assignment> & { readonly request?: string };

const trace: Trace = { clientRequestId: "c-1", requestId: "r-1", status: 201, ms: 1, tries: 1 };
const wrote = (result: Written["result"]): Written => ({ result, appliedBefore: "no", trace });
const isOpenState = (state: string) => state === "pendingapproval" || state === "delivering";
const isWaiting = ({ state }: Request) => isOpenState(state);
/** The words on requests of Muster's. */
export const muster = "Muster: as the policy says";
const time = (at: number) => new Date(at).toISOString();

/** The only policy that packages have here. */
const policy = assignmentPolicyIdSchema.parse("4d000000-0000-4000-8000-000000000001");

export function memoryPackages(now: () => number) {
  let way: Way = "at once";
  let assignments: readonly Assigned[] = [];
  let requests: readonly (Of<Request> & { readonly expires: string | null })[] = [];
  let invited: readonly Invited[] = [];
  const names = new Map<string, string>();
  /** Accounts that came by invitation. */
  const governed = new Set<string>();
  let made = 0;

  const idOf = (what: string) => `${what}-${(made += 1)}`;
  const ask = (
    requestType: string,
    about: { account: string; id: PackageId; by?: string; expires?: string | null },
    state: string,
  ) => {
    const request = {
      id: idOf("request"),
      requestType,
      state,
      createdDateTime: time(now()),
      ...(isOpenState(state) ? {} : { completedDateTime: time(now()) }),
      justification: about.by ?? null,
      accessPackage: { id: about.id },
      account: about.account,
      expires: about.expires ?? null,
    };
    requests = [...requests, request];
    return request;
  };
  /** What is in a package comes and goes with its assignment. */
  const contents = new Map<string, Contents>();
  const follow = ({ accessPackage, account, state }: Of<Assignment>) =>
    contents.get(accessPackage?.id ?? "")?.[state === "delivered" ? "give" : "take"](account);
  const change = (id: string, changes: Partial<Assignment>) => {
    assignments = assignments.map((one) => (one.id === id ? { ...one, ...changes } : one));
    assignments.filter((one) => one.id === id).forEach(follow);
  };
  const close = (id: string, state: string) =>
    void (requests = requests.map((one) =>
      one.id === id ? { ...one, state, completedDateTime: time(now()) } : one,
    ));
  const assign = (
    account: string,
    id: PackageId,
    { expires, state, request }: { expires: string | null; state: string; request?: string },
  ) => {
    const endDateTime = expires === null ? null : time(now() + durationMs(expires));
    const assignment = {
      id: idOf("assignment"),
      state,
      schedule: { expiration: { endDateTime } },
      accessPackage: { id },
      account,
      ...(request === undefined ? {} : { request }),
      target: { subjectLifecycle: governed.has(account) ? "governed" : "notGoverned" },
    };
    assignments = [...assignments, assignment];
    follow(assignment);
  };
  const end = (account: string, id: PackageId) => {
    const live = liveAssignment(papersOf(papers(account), id));
    if (live !== undefined) change(live.id, { state: "expired", expiredDateTime: time(now()) });
  };
  const papers = (account: string): Papers => ({
    assignments: assignments.filter((one) => one.account === account),
    requests: requests.filter((one) => one.account === account),
    isComplete: true,
    hasAllRequests: true,
  });

  /** The account of somebody who was invited, now that what they were invited with is delivered. */
  function arrive(request: string): string | null {
    const found = invited.find((one) => one.request === request);
    if (found === undefined) return null;
    const { id: account, isNew } = found.make();
    if (isNew) governed.add(account);
    invited = invited.map((one) => (one === found ? { ...one, account } : one));
    requests = requests.map((one) => (one.id === request ? { ...one, account } : one));
    return account;
  }

  return {
    /** A package that the policy may name. */
    define(id: string, name: string, holds?: Contents): void {
      names.set(id, name);
      if (holds !== undefined) contents.set(id, holds);
    },
    papers,
    /** How many requests there are. */
    requestsMade: () => requests.length,
    /** What becomes of requests from now on. */
    become: (next: Way) => void (way = next),
    /** What waits is over: delivered, or denied. */
    decide(state: "delivered" | "denied"): void {
      for (const request of requests.filter(isWaiting)) {
        const { id, account, requestType, accessPackage, expires } = request;
        close(id, state);
        if (state === "denied") continue;
        const about = packageIdSchema.parse(accessPackage?.id);
        if (requestType === "adminadd")
          assign(arrive(id) ?? account, about, { expires, state: "delivered", request: id });
        if (requestType === "adminremove") end(account, about);
      }
    },
    /** What has failed has come all the same. */
    finish(): void {
      for (const { id, state } of assignments)
        if (state === "deliveryfailed") change(id, { state: "delivered" });
    },
    /** An administrator takes everything away. */
    revokeAll(): void {
      for (const { id, account, state, accessPackage } of assignments) {
        if (state === "expired") continue;
        change(id, { state: "expired", expiredDateTime: time(now()) });
        ask("adminremove", { account, id: packageIdSchema.parse(accessPackage?.id) }, "delivered");
      }
    },
    /** Graph keeps requests for three months, and forgets what came of none of them. */
    purge: () => void (requests = requests.filter(isWaiting)),
    /** What is to end by now ends. */
    expire(): void {
      for (const { id, state, schedule } of assignments) {
        const end = schedule?.expiration?.endDateTime;
        if (state !== "expired" && typeof end === "string" && Date.parse(end) <= now())
          change(id, { state: "expired", expiredDateTime: end });
      }
    },
    find({ package: name, expires, renew }: Wish<"package">): GrantFound<"package"> {
      const id = [...names].find(([key, called]) =>
        name.kind === "id" ? key === name.id : called === name.name,
      )?.[0];
      if (id === undefined)
        return { kind: "not-found", reason: "there is no such access package", advice: "create it" };
      const grant = { kind: "package", package: packageIdSchema.parse(id), policy, expires, renew } as const;
      return { kind: "found", grant, name: names.get(id) ?? id, unwritable: null };
    },
    /** Whether it gives what is in it just now. */
    isLive: (id: PackageId, account: string) =>
      liveAssignment(papersOf(papers(account), id))?.state === "delivered",
    /** Taken away by an administrator. */
    end(id: PackageId, account: string): void {
      end(account, id);
      ask("adminremove", { account, id }, "delivered");
    },
    /** By an administrator, unless it says that Muster asks. */
    give(
      { package: id, expires }: Grant<"package">,
      account: string,
      by = "an administrator",
    ): Written | NotYet {
      const mine = papersOf(papers(account), id);
      const live = liveAssignment(mine);
      if (live?.state === "deliveryfailed") {
        if (way === "at once") change(live.id, { state: "delivered" });
        return wrote("done");
      }
      if (live !== undefined || openAddition(mine) !== undefined || openRemoval(mine) !== undefined)
        return wrote("already");
      const about = { account, id, by, expires };
      if (way === "approval") ask("adminadd", about, "pendingapproval");
      else if (way === "slow") ask("adminadd", about, "delivering");
      else {
        ask("adminadd", about, way === "fails" ? "deliveryfailed" : "delivered");
        assign(account, id, { expires, state: way === "fails" ? "deliveryfailed" : "delivered" });
      }
      return wrote("done");
    },
    invite(
      { package: id, expires }: Grant<"package">,
      whom: { readonly mail: string; readonly analyst: string; readonly make: Invited["make"] },
    ): Written {
      const isOpen = invited.some(({ request, mail }) =>
        requests.some(
          (one) => mail === whom.mail && one.id === request && one.accessPackage?.id === id && isWaiting(one),
        ),
      );
      const holder = invited.findLast((one) => one.mail === whom.mail && one.account !== null)?.account;
      const isHeld = liveAssignment(papersOf(papers(holder ?? ""), id)) !== undefined;
      if (isOpen || isHeld) return wrote("already");
      const state = {
        "slow to go": "delivered",
        "at once": "delivered",
        approval: "pendingapproval",
        slow: "delivering",
        fails: "deliveryfailed",
      };
      const request = ask("adminadd", { account: whom.mail, id, by: muster }, state[way]);
      invited = [...invited, { ...whom, request: request.id, account: null }];
      if (way === "at once")
        assign(arrive(request.id) ?? "", id, { expires, state: "delivered", request: request.id });
      return wrote("done");
    },
    invitations({ mail, analyst }: { readonly mail: string; readonly analyst: string }): Invitations {
      const at = invited.filter((one) => one.mail === mail);
      const own = at.filter((one) => one.analyst === analyst);
      const of = (some: readonly Invited[]): Papers => ({
        requests: requests.filter(({ id }) => some.some(({ request }) => request === id)),
        assignments: assignments.filter(({ request }) => some.some((one) => one.request === request)),
        isComplete: true,
        hasAllRequests: true,
      });
      const papersFor = { yes: of(at), no: of(own) };
      const account = own.findLast((one) => one.account !== null)?.account ?? null;
      return {
        account: account === null ? null : accountIdSchema.parse(account),
        seen: (grant, wanted) => sightOfPackage(papersFor[wanted], grant, { wanted, now: now() }),
      };
    },
    renew({ package: id, expires }: Grant<"package">, account: string): Written {
      const live = liveAssignment(papersOf(papers(account), id));
      if (live === undefined || expires === null) return wrote("missing");
      change(live.id, { schedule: { expiration: { endDateTime: time(now() + durationMs(expires)) } } });
      ask("adminupdate", { account, id }, "delivered");
      return wrote("done");
    },
    take({ package: id }: Grant<"package">, account: string): Written | NotYet {
      const mine = papersOf(papers(account), id);
      const live = liveAssignment(mine);
      const open = openAddition(mine);
      if (open !== undefined)
        return {
          result: "not-yet",
          appliedBefore: "no",
          why: `request ${open.id} is ${open.state}`,
          // What is being delivered nobody can stop.
          advice: open.state === "pendingapproval" ? "deny it" : null,
          trace: null,
        };
      if (live === undefined) return wrote("missing");
      if (openRemoval(mine) !== undefined) return wrote("already");
      if (way !== "slow to go") end(account, id);
      ask("adminremove", { account, id }, way === "slow to go" ? "delivering" : "delivered");
      return wrote("done");
    },
  };
}
