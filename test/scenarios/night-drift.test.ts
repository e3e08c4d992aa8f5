import { TableClient } from "@azure/data-tables";
import { parse, stringify } from "yaml";
import { beforeAll, describe, expect, test } from "vitest";
import { extensionName } from "../../lab/graph/directory/build-tenant.ts";
import type { World } from "../../lab/world.ts";
import type { Difference } from "../../shared/model/sweep.ts";
import { runs, type Runs } from "../../shared/state/runs.ts";
import { openScene, testManners, type Person, type Scene } from "../support/lab.ts";

/**
 * Everything that an administrator can undo by hand, in every kind of target and in the source, each of it to somebody else, and nobody
 * announces it: one night finds all of it.
 */
let scene: Scene;
const minuteMs = 60_000;
const pim = "/identityGovernance/privilegedAccess/group";
const stampName = "socRoles";
const em = "/identityGovernance/entitlementManagement";

type Drift = {
  /** What an administrator does. */
  readonly deed: string;
  readonly act: (person: Person) => Promise<unknown>;
  /** The place that the night finds it in, what it says, and how it ends. */
  readonly where: string;
  readonly why: string | readonly string[];
  readonly end: "repaired" | "open";
  /** What shows that it is as the policy says, or as people have to decide. */
  readonly after: (person: Person) => Promise<unknown>;
  readonly shows: unknown;
};

/** Who is a responder has all of this: see `withPackage` and lab/world.ts. */
const drifts: readonly Drift[] = [
  ...(["contoso", "fabrikam", "northwind"] as const).map((target): Drift => ({
    deed: `takes a membership away in ${target}`,
    act: async (person) =>
      takeOut(target, groupIn(target, "SOC Responders"), await accountOf(person, target)),
    where: target,
    why: "SOC Responders is missing",
    end: "repaired",
    after: async (person) => (await scene.accessIn(person, target)).groups.includes("SOC Responders"),
    shows: true,
  })),
  {
    deed: "ends the assignment of a package in a target of sync",
    act: (person) => endAssignment("contoso", person),
    where: "contoso",
    why: "SOC Operator is missing",
    end: "repaired",
    after: async (person) => (await scene.accessIn(person, "contoso")).groups.includes("SOC Operators"),
    shows: true,
  },
  {
    deed: "ends the package of a guest",
    act: (person) => endAssignment("woodgrove", person),
    where: "woodgrove",
    why: ["the account is blocked", "SOC Responder is missing"],
    // Woodgrove has blocked who had lost the last package, and who is to be let in again people decide.
    end: "open",
    after: (person) => scene.accessIn(person, "woodgrove"),
    shows: { account: "blocked", groups: ["SOC Responders"] },
  },
  {
    deed: "takes somebody off the outbound allow-list",
    act: (person) => takeOut("source", homeGroup("Outbound to woodgrove"), person.id),
    where: "woodgrove",
    why: "not in the scope Outbound to woodgrove any more",
    end: "repaired",
    after: (person) => isIn("source", homeGroup("Outbound to woodgrove"), person.id),
    shows: true,
  },
  {
    deed: "takes somebody out of the scope of sync",
    act: (person) => takeOut("source", homeGroup("Sync to northwind"), person.id),
    where: "northwind",
    why: "not in the scope Sync to northwind any more",
    end: "repaired",
    after: (person) => isIn("source", homeGroup("Sync to northwind"), person.id),
    shows: true,
  },
  {
    deed: "ends an eligibility",
    act: (person) => endEligibility(person),
    where: "northwind",
    why: "SOC Administrators is missing",
    end: "repaired",
    after: (person) => isEligible(person),
    shows: true,
  },
  {
    deed: "takes somebody out of a group that access is delegated to",
    act: (person) => takeOut("source", homeGroup("Lighthouse Responders"), person.id),
    where: "source",
    why: "Lighthouse Responders is missing",
    end: "repaired",
    after: (person) => isIn("source", homeGroup("Lighthouse Responders"), person.id),
    shows: true,
  },
  {
    deed: "writes over a stamp at home",
    act: (person) => scene.patch(person, { [stamp()]: "by hand" }),
    where: "source",
    why: `the stamp ${stampName} says something else`,
    end: "repaired",
    after: (person) => stampOf(person),
    shows: "responder",
  },
  {
    deed: "blocks an account that sync made",
    act: (person) => block(person, "fabrikam"),
    where: "fabrikam",
    why: "the account is blocked",
    end: "open",
    after: async (person) => (await scene.accessIn(person, "fabrikam")).account,
    shows: "blocked",
  },
  {
    deed: "blocks the account of a guest",
    act: (person) => block(person, "woodgrove"),
    where: "woodgrove",
    why: "the account is blocked",
    end: "open",
    after: async (person) => (await scene.accessIn(person, "woodgrove")).account,
    shows: "blocked",
  },
  {
    deed: "deletes an account",
    act: async (person) =>
      scene.admin.call(tenantOf("contoso"), "DELETE", `/users/${await accountOf(person, "contoso")}`),
    where: "contoso",
    why: ["the account is gone", "SOC Responders is missing"],
    end: "open",
    after: async (person) => (await scene.accessIn(person, "contoso")).account,
    shows: "deleted",
  },
];

