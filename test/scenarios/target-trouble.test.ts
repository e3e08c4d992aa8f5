import { beforeAll, describe, expect, test } from "vitest";
import type { ParkedMessage } from "../../shared/queue/keys.ts";
import { openScene, testManners, type Person, type Scene } from "../support/lab.ts";

/** What people in a target tenant (and in the sync between the tenants) do beside Muster, and what Muster makes of it. */
let scene: Scene;
beforeAll(async () => {
  scene = await openScene({ targets: 4, weather: "calm" });
});

/** The policy's names are looked up again after ten minutes, a parked key after five. */
const laterMs = 16 * 60_000;

const everywhere = (state: string) => Object.fromEntries(scene.targets.map((target) => [target, state]));

async function analyst(name: string, group = "SOC Readers"): Promise<Person> {
  const person = await scene.hire(name);
  await scene.join(person, group);
  await scene.pass();
  expect(await scene.access(person)).toEqual(everywhere(`enabled: ${group}`));
  return person;
}

async function hunter(name: string): Promise<Person> {
  const person = await scene.hire(name);
  await scene.patch(person, { department: "SOC", jobTitle: "Threat Hunter" });
  await scene.pass();
  return person;
}

const worldOf = (target: string) => {
  const found = scene.lab.world.targets[target];
  if (found === undefined) throw new Error(`the lab has no target ${target}`);
  return found;
};

const inTarget = (target: string, method: string, path: string, body?: unknown) =>
  scene.admin.call(worldOf(target).tenantId, method, path, body);

const inSource = (method: string, path: string, body?: unknown) =>
  scene.admin.call(scene.lab.world.source.tenantId, method, path, body);

const refOf = (id: string) => ({ "@odata.id": `${scene.lab.graph.url}/v1.0/directoryObjects/${id}` });

/** Ids of the accounts that carry this person's mail. */
async function accountsOf(person: Person, target: string): Promise<readonly string[]> {
  const path = `/users?$filter=mail eq '${person.userPrincipalName}'&$select=id`;
  return (await scene.admin.list(worldOf(target).tenantId, path)).map(({ id }) => String(id));
}

async function accountOf(person: Person, target: string): Promise<string> {
  const [id, ...more] = await accountsOf(person, target);
  if (id === undefined || more.length > 0)
    throw new Error(`${person.displayName} has not one account in ${target}`);
  return id;
}

const stamp = (name: string) =>
  `extension_${scene.lab.world.source.extensionApp.replaceAll("-", "")}_${name}`;

/** Plays while nothing is synchronized to the target: a cycle writes what is mapped, and undoes what its administrators did. */
async function betweenCycles(target: string, play: () => Promise<void>): Promise<void> {
  const { servicePrincipal, job } = worldOf(target).sync;
  const path = `/servicePrincipals/${servicePrincipal}/synchronization/jobs/${job}`;
  await inSource("POST", `${path}/pause`);
  await play();
  await inSource("POST", `${path}/start`);
}

async function newGroup(target: string, displayName: string, more: object = {}): Promise<string> {
  const group = (await inTarget(target, "POST", "/groups", {
    displayName,
    mailEnabled: false,
    mailNickname: displayName.replaceAll(" ", ""),
    securityEnabled: true,
    ...more,
  })) as { id: string }; // Graph answers with the group
  return group.id;
}

const rename = (target: string, group: string, displayName: string) =>
  inTarget(target, "PATCH", `/groups/${group}`, { displayName });

/** What people were told about this person in this target. */
function told(person: Person, target: string): readonly string[] {
  const { tenantId } = worldOf(target);
  return scene.lab.bus
    .peek("parked")
    .map(({ body }) => body as ParkedMessage) // Muster alone writes there
    .filter(({ key }) => key.kind === "access" && key.tenant === tenantId && key.analyst === person.id)
    .map(({ reason, advice }) => `${reason}; ${advice}`);
}

