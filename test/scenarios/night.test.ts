import { TableClient } from "@azure/data-tables";
import { beforeAll, describe, expect, test } from "vitest";
import { runs, type Runs } from "../../shared/state/runs.ts";
import type { Difference, Sweep, SweepPart } from "../../shared/model/sweep.ts";
import { openScene, testManners, type Person, type Scene } from "../support/lab.ts";

/**
 * What somebody does in a target is announced to nobody. Every night, each tenant is compared with the policy as a whole, and whoever
 * differs is looked at; everybody else costs nothing.
 */
let scene: Scene;
beforeAll(async () => {
  scene = await openScene({ pull: 1 });
});

const pim = "/identityGovernance/privilegedAccess/group";
const tenantOf = (target: string) =>
  (scene.lab.world.targets[target] ?? scene.lab.world.pullTargets[target])?.tenantId ?? "";
const groupIn = (target: string, name: string) => scene.lab.world.targets[target]?.groups[name] ?? "";

async function accountOf({ userPrincipalName }: Person, target: string): Promise<string> {
  const filter = `$filter=mail eq '${userPrincipalName}'&$select=id,mail`;
  const [account] = await scene.admin.list(tenantOf(target), `/users?${filter}`);
  return String(account?.["id"]);
}

const table = (): Runs =>
  runs(
    TableClient.fromConnectionString(scene.lab.tables.connectionString, "Runs", {
      allowInsecureConnection: true,
    }),
  );

async function night(): Promise<{
  readonly sweep: Sweep;
  readonly parts: readonly SweepPart[];
  readonly differences: readonly Difference[];
}> {
  await scene.lab.hosts[0]?.fireTimer("nightly");
  const [begun] = await table().newest(1);
  await scene.pass(45 * 60_000);
  const sweep = begun === undefined ? null : await table().read(begun.id);
  if (sweep === null) throw new Error("there is no sweep");
  const parts = await table().parts(sweep.id);
  const differences = await Promise.all(parts.map(({ tenant }) => table().differences(sweep.id, tenant)));
  return { sweep, parts, differences: differences.flat() };
}

const inWords = (all: readonly Difference[], person: Person) =>
  all.filter(({ analyst }) => analyst === person.id).map(({ why, end }) => `${why.join(", ")}: ${end?.kind}`);

