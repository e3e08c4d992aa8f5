import type { Admin } from "../../lab/admin.ts";
import type { RunningLab } from "../../lab/running-lab.ts";
import { holdsAttributes } from "../../shared/policy/desired.ts";
import { homeName } from "../../shared/policy/places.ts";
import type { Policy } from "../../shared/policy/policy.ts";

/** Somebody the story follows, and the state an administrator sees them in. */
export type Watched = { readonly id: string; readonly name: string; readonly part: string };

export type Cell = {
  /** Its name, or "source". */
  readonly target: string;
  /** `own`: in the source tenant, where everybody has their own user. */
  readonly account: "none" | "enabled" | "blocked" | "deleted" | "own";
  /** Display names of the groups the account is in, sorted. */
  readonly groups: readonly string[];
  /** Of those that it may activate membership of. */
  readonly eligible: readonly string[];
  /** Whether accounts there come by invitation, and are the target's own business. */
  readonly invites: boolean;
};

export type MatrixRow = {
  readonly person: Watched;
  readonly roles: readonly string[];
  readonly cells: readonly Cell[];
};

type Deps = { readonly lab: RunningLab; readonly admin: Admin; readonly policy: Policy };

/** Reads everything again as an administrator of each tenant: nothing in here comes from Muster. */
export async function readMatrix(people: readonly Watched[], deps: Deps): Promise<readonly MatrixRow[]> {
  const rows: MatrixRow[] = [];
  for (const person of people) {
    const cells: Cell[] = [];
    for (const target of tenantsIn(deps.lab)) cells.push(await readCell(person, target, deps));
    cells.push(await readHome(person, deps));
    rows.push({ person, roles: await readRoles(person.id, deps), cells });
  }
  return rows;
}

/** The roles that the policy gives this person now; none for somebody who is disabled or deleted. */
async function readRoles(id: string, { lab, admin, policy }: Deps): Promise<readonly string[]> {
  const { tenantId } = lab.world.source;
  const select = "id,accountEnabled,department,jobTitle";
  const [user] = await admin.list(tenantId, `/users?$filter=id eq '${id}'&$select=${select}`);
  if (user === undefined || user["accountEnabled"] === false || policy.protected.includes(id)) return [];
  const groups = await groupsOf(admin, tenantId, id);
  const member = new Set(groups.flatMap((group) => [String(group["id"]), String(group["displayName"])]));
  const attributes = { department: text(user["department"]), jobTitle: text(user["jobTitle"]) };
  const held = policy.roles.filter(({ holders }) =>
    holders.kind === "group"
      ? member.has(nameOf(holders.group))
      : holdsAttributes(holders.attributes, attributes),
  );
  return held.map(({ name }) => name).toSorted();
}

const groupsOf = (admin: Admin, tenantId: string, id: string) =>
  admin.list(tenantId, `/users/${id}/memberOf/microsoft.graph.group?$select=id,displayName`);

const nameIn = (group: Readonly<Record<string, unknown>>) => String(group["displayName"]);

const nameOf = (group: { kind: "id"; id: string } | { kind: "name"; name: string }) =>
  group.kind === "id" ? group.id : group.name;

const text = (value: unknown) => (typeof value === "string" ? value : null);

type Tenant = {
  readonly name: string;
  readonly tenantId: string;
  readonly topology: "push" | "pull";
  readonly eligibleGroups: Readonly<Record<string, string>>;
};

const tenantsIn = ({ world }: RunningLab): readonly Tenant[] =>
  Object.entries({ ...world.targets, ...world.pullTargets }).map(([name, tenant]) => ({ name, ...tenant }));

async function readCell(person: Watched, tenant: Tenant, { lab, admin }: Deps): Promise<Cell> {
  const { name: target, tenantId } = tenant;
  const common = { target, invites: tenant.topology === "pull" };
  const mail = await mailOf(person, { lab, admin });
  const select = "id,mail,accountEnabled";
  const [account] = await admin.list(tenantId, `/users?$filter=mail eq '${mail}'&$select=${select}`);
  if (account !== undefined) {
    const id = String(account["id"]);
    return {
      ...common,
      account: account["accountEnabled"] === false ? "blocked" : "enabled",
      groups: (await groupsOf(admin, tenantId, id)).map(nameIn).toSorted(),
      eligible: await eligibleFor(id, tenant, admin),
    };
  }
  const deleted = await admin.list(tenantId, "/directory/deletedItems/microsoft.graph.user?$select=id,mail");
  const state = deleted.some((one) => one["mail"] === mail) ? "deleted" : "none";
  return { ...common, account: state, groups: [], eligible: [] };
}

async function eligibleFor(
  account: string,
  { tenantId, eligibleGroups }: Tenant,
  admin: Admin,
): Promise<readonly string[]> {
  const names = new Map(Object.entries(eligibleGroups).map(([name, id]) => [id, name]));
  if (names.size === 0) return [];
  const instances = "/identityGovernance/privilegedAccess/group/eligibilityScheduleInstances";
  const found = await admin.list(tenantId, `${instances}?$filter=principalId eq '${account}'`);
  return found.map(({ groupId }) => names.get(String(groupId)) ?? String(groupId)).toSorted();
}

/** The groups that access is delegated to; who else is in which source group is nobody's business here. */
async function readHome({ id }: Watched, { lab, admin }: Deps): Promise<Cell> {
  const { tenantId, sourceGroups } = lab.world.source;
  const groups = await groupsOf(admin, tenantId, id);
  const delegated = groups
    .map(nameIn)
    .filter((name) => name in sourceGroups)
    .toSorted();
  return { target: homeName, account: "own", groups: delegated, eligible: [], invites: false };
}

/** The demo's people keep their mail address, so that it finds them everywhere. Muster itself never matches on it. */
async function mailOf({ id, name }: Watched, { lab, admin }: Omit<Deps, "policy">): Promise<string> {
  const path = `/users?$filter=id eq '${id}'&$select=mail`;
  const [user] = await admin.list(lab.world.source.tenantId, path);
  return typeof user?.["mail"] === "string" ? user["mail"] : name;
}
