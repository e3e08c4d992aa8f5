import { TableClient } from "@azure/data-tables";
import { adminOf } from "../../lab/admin.ts";
import { extensionName } from "../../lab/graph/directory/build-tenant.ts";
import { guidFrom } from "../../lab/graph/ids.ts";
import type { GroupSeed, SyncJobSeed, TenantSeed, UserSeed } from "../../lab/graph/seed.ts";
import type { RunningLab } from "../../lab/running-lab.ts";
import type { World } from "../../lab/world.ts";
import type { AnalystRecord } from "../../shared/model/analyst.ts";
import { meaningOf } from "../../shared/reconcile/run/plan-hash.ts";
import { marks } from "../../shared/state/marks.ts";
import { listRows, writeRows } from "../../shared/state/table.ts";

/*
 * Giving thousands of people their access one after the other takes the lab hours. So a few are given it by Muster, one for each role, and
 * everybody else is made like the one with their role: in the directories, and in what Muster remembers. That it is all the same shows in a
 * night that finds nothing to do.
 */

type Person = World["analysts"][number];
type Account = { readonly id: string; readonly upn: string };
type Row = { readonly partitionKey: string; readonly rowKey: string; readonly value: unknown };

/** One for each role, as Muster has brought them in, and what it remembers of them. */
export type Models = {
  /** When that was, by the lab's clock. */
  readonly at: number;
  /** Its hash. */
  readonly policy: string;
  readonly people: readonly {
    readonly person: Person;
    readonly user: Readonly<Record<string, unknown>>;
    /** By the target's name. */
    readonly accounts: Readonly<Record<string, Account>>;
    readonly rows: { readonly Analysts: readonly Row[]; readonly Pairs: readonly Row[] };
  }[];
};

const tableOf = (lab: RunningLab, name: string) =>
  TableClient.fromConnectionString(lab.tables.connectionString, name, { allowInsecureConnection: true });

const stampsOf = (app: string) => ["socRoles", "socSourceId"].map((name) => extensionName(app, name));

/** Of a lab in which everybody is at work. */
export async function modelsIn(lab: RunningLab): Promise<Models> {
  const { world } = lab;
  const admin = adminOf(lab.graph, world.apps.admin);
  const tenants = [world.source, ...Object.values(world.targets)].map(({ tenantId }) => tenantId);
  const rows = {
    Analysts: await rowsOf(lab, "Analysts", "analyst"),
    Pairs: (await Promise.all(tenants.map((tenant) => rowsOf(lab, "Pairs", tenant)))).flat(),
  };
  const policy = (await marks(tableOf(lab, "Marks")).policy.read())?.value.hash;
  if (policy === undefined) throw new Error("no policy is in force");
  const people = await Promise.all(
    world.analysts.map(async (person) => {
      const fields = ["department", "jobTitle", ...stampsOf(world.source.extensionApp)];
      const user = (await admin.call(
        world.source.tenantId,
        "GET",
        `/users/${person.id}?$select=${fields.join(",")}`,
      )) as Readonly<Record<string, unknown>>; // Graph answers with the user
      const accounts = await Promise.all(
        Object.entries(world.targets).map(async ([name, { tenantId }]) => {
          const filter = encodeURIComponent(`mail eq '${person.userPrincipalName}'`);
          const [one] = await admin.list(tenantId, `/users?$filter=${filter}&$select=id,userPrincipalName`);
          if (one === undefined) throw new Error(`${person.userPrincipalName} has no account in ${name}`);
          return [name, { id: String(one["id"]), upn: String(one["userPrincipalName"]) }] as const;
        }),
      );
      const own = (row: Row) => row.rowKey === person.id;
      return {
        person,
        user: Object.fromEntries(fields.map((field) => [field, user[field] ?? null])),
        accounts: Object.fromEntries(accounts),
        rows: { Analysts: rows.Analysts.filter(own), Pairs: rows.Pairs.filter(own) },
      };
    }),
  );
  return { at: lab.clock.now(), policy, people };
}

async function rowsOf(lab: RunningLab, table: string, partitionKey: string): Promise<readonly Row[]> {
  const rows = await listRows(tableOf(lab, table), { partitionKey });
  return rows.map(({ rowKey, value }) => ({ partitionKey, rowKey, value }));
}

/** Somebody who is like one of the models, everywhere. */
export type Copy = {
  readonly person: Person;
  readonly model: Models["people"][number];
  readonly accounts: Readonly<Record<string, string>>;
};

export function copiesOf({ people }: Models, count: number): readonly Copy[] {
  return Array.from({ length: count }, (_, index) => {
    const model = people[index % people.length];
    if (model === undefined) throw new Error("there is nobody to be like");
    const name = `copy-${String(index + 1).padStart(5, "0")}`;
    const person = {
      ...model.person,
      id: guidFrom("many", name),
      userPrincipalName: `${name}@source.example`,
    };
    const accounts = Object.fromEntries(
      Object.keys(model.accounts).map((target) => [target, guidFrom("many", name, target)]),
    );
    return { person, model, accounts };
  });
}

/** The same world with all of them at work in it. */
export function worldOf(world: World, copies: readonly Copy[]): World {
  const { seed, source, targets } = world;
  const nameOf = new Map(Object.entries(targets).map(([name, { tenantId }]) => [tenantId, name]));
  return {
    ...world,
    seed: {
      ...seed,
      tenants: seed.tenants.map((tenant) => {
        if (tenant.id === source.tenantId) return homeOf(tenant, copies);
        const name = nameOf.get(tenant.id);
        return name === undefined ? tenant : targetOf(tenant, name, copies);
      }),
      syncJobs: (seed.syncJobs ?? []).map((job) => linked(job, nameOf.get(job.targetTenantId) ?? "", copies)),
    },
    analysts: [],
  };
}