describe("the night", () => {
  let ada: Person;
  let bob: Person;
  let cleo: Person;
  let gone: Person;

  test("finds nothing where nothing differs, and writes nothing", async () => {
    ada = await scene.hire("Night Ada");
    bob = await scene.hire("Night Bob");
    cleo = await scene.hire("Night Cleo");
    gone = await scene.hire("Night Gone");
    for (const person of [ada, bob, cleo, gone]) await scene.join(person, "SOC Responders");
    await scene.pass();
    await scene.disable(gone);
    await scene.pass();
    const mark = scene.mark();
    const { sweep, parts, differences } = await night();
    expect(differences.map(({ person, why }) => [person, ...why])).toEqual([]);
    expect(sweep).toMatchObject({ occasion: "night", mode: "apply", endedAt: expect.any(Number) });
    expect(parts.map(({ name, state }) => `${name}: ${state}`)).toEqual(
      ["contoso", "fabrikam", "northwind", "source", "woodgrove"].map((name) => `${name}: done`),
    );
    expect(parts.every(({ compared }) => compared >= 3)).toBe(true);
    expect(scene.writes(mark)).toEqual([]);
  });

  test("repairs what somebody has done in a target, and leaves what is theirs", async () => {
    const contoso = tenantOf("contoso");
    const readers = `/groups/${groupIn("contoso", "SOC Responders")}/members`;
    await scene.admin.call(contoso, "DELETE", `${readers}/${await accountOf(ada, "contoso")}/$ref`);
    await scene.admin.call(tenantOf("fabrikam"), "PATCH", `/users/${await accountOf(bob, "fabrikam")}`, {
      accountEnabled: false,
    });
    const native = (await scene.admin.call(contoso, "POST", "/users", {
      displayName: "Native Nell",
      userPrincipalName: "nell@contoso.example",
      mailNickname: "nell",
      accountEnabled: true,
      passwordProfile: { password: crypto.randomUUID() },
    })) as { id: string }; // Graph answers with the user
    await scene.admin.call(contoso, "POST", `${readers}/$ref`, {
      "@odata.id": `${scene.lab.graph.url}/v1.0/directoryObjects/${native.id}`,
    });
    const northwind = tenantOf("northwind");
    const eligible = scene.lab.world.targets["northwind"]?.eligibleGroups["SOC Administrators"] ?? "";
    await scene.admin.call(northwind, "POST", `${pim}/eligibilityScheduleRequests`, {
      action: "adminRemove",
      accessId: "member",
      principalId: await accountOf(cleo, "northwind"),
      groupId: eligible,
      justification: "by hand",
    });
    await scene.lab.advance(200_000);
    const { parts, differences } = await night();
    expect(inWords(differences, ada)).toEqual(["SOC Responders is missing: repaired"]);
    expect(inWords(differences, bob)).toEqual(["the account is blocked: open"]);
    expect(inWords(differences, cleo)).toEqual(["SOC Administrators is missing: repaired"]);
    expect(inWords(differences, gone)).toEqual([]);
    expect((await scene.accessIn(ada, "contoso")).groups).toEqual(["SOC Responders"]);
    const part = parts.find(({ name }) => name === "contoso");
    // Others have put two of their own people into another group that Muster gives.
    expect(part?.unmanaged).toMatchObject([
      { name: "SOC Readers", count: 2 },
      { name: "SOC Responders", count: 1, some: [native.id] },
    ]);
    expect(part?.counts).toMatchObject({ differ: 1, repaired: 1 });
  });

  test("finds what was announced and not heard: a leaver, a stamp, a scope that somebody took", async () => {
    const { id } = await addFault({ kind: "lostNotification" });
    const { source } = scene.lab.world;
    const scope = source.groups["Sync to fabrikam"] ?? "";
    await scene.admin.call(source.tenantId, "DELETE", `/groups/${scope}/members/${ada.id}/$ref`);
    await scene.disable(cleo);
    await scene.lab.advance(200_000);
    const { differences } = await night();
    scene.lab.graph.faults.remove(id);
    expect(inWords(differences, ada)).toEqual(["not in the scope Sync to fabrikam any more: repaired"]);
    expect(await scene.access(cleo)).toEqual({
      contoso: "deleted",
      fabrikam: "deleted",
      northwind: "deleted",
    });
    expect((await scene.accessIn(ada, "fabrikam")).account).toBe("enabled");
  });

  test("takes back from a leaver what somebody has given back", async () => {
    const tenant = tenantOf("contoso");
    await scene.lab.advance(60 * 60_000);
    const bin = await scene.admin.list(
      tenant,
      "/directory/deletedItems/microsoft.graph.user?$select=id,mail",
    );
    const account = bin.find(({ mail }) => mail === cleo.userPrincipalName);
    await scene.admin.call(tenant, "POST", `/directory/deletedItems/${String(account?.["id"])}/restore`);
    await scene.admin.call(tenant, "PATCH", `/users/${String(account?.["id"])}`, { accountEnabled: true });
    await scene.lab.advance(5 * 60_000);
    expect((await scene.accessIn(cleo, "contoso")).account).toBe("enabled");
    const { differences } = await night();
    expect(inWords(differences, cleo)).toHaveLength(1);
    expect((await scene.accessIn(cleo, "contoso")).account).toBe("deleted");
  });

  test("finds nothing once more when all is repaired", async () => {
    const mark = scene.mark();
    const { differences } = await night();
    expect(differences.filter(({ analyst }) => analyst !== bob.id).map(({ why }) => why)).toEqual([]);
    expect(scene.writes(mark)).toEqual([]);
  });
});

const addFault = async (fault: { readonly kind: "lostNotification" }) => ({
  id: scene.lab.graph.faults.add(fault),
});

testManners(() => scene);