/** The app's writes in one target's tenant, and to its scope in the source. */
function writesAbout(target: string, since: number): readonly string[] {
  const { tenantId } = worldOf(target);
  const scope = scene.lab.world.source.groups[`Sync to ${target}`] ?? "";
  return scene.lab.graph
    .traffic(since)
    .filter(({ caller, method }) => caller === "app" && method !== "GET")
    .filter(({ template }) => !template.endsWith("$batch") && !template.endsWith("checkMemberGroups"))
    .filter(({ tenantId: at, path }) => at === tenantId || path.includes(scope))
    .map(({ method, path }) => `${method} ${path}`);
}

describe("a group that the policy names", () => {
  test("is missing, or there are two: that target is refused and not touched, the others are served", async () => {
    const missing = worldOf("contoso").groups["SOC Hunters"] ?? "";
    await rename("contoso", missing, "SOC Huntresses");
    const second = await newGroup("fabrikam", "SOC Hunters");
    const mark = scene.mark();
    const hana = await hunter("Hana");
    expect(await scene.access(hana)).toEqual({
      ...everywhere("enabled: SOC Hunters"),
      contoso: "none",
      fabrikam: "none",
    });
    expect(writesAbout("contoso", mark)).toEqual([]);
    expect(writesAbout("fabrikam", mark)).toEqual([]);

    await rename("contoso", missing, "SOC Hunters");
    await rename("fabrikam", second, "SOC Hunters of old");
    await scene.pass(laterMs);
    expect(await scene.access(hana)).toEqual(everywhere("enabled: SOC Hunters"));
    const [contoso, fabrikam] = [told(hana, "contoso"), told(hana, "fabrikam")];
    expect(contoso.join()).toMatch(/contoso: no groups .* "SOC Hunters".*correct the name/);
    expect(fabrikam.join()).toMatch(/fabrikam: 2 groups .* "SOC Hunters".*by its id/);
    expect([contoso.length, fabrikam.length]).toEqual([1, 1]);
  });

  test("cannot be written by an app: no write to it is tried, and people are told what to do", async () => {
    const rule = { groupTypes: ["DynamicMembership"], membershipRule: '(user.city -eq "x")' };
    const groups = {
      contoso: await replace("contoso", rule),
      northwind: await replace("northwind", { isAssignableToRole: true }),
      fabrikam: await replace("fabrikam", { onPremisesSyncEnabled: true }),
    };
    await scene.pass(laterMs);
    const mark = scene.mark();
    const igor = await hunter("Igor");
    for (const [target, group] of Object.entries(groups))
      expect(writesAbout(target, mark).filter((write) => write.includes(group))).toEqual([]);
    expect(told(igor, "contoso").join()).toMatch(/dynamic group.*assigned group/);
    expect(told(igor, "northwind").join()).toMatch(/role-assignable.*PIM/);
    expect(told(igor, "fabrikam").join()).toMatch(/on-premises.*cloud group/);
    expect((await scene.accessIn(igor, "adventure-works")).groups).toEqual(["SOC Hunters"]);
    await scene.patch(igor, { jobTitle: "Gardener" });
    await scene.pass();
    expect(await scene.access(igor)).toEqual(everywhere("deleted"));
  });

  /** Another group takes the name of the managed one. */
  async function replace(target: string, kind: object): Promise<string> {
    await rename(target, worldOf(target).groups["SOC Hunters"] ?? "", "SOC Hunters of old");
    return newGroup(target, "SOC Hunters", kind);
  }
});