function userOf(id: string, upn: string, more: Readonly<Record<string, unknown>>): UserSeed {
  return {
    id,
    displayName: upn.split("@")[0] ?? "",
    userPrincipalName: upn,
    accountEnabled: true,
    userType: "Member",
    createdDateTime: "2024-03-01T08:00:00Z",
    ...more,
  };
}

/** What says whose it is is the copy's own. */
const likewise = ({ person, model }: Copy, text: unknown): unknown =>
  typeof text === "string" ? text.replaceAll(model.person.id, person.id) : text;

function homeOf(tenant: TenantSeed, copies: readonly Copy[]): TenantSeed {
  const users = copies.map((copy) =>
    userOf(copy.person.id, copy.person.userPrincipalName, {
      mail: copy.person.userPrincipalName,
      ...Object.fromEntries(
        Object.entries(copy.model.user).map(([name, value]) => [name, likewise(copy, value)]),
      ),
    }),
  );
  const isIn = ({ person: { role } }: Copy, group: string) =>
    group.startsWith("Sync to ") ||
    (group === "SOC Readers" && role === "reader") ||
    ((group === "SOC Responders" || group === "Lighthouse Responders") && role === "responder");
  return {
    ...tenant,
    users: [...(tenant.users ?? []), ...users],
    groups: (tenant.groups ?? []).map((group) => joined(group, copies, isIn, ({ person }) => person.id)),
  };
}

function targetOf(tenant: TenantSeed, name: string, copies: readonly Copy[]): TenantSeed {
  const stamps = (tenant.extensionProperties ?? []).map((property) => property.name);
  const users = copies.map((copy) => {
    const upn = `${copy.person.userPrincipalName.replace("@", "_")}#EXT#@${tenant.defaultDomain}`;
    const [roles, id] = Object.entries(copy.model.user).flatMap(([field, value]) =>
      field.startsWith("extension_") ? [likewise(copy, value)] : [],
    );
    const stamped = stamps.map((stamp) => [stamp, stamp.endsWith("socRoles") ? roles : id] as const);
    return userOf(copy.accounts[name] ?? "", upn, {
      mail: copy.person.userPrincipalName,
      alternativeSecurityId: copy.person.id,
      creationType: "Invitation",
      externalUserState: "Accepted",
      ...Object.fromEntries(stamped),
    });
  });
  const groupOf = { reader: "SOC Readers", responder: "SOC Responders", hunter: "SOC Hunters" } as const;
  return {
    ...tenant,
    users: [...(tenant.users ?? []), ...users],
    groups: (tenant.groups ?? []).map((group) => {
      const account = (copy: Copy) => copy.accounts[name] ?? "";
      if (group.displayName !== "SOC Administrators")
        return joined(group, copies, ({ person: { role } }, called) => groupOf[role] === called, account);
      const eligible = copies.filter(
        ({ person, model }) => person.role === "responder" && isEligibleIn(model, tenant.id),
      );
      return {
        ...group,
        pim: { ...group.pim, eligible: eligible.map((copy) => ({ principalId: account(copy) })) },
      };
    }),
  };
}

/** Only one target gives its responders eligibility. */
const isEligibleIn = ({ rows }: Copy["model"], tenantId: string) =>
  rows.Pairs.some((row) => row.partitionKey === tenantId && JSON.stringify(row).includes("eligible"));

function joined(
  group: GroupSeed,
  copies: readonly Copy[],
  isIn: (copy: Copy, group: string) => boolean,
  idOf: (copy: Copy) => string,
): GroupSeed {
  const more = copies.filter((copy) => isIn(copy, group.displayName)).map(idOf);
  return { ...group, members: [...(group.members ?? []), ...more] };
}

const linked = (job: SyncJobSeed, target: string, copies: readonly Copy[]): SyncJobSeed => ({
  ...job,
  linked: [
    ...(job.linked ?? []),
    ...copies.map(({ person, accounts }) => ({ sourceId: person.id, targetId: accounts[target] ?? "" })),
  ],
});

/** What Muster remembers of the models, said of the copies. */
export async function remember(lab: RunningLab, models: Models, copies: readonly Copy[]): Promise<void> {
  const { targets, source } = lab.world;
  const analysts = copies.flatMap((copy) =>
    copy.model.rows.Analysts.map((row) => meant(renamed(copy, row, []), models.policy)),
  );
  await writeRows(tableOf(lab, "Analysts"), analysts);
  const pairs = tableOf(lab, "Pairs");
  for (const [name, { tenantId }] of [...Object.entries(targets), ["", source] as const])
    await writeRows(pairs, pairsOf(copies, tenantId, name));
}

const pairsOf = (copies: readonly Copy[], tenantId: string, target: string): readonly Row[] =>
  copies.flatMap((copy) => {
    const account = copy.model.accounts[target];
    const names = account === undefined ? [] : [[account.id, copy.accounts[target] ?? ""] as const];
    return copy.model.rows.Pairs.filter((row) => row.partitionKey === tenantId).map((row) =>
      renamed(copy, row, names),
    );
  });

function renamed({ person, model }: Copy, row: Row, more: readonly (readonly [string, string])[]): Row {
  const names = [
    [model.person.id, person.id],
    [model.person.userPrincipalName, person.userPrincipalName],
    ...more,
  ] as const;
  const text = names.reduce((all, [from, to]) => all.replaceAll(from, to), JSON.stringify(row));
  return JSON.parse(text) as Row; // the same row with other names in it
}

/** What targets were told says who it is about. */
function meant(row: Row, policy: string): Row {
  const state = row.value as { readonly value: AnalystRecord }; // written by Muster
  const record = { ...state.value, meaning: meaningOf(state.value, policy) };
  return { ...row, value: { ...state, value: record } };
}