const people = new Map<string, Person>();
let differences: readonly Difference[];

beforeAll(async () => {
  scene = await openScene({ pull: 1, weather: "calm", policyOf: withPackage });
  for (const { deed } of drifts) people.set(deed, await scene.hire(`Drifting ${people.size + 1}`));
  for (const person of people.values()) await scene.join(person, "SOC Responders");
  await scene.pass();
  scene.lab.graph.faults.add({ kind: "lostNotification", match: { caller: "any" } });
  for (const { deed, act } of drifts) await act(personOf(deed));
  // What Muster has just written itself may be shown as it was before for that long.
  await scene.lab.advance(200_000);
  differences = await night();
});

/** Whoever did nothing wrong has a name, too. */
function personOf(deed: string): Person {
  const person = people.get(deed);
  if (person === undefined) throw new Error(`nobody is there for "${deed}"`);
  return person;
}

function withPackage({ policy }: World): string {
  const file = parse(policy) as { targets: Record<string, { grants?: { responder?: object } }> }; // the world's own
  const { contoso } = file.targets;
  const responder = {
    ...contoso?.grants?.responder,
    accessPackages: [{ package: "SOC Operator", policy: "Direct" }],
  };
  file.targets["contoso"] = { ...contoso, grants: { ...contoso?.grants, responder } };
  return stringify(file);
}

const table = (): Runs =>
  runs(
    TableClient.fromConnectionString(scene.lab.tables.connectionString, "Runs", {
      allowInsecureConnection: true,
    }),
  );

async function night(): Promise<readonly Difference[]> {
  await scene.lab.hosts[0]?.fireTimer("nightly");
  const [begun] = await table().newest(1);
  await scene.pass(45 * minuteMs);
  const parts = await table().parts(begun?.id ?? "");
  expect(parts.map(({ state }) => state)).toEqual(parts.map(() => "done"));
  const all = await Promise.all(parts.map(({ tenant }) => table().differences(begun?.id ?? "", tenant)));
  return all.flat();
}

type Place = { readonly tenantId: string; readonly groups: Readonly<Record<string, string>> };
const placeOf = (name: string): Place | undefined =>
  scene.lab.world.targets[name] ?? scene.lab.world.pullTargets[name];
const tenantOf = (name: string) => placeOf(name)?.tenantId ?? scene.lab.world.source.tenantId;
const groupIn = (target: string, name: string) => placeOf(target)?.groups[name] ?? "";
function homeGroup(name: string): string {
  const { groups, sourceGroups } = scene.lab.world.source;
  return groups[name] ?? sourceGroups[name] ?? "";
}