describe("an account in the target", () => {
  test("whose stamp names somebody else is not proven to be left: the journal does not say so", async () => {
    const olga = await analyst("Olga");
    const account = await accountOf(olga, "contoso");
    const someone = "0f0f0f0f-0000-4000-8000-00000000beef";
    await inTarget("contoso", "PATCH", `/users/${account}`, { [stamp("socSourceId")]: someone });
    await scene.disable(olga);
    await scene.pass();
    expect((await scene.accessIn(olga, "contoso")).groups).toEqual([]);
    const left = (await scene.entries(olga)).filter(
      ({ kind, target, plan }) => kind === "proof" && target === "contoso" && plan.purpose === "leave",
    );
    const { account: state } = await scene.accessIn(olga, "contoso");
    expect({ state, proofs: left.length }).toEqual({ state: "enabled", proofs: 0 });
    expect(told(olga, "contoso").join()).toContain(someone);
    await inTarget("contoso", "PATCH", `/users/${account}`, { [stamp("socSourceId")]: olga.id });
    await scene.pass(laterMs);
    expect(await scene.access(olga)).toEqual(everywhere("deleted"));
  });

  test("shares its stamp with a second one: the known one goes on, and the second one gets nothing", async () => {
    const paul = await analyst("Paul");
    const second = await nativeAccount("contoso", "paul.double", { [stamp("socSourceId")]: paul.id });
    await scene.join(paul, "SOC Responders");
    await scene.pass();
    expect(await scene.access(paul)).toEqual(everywhere("enabled: SOC Readers, SOC Responders"));
    expect(await groupsOf("contoso", second)).toEqual([]);
    await scene.disable(paul);
    await scene.pass();
    expect(await scene.access(paul)).toEqual(everywhere("deleted"));
    expect(await inTarget("contoso", "GET", `/users/${second}?$select=accountEnabled`)).toMatchObject({
      accountEnabled: true,
    });
    // An administrator made it, so Muster does not touch it, and does not call Paul gone either.
    expect(told(paul, "contoso").join()).toContain(second);
    const left = (await scene.entries(paul)).filter(
      ({ kind, plan }) => kind === "proof" && plan.purpose === "leave",
    );
    expect(left.map(({ target }) => target)).not.toContain("contoso");
  });

  test("deleted by the target's administrator is not brought back, not even for somebody who comes back", async () => {
    const sven = await analyst("Sven");
    await betweenCycles("contoso", async () => {
      await inTarget("contoso", "DELETE", `/users/${await accountOf(sven, "contoso")}`);
      await scene.join(sven, "SOC Responders");
      await scene.pass();
      expect((await scene.accessIn(sven, "contoso")).account).toBe("deleted");
      expect(told(sven, "contoso").join()).toContain("is deleted, and not by Muster");
      await scene.disable(sven);
      await scene.pass();
      expect(await scene.access(sven)).toEqual(everywhere("deleted"));
      await scene.patch(sven, { accountEnabled: true });
      await scene.pass();
      expect(await scene.access(sven)).toEqual({
        ...everywhere("enabled: SOC Readers, SOC Responders"),
        contoso: "deleted",
      });
    });
  });

  test("that is not there is no proof that somebody has joined", async () => {
    const toni = await analyst("Toni");
    await betweenCycles("contoso", async () => {
      await inTarget("contoso", "DELETE", `/users/${await accountOf(toni, "contoso")}`);
      const mark = scene.lab.clock.now();
      await scene.join(toni, "SOC Responders");
      await scene.pass();
      const proofs = (await scene.entries(toni)).filter(({ at, kind }) => at >= mark && kind === "proof");
      expect(new Set(proofs.map(({ target }) => target))).toEqual(
        new Set(["source", ...scene.targets.filter((target) => target !== "contoso")]),
      );
      await scene.disable(toni);
      await scene.pass();
      expect(await scene.access(toni)).toEqual(everywhere("deleted"));
    });
  });

  test("blocked by the target's administrator stays blocked, also after leaving and coming back", async () => {
    const tara = await analyst("Tara");
    await betweenCycles("contoso", async () => {
      await inTarget("contoso", "PATCH", `/users/${await accountOf(tara, "contoso")}`, {
        accountEnabled: false,
      });
      await scene.join(tara, "SOC Responders");
      await scene.pass();
      expect((await scene.accessIn(tara, "contoso")).account).toBe("blocked");
      await scene.disable(tara);
      await scene.pass();
      expect(await scene.access(tara)).toEqual(everywhere("deleted"));
      await scene.patch(tara, { accountEnabled: true });
      await scene.pass();
      expect((await scene.accessIn(tara, "contoso")).account).toBe("blocked");
      expect((await scene.accessIn(tara, "fabrikam")).account).toBe("enabled");
    });
  });

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

  async function groupsOf(target: string, account: string): Promise<readonly string[]> {
    const path = `/users/${account}/memberOf/microsoft.graph.group?$select=id,displayName`;
    const groups = await scene.admin.list(worldOf(target).tenantId, path);
    return groups.map(({ displayName }) => String(displayName)).toSorted();
  }
});

