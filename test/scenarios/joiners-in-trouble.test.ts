import { beforeAll, describe, expect, test } from "vitest";
import type { ParkedMessage } from "../../shared/queue/keys.ts";
import { everywhere, openScene, testManners, type Person, type Scene } from "../support/lab.ts";

/**
 * Whoever joins, and an account in a target is or may be somebody else's, all in one lab and at the same time: nobody is given anything
 * on an account that is not proven to be theirs, people hear what to do, and what they do helps.
 */
let scene: Scene;
const minuteMs = 60_000;
const cycleMs = 41 * minuteMs;

const people: Record<string, Person> = {};
const person = (name: string): Person => {
  const found = people[name];
  if (found === undefined) throw new Error(`nobody hired ${name}`);
  return found;
};

/** What was given to each account, before people acted. */
type Before = {
  readonly Nora: { readonly access: unknown; readonly account: string };
  readonly Otto: Readonly<Record<string, string>>;
  readonly writesAboutOtto: readonly string[];
  readonly guest: { readonly id: string; readonly groups: readonly string[] };
  readonly native: { readonly id: string; readonly groups: readonly string[] };
  readonly shared: { readonly id: string; readonly groups: readonly string[] };
  readonly doubles: readonly (readonly string[])[];
  readonly told: Readonly<Record<string, readonly string[]>>;
};
let before: Before;

beforeAll(async () => {
  scene = await openScene({ targets: 2, weather: "calm" });
  for (const name of ["Steady", "Nora", "Otto", "Gus", "Gina", "Tom", "Tim", "Rosa", "Quin"])
    people[name] = await scene.hire(name);
  const stamp = identityStamp();
  // Two source users with one mail, and somebody who was synchronized before Muster, for a while.
  await scene.patch(person("Tim"), { mail: person("Tom").userPrincipalName });
  await scope("Nora", "POST");
  for (const name of ["Steady", "Otto", "Gus", "Tom"]) await scene.join(person(name), "SOC Readers");
  await scene.pass(cycleMs);
  const twin = await accountOf("Nora", "contoso");
  const guest = await accountOf("Gus", "contoso");
  const shared = await accountOf("Tom", "contoso");
  await scope("Nora", "DELETE");
  // A cycle writes what is mapped, and would put the stamp right.
  await sync("fabrikam", "pause");
  const ottos = await accountOf("Otto", "fabrikam");
  await inTarget("fabrikam", "PATCH", `/users/${ottos}`, { [stamp]: someone });
  await inTarget("contoso", "PATCH", `/users/${guest}`, { mail: person("Gina").userPrincipalName });
  const native = await nativeAccount("contoso", "rosa.native", { mail: person("Rosa").userPrincipalName });
  const doubles = [
    await nativeAccount("fabrikam", "quin.one", { [stamp]: person("Quin").id }),
    await nativeAccount("fabrikam", "quin.two", { [stamp]: person("Quin").id }),
  ];
  await scene.pass(cycleMs);

  const mark = scene.mark();
  for (const name of ["Nora", "Gina", "Rosa", "Quin"]) await scene.join(person(name), "SOC Readers");
  for (const name of ["Otto", "Tim"]) await scene.join(person(name), "SOC Responders");
  await scene.drop(person("Otto"), "SOC Readers");
  await scene.pass();
  before = {
    Nora: { access: await scene.accessIn(person("Nora"), "contoso"), account: twin },
    Otto: await scene.access(person("Otto")),
    writesAboutOtto: writesAbout(mark, ottos),
    guest: { id: guest, groups: await groupsOf("contoso", guest) },
    native: { id: native, groups: await groupsOf("contoso", native) },
    shared: { id: shared, groups: await groupsOf("contoso", shared) },
    doubles: await Promise.all(doubles.map((id) => groupsOf("fabrikam", id))),
    told: {
      Otto: told("Otto", "fabrikam"),
      Gina: told("Gina", "contoso"),
      Tim: told("Tim", "contoso"),
      Quin: told("Quin", "fabrikam"),
    },
  };

  await inTarget("fabrikam", "PATCH", `/users/${ottos}`, { [stamp]: person("Otto").id });
  for (const id of doubles) await inTarget("fabrikam", "PATCH", `/users/${id}`, { [stamp]: "none" });
  await scene.patch(person("Tim"), { mail: person("Tim").userPrincipalName });
  await purge("contoso", guest);
  await purge("contoso", shared);
  await purge("fabrikam", await accountOf("Tom", "fabrikam"));
  await sync("fabrikam", "start");
  // Whose accounts are gone are looked at when their roles change: Muster hears nothing of what is done in a target.
  for (const name of ["Gus", "Tom"]) await scene.join(person(name), "SOC Responders");
  // A key that waits for a person is tried again after growing pauses.
  await scene.pass(70 * minuteMs);
}, 120_000);

