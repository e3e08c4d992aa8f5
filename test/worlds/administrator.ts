import type { Admin } from "../../lab/admin.ts";
import { extensionName } from "../../lab/graph/directory/build-tenant.ts";
import type { RunningLab } from "../../lab/running-lab.ts";
import type { Truth } from "../../lab/graph/record/truth.ts";
import type { Census, Citizen } from "./census.ts";
import { appOfStamps, idsOf, scopeName, scopePackage, teamName } from "./ids.ts";
import { attributesOf } from "./lay-out-policy.ts";
import { roleHolders } from "./lay-out.ts";
import type { PersonalDeed, TargetPlan, WorldPlan } from "./plan.ts";

type DeedInTarget = Extract<PersonalDeed, { readonly target: string }>;
type DeedOnAccount = Exclude<
  DeedInTarget,
  { readonly kind: "into scope" | "out of scope" } | { readonly kind: "approve" | "deny" }
>;
type DeedAtHome = Exclude<PersonalDeed, DeedInTarget>;

export type Administrator = {
  /** "in vain": there was nobody, or nothing, to do it to. */
  readonly perform: (deed: PersonalDeed) => Promise<"done" | "in vain">;
  /** Decides whatever waits for an approver in the target. */
  readonly decideAll: (target: string, word: "approve" | "deny") => Promise<void>;
};

type Parts = {
  readonly lab: RunningLab;
  readonly admin: Admin;
  readonly plan: WorldPlan;
  readonly census: Census;
};

const pim = "/identityGovernance/privilegedAccess/group";
const em = "/identityGovernance/entitlementManagement";