describe("a membership in the target", () => {
  test("that the target's administrator took away is given back with the next change", async () => {
    const vito = await analyst("Vito");
    const group = worldOf("contoso").groups["SOC Readers"];
    await inTarget("contoso", "DELETE", `/groups/${group}/members/${await accountOf(vito, "contoso")}/$ref`);
    await scene.join(vito, "SOC Responders");
    await scene.pass();
    expect(await scene.access(vito)).toEqual(everywhere("enabled: SOC Readers, SOC Responders"));
  });

  test("that an access review denied is not given back, and people hear who decided and what ends it", async () => {
    const wanda = await analyst("Wanda");
    const deny = (name: string) =>
      scene.lab.graph.faults.add({
        kind: "deniedReview",
        match: { tenant: name },
        user: wanda.userPrincipalName,
        group: "SOC Readers",
        justification: "Left the shift.",
      });
    deny("contoso");
    await scene.join(wanda, "SOC Responders");
    await scene.pass(laterMs);
    expect(await scene.access(wanda)).toEqual({
      ...everywhere("enabled: SOC Readers, SOC Responders"),
      contoso: "enabled: SOC Responders",
    });
    const said = told(wanda, "contoso");
    expect(said).toHaveLength(1);
    expect(said.join()).toMatch(
      /"Review of SOC Readers" .*Rita Reviewer .* decided on .*Left the shift.*take them out of the group SOC Readers .* in the source tenant/,
    );
    // It is remembered: another change costs no other look at the reviews.
    const mark = scene.mark();
    await scene.drop(wanda, "SOC Responders");
    await scene.pass(laterMs);
    const asked = scene.lab.graph.traffic(mark).filter(({ template }) => template.includes("accessReviews"));
    expect(asked).toEqual([]);
    await scene.drop(wanda, "SOC Readers");
    await scene.pass(laterMs);
    await scene.join(wanda, "SOC Readers");
    await scene.pass(laterMs);
    expect(await scene.access(wanda)).toEqual(everywhere("enabled: SOC Readers"));
  });

  test("that the target's administrator gave stays with an account that stays", async () => {
    const { veteran } = scene.lab.world.cast;
    const vera = { ...veteran, displayName: "Vera" };
    const native = worldOf("fabrikam").groups["SOC Responders"];
    await inTarget("fabrikam", "POST", `/groups/${native}/members/$ref`, refOf(veteran.account));
    await scene.join(vera, "SOC Readers");
    await scene.pass();
    await scene.join(vera, "SOC Responders");
    await scene.pass();
    expect((await scene.accessIn(vera, "fabrikam")).groups).toEqual([
      "Engineers",
      "SOC Readers",
      "SOC Responders",
    ]);
    await scene.drop(vera, "SOC Readers");
    await scene.drop(vera, "SOC Responders");
    await scene.pass();
    expect(await scene.accessIn(vera, "fabrikam")).toEqual({
      account: "enabled",
      groups: ["Engineers", "SOC Responders"],
    });
  });

  test("of a veteran goes although the policy names a scope group that is there no more", async () => {
    const { veteran } = scene.lab.world.cast;
    const vera = { ...veteran, displayName: "Vera" };
    await scene.join(vera, "SOC Readers");
    await scene.pass();
    expect((await scene.accessIn(vera, "fabrikam")).groups).toContain("SOC Readers");
    const scope = scene.lab.world.source.groups["Sync to fabrikam"];
    await inSource("PATCH", `/groups/${scope}`, { displayName: "Sync to Fabrikam Ltd" });
    await scene.pass(laterMs);
    await scene.drop(vera, "SOC Readers");
    await scene.pass();
    const { groups } = await scene.accessIn(vera, "fabrikam");
    await inSource("PATCH", `/groups/${scope}`, { displayName: "Sync to fabrikam" });
    await scene.pass(laterMs);
    expect(groups).toEqual(["Engineers", "SOC Responders"]);
  });
});