async function accountOf({ userPrincipalName }: Person, target: string): Promise<string> {
  const filter = `$filter=mail eq '${userPrincipalName}'&$select=id,mail`;
  const [account] = await scene.admin.list(tenantOf(target), `/users?${filter}`);
  return String(account?.["id"]);
}

const takeOut = (tenant: string, group: string, member: string) =>
  scene.admin.call(tenantOf(tenant), "DELETE", `/groups/${group}/members/${member}/$ref`);

async function isIn(tenant: string, group: string, member: string): Promise<boolean> {
  const members = await scene.admin.list(tenantOf(tenant), `/groups/${group}/members?$select=id`);
  return members.some(({ id }) => id === member);
}

async function endAssignment(target: string, person: Person): Promise<void> {
  const filter = `$filter=target/objectId eq '${await accountOf(person, target)}'`;
  for (const { id, state } of await scene.admin.list(tenantOf(target), `${em}/assignments?${filter}`))
    if (state === "delivered")
      await scene.admin.call(tenantOf(target), "POST", `${em}/assignmentRequests`, {
        requestType: "adminRemove",
        assignment: { id },
      });
}

const administrators = () => scene.lab.world.targets["northwind"]?.eligibleGroups["SOC Administrators"] ?? "";

const endEligibility = async (person: Person) =>
  scene.admin.call(tenantOf("northwind"), "POST", `${pim}/eligibilityScheduleRequests`, {
    action: "adminRemove",
    accessId: "member",
    principalId: await accountOf(person, "northwind"),
    groupId: administrators(),
    justification: "by hand",
  });

async function isEligible(person: Person): Promise<boolean> {
  const account = await accountOf(person, "northwind");
  const filter = `$filter=principalId eq '${account}' and groupId eq '${administrators()}'`;
  return (
    (await scene.admin.list(tenantOf("northwind"), `${pim}/eligibilityScheduleInstances?${filter}`)).length >
    0
  );
}

const block = async (person: Person, target: string) =>
  scene.admin.call(tenantOf(target), "PATCH", `/users/${await accountOf(person, target)}`, {
    accountEnabled: false,
  });

/** As the policy calls it, and not as Graph does. */
const shortened = (words: string) => words.replace(stamp(), stampName);

const stamp = () => extensionName(scene.lab.world.source.extensionApp, stampName);

async function stampOf({ id }: Person): Promise<unknown> {
  const found = await scene.admin.call(tenantOf("source"), "GET", `/users/${id}?$select=id,${stamp()}`);
  return (found as Readonly<Record<string, unknown>>)[stamp()];
}

describe("the night finds an administrator who", () => {
  test.each(drifts)("$deed: $end", async ({ deed, where, why, end, after, shows }) => {
    const person = personOf(deed);
    const found = differences.filter(({ analyst }) => analyst === person.id);
    expect(found.map((one) => [one.tenant, one.why.map(shortened), one.end?.kind])).toEqual([
      [tenantOf(where), [why].flat(), end],
    ]);
    expect(await after(person)).toEqual(shows);
  });
});

test("nobody else was found", () => {
  const known = new Set([...people.values()].map(({ id }) => id));
  expect(differences.filter(({ analyst }) => !known.has(analyst))).toEqual([]);
});

test("what people have to decide is looked at by the hour, so the next night leaves it alone, and nothing is written", async () => {
  await scene.lab.advance(100 * minuteMs);
  const mark = scene.mark();
  const again = await night();
  expect(again).toEqual([]);
  const [newest] = await table().newest(1);
  const underWay = (await table().parts(newest?.id ?? "")).reduce((sum, part) => sum + part.underWay, 0);
  expect(underWay).toBeGreaterThanOrEqual(drifts.filter(({ end }) => end === "open").length);
  expect(scene.writes(mark)).toEqual([]);
});

testManners(() => scene);