/** Does by hand what people do in the source and in the targets of one world. */
export function administratorOf({ lab, admin, plan, census }: Parts): Administrator {
  const { tenantId: source, extensionApp } = lab.world.source;
  const at = (id: string) => ({ "@odata.id": `${lab.graph.url}/v1.0/directoryObjects/${id}` });
  const membersOf = (tenant: string, group: string) => `/groups/${idsOf.group(tenant, group)}/members`;
  const put = async (tenant: string, group: string, id: string) =>
    admin.call(tenantOf(tenant), "POST", `${membersOf(tenant, group)}/$ref`, at(id));
  const remove = async (tenant: string, group: string, id: string) =>
    admin.call(tenantOf(tenant), "DELETE", `${membersOf(tenant, group)}/${id}/$ref`);
  const tenantOf = (name: string) => (name === "source" ? source : idsOf.tenant(name));

  const targetCalled = (name: string): TargetPlan => {
    const found = plan.targets.find((one) => one.name === name);
    if (found === undefined) throw new Error(`world ${plan.seed} has no target ${name}`);
    return found;
  };

  async function changeRole(citizen: Citizen, deed: { kind: "join" | "drop"; role: string }): Promise<void> {
    const { kind, role } = deed;
    const shownBy = plan.roles.find(({ name }) => name === role)?.shownBy ?? "group";
    const { roles, id } = citizen;
    if (shownBy === "attributes") {
      const attributes = kind === "join" ? attributesOf(role) : { department: null, jobTitle: null };
      await admin.call(source, "PATCH", `/users/${id}`, attributes);
      const byAttributes = plan.roles.flatMap((one) => (one.shownBy === "attributes" ? [one.name] : []));
      const others = roles.difference(new Set(byAttributes));
      census.change(citizen, { roles: kind === "join" ? others.union(new Set([role])) : others });
      return;
    }
    const group = shownBy === "team" ? teamName(role) : role;
    await (kind === "join" ? put("source", group, id) : remove("source", group, id));
    const changed = new Set(roles);
    if (kind === "join") changed.add(role);
    else changed.delete(role);
    census.change(citizen, { roles: changed });
  }

  async function performAtHome(deed: DeedAtHome): Promise<"done" | "in vain"> {
    const citizen = census.bearer(deed.person);
    const { id, state, isEnabled, roles } = citizen;
    const isLive = state === "live";
    const when = async (isPossible: boolean, act: () => Promise<unknown>, change: Partial<Citizen> = {}) => {
      if (!isPossible) return "in vain" as const;
      await act();
      census.change(citizen, change);
      return "done" as const;
    };
    const patch = async (body: object) => admin.call(source, "PATCH", `/users/${id}`, body);
    switch (deed.kind) {
      case "join":
      case "drop":
        if (!isLive || roles.has(deed.role) === (deed.kind === "join")) return "in vain";
        await changeRole(citizen, deed);
        return "done";
      case "disable":
        return when(isLive && isEnabled, () => patch({ accountEnabled: false }), { isEnabled: false });
      case "enable":
        return when(isLive && !isEnabled, () => patch({ accountEnabled: true }), { isEnabled: true });
      case "delete":
        return when(isLive, () => admin.call(source, "DELETE", `/users/${id}`), { state: "in the bin" });
      case "restore":
        return when(
          state === "in the bin",
          () => admin.call(source, "POST", `/directory/deletedItems/${id}/restore`),
          { state: "live" },
        );
      case "purge":
        return when(
          state === "in the bin",
          () => admin.call(source, "DELETE", `/directory/deletedItems/${id}`),
          {
            state: "purged",
            roles: new Set(),
          },
        );
      case "rename":
        return when(isLive, () => patch({ displayName: `${deed.person} at ${lab.clock.now()}` }));
      case "stamp at home":
        return when(isLive, () => patch({ [extensionName(extensionApp, "socRoles")]: "written by hand" }));
      case "take the mail of": {
        const { mail } = census.bearer(deed.other);
        return when(isLive && mail !== citizen.mail, () => patch({ mail }), { mail });
      }
      case "hire again":
        if (state !== "purged") return "in vain";
        await hireAgain(citizen);
        return "done";
      case "into source group":
      case "out of source group":
        return inDirectory(isLive, deed.kind === "into source group", {
          tenant: "source",
          group: deed.group,
          id,
        });
      default:
        return deed satisfies never;
    }
  }

  async function hireAgain({ person, mail }: Citizen): Promise<void> {
    const user = (await admin.call(source, "POST", "/users", {
      displayName: person,
      userPrincipalName: mail,
      mail,
      mailNickname: person,
      accountEnabled: true,
      passwordProfile: { password: crypto.randomUUID() },
    })) as { id: string }; // Graph answers with the user
    // The policy protects ids, and this is a new one.
    const state = { isProtected: false, state: "live", isEnabled: true } as const;
    census.hire({ person, id: user.id, mail, ...state, roles: new Set() });
  }

  async function inDirectory(
    isPossible: boolean,
    isPut: boolean,
    { tenant, group, id }: { tenant: string; group: string; id: string },
  ): Promise<"done" | "in vain"> {
    const groupId = idsOf.group(tenant, group);
    const isIn = truth(tenant).members.some((one) => one.group === groupId && one.member === id);
    if (!isPossible || isIn === isPut) return "in vain";
    await (isPut ? put(tenant, group, id) : remove(tenant, group, id));
    return "done";
  }

  const truth = (name: string): Truth => lab.graph.truth(tenantOf(name));

  async function performInTarget(deed: DeedInTarget): Promise<"done" | "in vain"> {
    const { target: name } = deed;
    const citizen = census.bearer(deed.person);
    if (deed.kind === "approve" || deed.kind === "deny") return decide(name, deed.kind, citizen);
    if (deed.kind !== "into scope" && deed.kind !== "out of scope") return onAccount(deed, citizen);
    const isPossible = citizen.state === "live" && targetCalled(name).scope !== "none";
    const scope = { tenant: "source", group: scopeName(name), id: citizen.id };
    return inDirectory(isPossible, deed.kind === "into scope", scope);
  }

  async function onAccount(deed: DeedOnAccount, citizen: Citizen): Promise<"done" | "in vain"> {
    const target = targetCalled(deed.target);
    const tenant = idsOf.tenant(target.name);
    const account = truth(target.name).accounts.find(
      ({ sourceId, state }) => sourceId === citizen.id && state === "live",
    );
    if (account === undefined) return "in vain";
    const { id } = account;
    const call = async (method: string, path: string, body?: object) => {
      await admin.call(tenant, method, path, body);
      return "done" as const;
    };
    switch (deed.kind) {
      case "give":
      case "take":
        return inDirectory(true, deed.kind === "give", { tenant: target.name, group: deed.group, id });
      case "make a role holder":
      case "unmake a role holder":
        return inDirectory(true, deed.kind === "make a role holder", {
          tenant: target.name,
          group: roleHolders,
          id,
        });
      case "review": {
        const group = idsOf.group(target.name, deed.group);
        if (!truth(target.name).members.some((one) => one.group === group && one.member === id))
          return "in vain";
        lab.graph.faults.add({ kind: "deniedReview", user: id, group, match: { tenant: target.name } });
        return "done";
      }
      case "block":
        return account.isEnabled ? call("PATCH", `/users/${id}`, { accountEnabled: false }) : "in vain";
      case "remove account":
        return call("DELETE", `/users/${id}`);
      case "stamp with a stranger's id":
        return call("PATCH", `/users/${id}`, {
          [extensionName(appOfStamps(target, extensionApp), "socSourceId")]: idsOf.account(
            "nowhere",
            "stranger",
          ),
        });
      case "make a second account":
        return call("POST", "/users", {
          displayName: deed.person,
          userPrincipalName: `second.${deed.person}.${lab.clock.now()}@${target.name}.example`,
          mailNickname: `second.${deed.person}`,
          accountEnabled: true,
          passwordProfile: { password: crypto.randomUUID() },
          [extensionName(appOfStamps(target, extensionApp), "socSourceId")]: citizen.id,
        });
      case "activate":
      case "make eligible":
      case "end eligibility":
        return govern(target.name, deed, id);
      case "assign":
      case "unassign":
        return changePackage(target.name, deed, id);
      default:
        return deed satisfies never;
    }
  }

  async function govern(
    target: string,
    { kind, group }: { kind: "activate" | "make eligible" | "end eligibility"; group: string },
    account: string,
  ): Promise<"done" | "in vain"> {
    const groupId = idsOf.group(target, group);
    const own = truth(target).standings.filter((one) => one.group === groupId && one.account === account);
    const isEligible = own.some(({ standing }) => standing === "eligibility");
    const isActive = own.some(({ standing }) => standing === "assignment");
    const isPossible = {
      activate: isEligible && !isActive,
      "make eligible": !isEligible,
      "end eligibility": isEligible,
    };
    if (!isPossible[kind]) return "in vain";
    const what = kind === "activate" ? "assignment" : "eligibility";
    const startDateTime = new Date(lab.clock.now()).toISOString();
    await admin.call(idsOf.tenant(target), "POST", `${pim}/${what}ScheduleRequests`, {
      action: { activate: "selfActivate", "make eligible": "adminAssign", "end eligibility": "adminRemove" }[
        kind
      ],
      accessId: "member",
      principalId: account,
      groupId,
      justification: "by hand",
      ...(kind === "end eligibility"
        ? {}
        : {
            scheduleInfo: {
              startDateTime,
              expiration: { type: "afterDuration", duration: kind === "activate" ? "PT8H" : "P30D" },
            },
          }),
    });
    return "done";
  }

  async function changePackage(
    target: string,
    { kind, package: name }: { kind: "assign" | "unassign"; package: string },
    account: string,
  ): Promise<"done" | "in vain"> {
    const packageId = idsOf.package(target, name);
    const { assignments, requests } = truth(target);
    const isMine = (one: { package: string; account: string | undefined }) =>
      one.package === packageId && one.account === account;
    const there = assignments.find((one) => isMine(one) && one.state !== "expired");
    const isOpen = requests.some((one) => isMine(one) && openStates.has(one.state));
    if (isOpen || (kind === "assign") === (there !== undefined)) return "in vain";
    if (there !== undefined && there.state === "delivering") return "in vain";
    const policies = await admin.list(
      idsOf.tenant(target),
      `${em}/assignmentPolicies?$filter=accessPackage/id eq '${packageId}'`,
    );
    const direct = policies.find(({ displayName }) => displayName === "Direct");
    await admin.call(
      idsOf.tenant(target),
      "POST",
      `${em}/assignmentRequests`,
      there === undefined
        ? {
            requestType: "adminAdd",
            assignment: { targetId: account, assignmentPolicyId: direct?.["id"], accessPackageId: packageId },
          }
        : { requestType: "adminRemove", assignment: { id: there.id } },
    );
    return "done";
  }

  /** In the target, and in the source about its scope. */
  async function decide(
    target: string,
    word: "approve" | "deny",
    citizen?: Citizen,
  ): Promise<"done" | "in vain"> {
    const { accounts } = truth(target);
    const isTheirs = ({ account, mail }: { account: string | undefined; mail: string | undefined }) =>
      citizen === undefined ||
      account === citizen.id ||
      mail === citizen.mail.toLowerCase() ||
      accounts.some(({ id, sourceId }) => id === account && sourceId === citizen.id);
    const scopes = truth("source").requests.filter((one) => one.package === scopePackage(target));
    const waiting = [
      ...truth(target).requests.map((request) => ({ tenant: idsOf.tenant(target), request })),
      ...scopes.map((request) => ({ tenant: source, request })),
    ].filter(({ request }) => request.state === "pendingApproval" && isTheirs(request));
    for (const { tenant, request } of waiting) {
      const stages = `${em}/accessPackageAssignmentApprovals/${request.id}/stages`;
      for (const stage of await admin.list(tenant, stages))
        await admin.call(tenant, "PATCH", `${stages}/${String(stage["id"])}`, {
          reviewResult: word === "approve" ? "Approve" : "Deny",
          justification: "by hand",
        });
    }
    return waiting.length > 0 ? "done" : "in vain";
  }

  return {
    perform: (deed) => ("target" in deed ? performInTarget(deed) : performAtHome(deed)),
    decideAll: async (target, word) => void (await decide(target, word)),
  };
}

/** Of requests for access packages: nobody can say yet what will come of them. */
export const openStates: ReadonlySet<string> = new Set([
  "submitted",
  "pendingApproval",
  "scheduled",
  "delivering",
]);