describe("synchronization", () => {
  test("that does not make the account: a leaver is out before the account ever comes", async () => {
    const provisioning = { path: "provisionOnDemand", tenant: "source" };
    scene.lab.graph.faults.add({ kind: "error", status: 400, match: provisioning });
    const wim = await scene.hire("Wim");
    await scene.join(wim, "SOC Readers");
    await scene.pass();
    expect(await scene.access(wim)).toEqual(everywhere("none"));
    await scene.drop(wim, "SOC Readers");
    await scene.pass();
    scene.lab.graph.faults.clear();
    await scene.pass(45 * 60_000);
    expect(await scene.access(wim)).toEqual(everywhere("none"));
  });

  test("that makes the account only in its own time: the joiner gets in then, and a leaver out again", async () => {
    const provisioning = { path: "provisionOnDemand", tenant: "source" };
    scene.lab.graph.faults.add({ kind: "error", status: 400, match: provisioning });
    const xeno = await scene.hire("Xeno");
    await scene.join(xeno, "SOC Readers");
    await scene.pass(60 * 60_000);
    scene.lab.graph.faults.clear();
    expect(await scene.access(xeno)).toEqual(everywhere("enabled: SOC Readers"));
    expect(told(xeno, "contoso")).toHaveLength(1);
    await scene.disable(xeno);
    await scene.pass();
    expect(await scene.access(xeno)).toEqual(everywhere("deleted"));
  });

  test("for somebody whom others put in scope: the account that comes of it is not Muster's", async () => {
    const zora = await scene.hire("Zora");
    const scope = scene.lab.world.source.groups["Sync to contoso"];
    await inSource("POST", `/groups/${scope}/members/$ref`, refOf(zora.id));
    await scene.join(zora, "SOC Readers");
    await scene.pass();
    expect(await scene.access(zora)).toEqual(everywhere("enabled: SOC Readers"));
    await scene.drop(zora, "SOC Readers");
    await scene.pass();
    expect(await scene.access(zora)).toEqual({ ...everywhere("deleted"), contoso: "enabled" });
  });

  test("whose answer is lost: the account it made is Muster's, and goes with the leaver", async () => {
    const alba = await scene.hire("Alba");
    scene.lab.graph.faults.add({ kind: "reset", times: 9, match: { path: "provisionOnDemand" } });
    await scene.join(alba, "SOC Readers");
    await scene.pass(10 * 60_000);
    scene.lab.graph.faults.clear();
    expect(await scene.access(alba)).toEqual(everywhere("enabled: SOC Readers"));
    await scene.drop(alba, "SOC Readers");
    await scene.pass();
    expect(await scene.access(alba)).toEqual(everywhere("deleted"));
  });
});

// Last, because it cannot be undone.
test("a managed group that is deleted: the others are served, and it ends in words, not in a loop", async () => {
  const group = worldOf("adventure-works").groups["SOC Responders"] ?? "";
  const early = await analyst("Early", "SOC Responders");
  await inTarget("adventure-works", "DELETE", `/groups/${group}`);
  const mark = scene.mark();
  const late = await scene.hire("Late");
  await scene.join(late, "SOC Responders");
  await scene.pass(laterMs);
  expect(await scene.access(late)).toMatchObject({ contoso: "enabled: SOC Responders" });
  expect(told(late, "adventure-works").join()).toMatch(/no groups .* "SOC Responders"/);
  const tries = writesAbout("adventure-works", mark).filter((write) =>
    write.includes(`/groups/${group}/members`),
  );
  expect(tries.length).toBeLessThan(20);
  await scene.disable(early);
  await scene.disable(late);
  await scene.pass(laterMs);
  expect(await scene.access(early)).toEqual(everywhere("deleted"));
  expect((await scene.accessIn(late, "adventure-works")).groups).toEqual([]);
});

test("when all is calm again nothing is written any more, and nothing was given up", async () => {
  const mark = scene.mark();
  await scene.pass(60 * 60_000);
  expect(scene.writes(mark)).toEqual([]);
  const queues = scene.lab.bus.stats();
  expect(["analysts", "arrivals", "access"].map((name) => queues[name]?.deadLettered)).toEqual([0, 0, 0]);
});

testManners(() => scene);