const someone = "0f0f0f0f-0000-4000-8000-00000000beef";

const tenantOf = (target: string) => scene.lab.world.targets[target]?.tenantId ?? "";
const identityStamp = () =>
  `extension_${scene.lab.world.source.extensionApp.replaceAll("-", "")}_socSourceId`;
const inTarget = (target: string, method: string, path: string, body?: unknown) =>
  scene.admin.call(tenantOf(target), method, path, body);

/** An administrator of the source puts somebody into the scope of contoso, or takes them out. */
async function scope(name: string, method: "POST" | "DELETE"): Promise<void> {
  const { tenantId, groups } = scene.lab.world.source;
  const path = `/groups/${groups["Sync to contoso"]}/members`;
  const { id } = person(name);
  const reference = { "@odata.id": `${scene.lab.graph.url}/v1.0/directoryObjects/${id}` };
  if (method === "POST") await scene.admin.call(tenantId, method, `${path}/$ref`, reference);
  else await scene.admin.call(tenantId, method, `${path}/${id}/$ref`);
}

async function sync(target: string, act: "pause" | "start"): Promise<void> {
  const { servicePrincipal = "", job = "" } = scene.lab.world.targets[target]?.sync ?? {};
  const path = `/servicePrincipals/${servicePrincipal}/synchronization/jobs/${job}/${act}`;
  await scene.admin.call(scene.lab.world.source.tenantId, "POST", path);
}

/** The app's writes to an account in fabrikam, or to memberships of it, and Otto's to or from the scope that leads there. */
function writesAbout(since: number, account: string): readonly string[] {
  const scopeGroup = scene.lab.world.source.groups["Sync to fabrikam"] ?? "";
  return scene.lab.graph
    .traffic(since)
    .filter(({ caller, method }) => caller === "app" && method !== "GET")
    .map(({ method, path, requestBody }) => `${method} ${path} ${JSON.stringify(requestBody ?? "")}`)
    .filter((write) => !/checkMemberGroups|\$batch/.test(write))
    .filter(
      (write) => write.includes(account) || (write.includes(scopeGroup) && write.includes(person("Otto").id)),
    );
}

/** Of whoever has that mail in the target. */
async function accountOf(name: string, target: string): Promise<string> {
  const path = `/users?$filter=mail eq '${person(name).userPrincipalName}'&$select=id`;
  const [account, ...more] = await scene.admin.list(tenantOf(target), path);
  if (account === undefined || more.length > 0) throw new Error(`${name} has not one account in ${target}`);
  return String(account["id"]);
}

async function nativeAccount(target: string, local: string, more: object): Promise<string> {
  const user = (await inTarget(target, "POST", "/users", {
    displayName: local,
    userPrincipalName: `${local}@${target}.example`,
    mailNickname: local,
    accountEnabled: true,
    passwordProfile: { password: crypto.randomUUID() },
    ...more,
  })) as { id: string }; // Graph answers with the user
  return user.id;
}

async function purge(target: string, account: string): Promise<void> {
  await inTarget(target, "DELETE", `/users/${account}`);
  await inTarget(target, "DELETE", `/directory/deletedItems/${account}`);
}

async function groupsOf(target: string, account: string): Promise<readonly string[]> {
  const path = `/users/${account}/memberOf/microsoft.graph.group?$select=id,displayName`;
  const groups = await scene.admin.list(tenantOf(target), path);
  return groups.map(({ displayName }) => String(displayName)).toSorted();
}

/** What people were told about this person in this target. */
function told(name: string, target: string): readonly string[] {
  return scene.lab.bus
    .peek("parked")
    .map(({ body }) => body as ParkedMessage) // Muster alone writes there
    .filter(({ key }) => key.kind === "access" && key.tenant === tenantOf(target))
    .filter(({ key }) => key.kind === "access" && key.analyst === person(name).id)
    .map(({ reason, advice }) => `${reason}; ${advice}`);
}

describe("a joiner with a twin in the recycle bin", () => {
  test("waits for the cycle that restores it: on-demand provisioning would make a second account", async () => {
    expect(before.Nora.access).toEqual({ account: "deleted", groups: [] });
    expect(await scene.accessIn(person("Nora"), "contoso")).toEqual({
      account: "enabled",
      groups: ["SOC Readers"],
    });
    expect(await accountOf("Nora", "contoso")).toBe(before.Nora.account);
    expect(told("Nora", "contoso")).toEqual([]);
  });

  test("leaves it like an account that was made for them", async () => {
    await scene.drop(person("Nora"), "SOC Readers");
    await scene.pass();
    expect(await scene.access(person("Nora"))).toEqual(everywhere(scene, "deleted"));
    const proofs = (await scene.entries(person("Nora"))).filter(
      ({ kind, plan }) => kind === "proof" && plan.purpose === "leave",
    );
    expect(new Set(proofs.map(({ target }) => target))).toEqual(new Set(scene.targets));
  });
});

describe("nobody is given anything on an account", () => {
  const both = "enabled: SOC Readers, SOC Responders";

  test("whose stamp names somebody else, and nobody loses anything either, until the stamp is right again", async () => {
    expect(before.Otto).toEqual({ contoso: "enabled: SOC Responders", fabrikam: "enabled: SOC Readers" });
    expect(before.writesAboutOtto).toEqual([]);
    expect(before.told["Otto"]).toEqual([
      expect.stringMatching(`^fabrikam: .*${someone}.*correct its stamp`),
    ]);
    expect(await scene.access(person("Otto"))).toEqual(everywhere(scene, "enabled: SOC Responders"));
  });

  test("of a guest with the same mail, who is another analyst, until they have a mail of their own", async () => {
    expect(before.guest.groups).toEqual(["SOC Readers"]);
    expect(before.told["Gina"]).toEqual([expect.stringMatching(`^contoso: .*${person("Gus").id} as well`)]);
    expect(await scene.access(person("Gina"))).toEqual(everywhere(scene, "enabled: SOC Readers"));
    expect(await scene.access(person("Gus"))).toEqual(everywhere(scene, both));
  });

  test("that sync made for two source users with one mail, but what the first one has, until each has their own", async () => {
    expect(before.shared.groups).toEqual(["SOC Readers"]);
    expect(before.told["Tim"]).toEqual([
      expect.stringMatching(`^contoso: .*${person("Tom").id} as well.*a mail of their own`),
    ]);
    expect(await scene.access(person("Tom"))).toEqual(everywhere(scene, both));
    expect(await scene.access(person("Tim"))).toEqual(everywhere(scene, "enabled: SOC Responders"));
  });

  test("of the target's own that only has the analyst's mail: neither grants nor blocks", async () => {
    const { id, groups } = before.native;
    expect(groups).toEqual([]);
    const path = `/users?$filter=mail eq '${person("Rosa").userPrincipalName}'&$select=id`;
    const found = async () =>
      (await scene.admin.list(tenantOf("contoso"), path)).map((one) => String(one["id"]));
    const [own, ...more] = (await found()).filter((one) => one !== id);
    expect(more).toEqual([]);
    expect(await groupsOf("contoso", own ?? "")).toEqual(["SOC Readers"]);
    await scene.disable(person("Rosa"));
    await scene.pass();
    expect(await scene.accessIn(person("Rosa"), "contoso")).toEqual({ account: "enabled", groups: [] });
    expect(await found()).toEqual([id]);
  });

  test("that is one of two with their stamp, until the stamp is gone from both", async () => {
    expect(before.doubles).toEqual([[], []]);
    expect(before.told["Quin"]).toEqual([
      expect.stringMatching(/^fabrikam: 2 accounts carry the stamp of quin@.*remove the stamp/),
    ]);
    expect(await scene.access(person("Quin"))).toEqual(everywhere(scene, "enabled: SOC Readers"));
    await scene.disable(person("Quin"));
    await scene.pass();
    expect(await scene.access(person("Quin"))).toEqual(everywhere(scene, "deleted"));
  });
});

testManners(() => scene);
