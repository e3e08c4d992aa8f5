import { beforeAll, describe, expect, test } from "vitest";
import { openScene, testManners, type Person, type Scene } from "../support/lab.ts";

/**
 * Woodgrove lets nobody push accounts into it: its entitlement management invites analysts with access packages, and ends the accounts
 * of those whose last package is gone. One ordinary target stands beside it.
 */
let scene: Scene;
const target = "woodgrove";
const minuteMs = 60_000;
beforeAll(async () => {
  scene = await openScene({ targets: 1, pull: 1 });
  // Enough others that one who leaves is within the removal budget.
  for (const role of ["SOC Readers", "SOC Responders"])
    for (const name of ["Steady Sam", "Steady Sue"])
      await scene.join(await scene.hire(`${name} of ${role}`), role);
  await scene.pass();
});

const tenant = () => scene.lab.world.pullTargets[target]?.tenantId ?? "";

const accessOf = (person: Person) => scene.accessIn(person, target);

async function analyst(name: string, role = "SOC Readers"): Promise<Person> {
  const person = await scene.hire(name);
  await scene.join(person, role);
  await scene.pass();
  return person;
}

const proofs = async (person: Person, purpose: "join" | "leave") =>
  (await scene.entries(person)).filter(
    ({ kind, plan, target: where }) => kind === "proof" && where === target && plan.purpose === purpose,
  );

async function mayGoThere({ id }: Person): Promise<boolean> {
  const { tenantId, groups } = scene.lab.world.source;
  const path = `/groups/${groups[`Outbound to ${target}`]}/members?$select=id`;
  return (await scene.admin.list(tenantId, path)).some((member) => member["id"] === id);
}

test("a joiner is let out, invited and given what is in the package, and it is proven whose account it is", async () => {
  const ada = await analyst("Invited Ada");
  expect(await mayGoThere(ada)).toBe(true);
  expect(await accessOf(ada)).toEqual({ account: "enabled", groups: ["SOC Readers"] });
  const proof = (await proofs(ada, "join")).at(-1);
  expect(proof?.evidence["account"]).toMatchObject({ proof: "assignment", detail: "Guest, Accepted" });
  expect(proof?.evidence["grants"]).toContainEqual({
    kind: "package",
    name: "SOC Reader",
    seen: "present",
    detail: "of a governed guest",
  });
});

test("a mover changes packages and keeps the account", async () => {
  const bea = await analyst("Moving Bea");
  await scene.join(bea, "SOC Responders");
  await scene.drop(bea, "SOC Readers");
  await scene.pass();
  expect(await accessOf(bea)).toEqual({ account: "enabled", groups: ["SOC Responders"] });
});

test("a package that an access review has denied is not asked for again", async () => {
  const dot = await analyst("Reviewed Dot");
  await scene.join(dot, "SOC Responders");
  await scene.pass();
  scene.lab.graph.faults.add({
    kind: "deniedReview",
    match: { tenant: target },
    user: dot.userPrincipalName,
    package: "SOC Reader",
  });
  await scene.patch(dot, { department: "SOC", jobTitle: "Threat Hunter" });
  await scene.pass();
  expect(await accessOf(dot)).toEqual({ account: "enabled", groups: ["SOC Hunters", "SOC Responders"] });
  const notes = (await scene.entries(dot)).flatMap(({ plan }) => plan.notes);
  expect(notes).toContainEqual(expect.objectContaining({ kind: "denied-by-review", name: "SOC Reader" }));
});

describe("who leaves", () => {
  test("has no package and no way out, and the target ends the account by its own rules", async () => {
    const cal = await analyst("Leaving Cal");
    await scene.drop(cal, "SOC Readers");
    await scene.pass();
    expect(await mayGoThere(cal)).toBe(false);
    expect(await accessOf(cal)).toEqual({ account: "blocked", groups: [] });
    const said = (await scene.entries(cal)).flatMap(({ plan }) => plan.notes);
    expect(said).toContainEqual(expect.objectContaining({ kind: "guest-ends" }));
    expect(await proofs(cal, "leave")).not.toEqual([]);
  });

  test("disabled at home while the delivery sticks: nothing is left when it has come", async () => {
    const stuck = scene.lab.graph.faults.add({ kind: "stuckDelivery" });
    const dee = await analyst("Stuck Dee");
    expect((await accessOf(dee)).groups).toEqual([]);
    await scene.disable(dee);
    await scene.pass(20 * minuteMs);
    expect(await proofs(dee, "leave")).toEqual([]);
    scene.lab.graph.faults.remove(stuck);
    await scene.pass(120 * minuteMs);
    expect((await accessOf(dee)).groups).toEqual([]);
    expect(await proofs(dee, "leave")).not.toEqual([]);
  });

  test("and comes back before the account is deleted has the same one again", async () => {
    const eva = await analyst("Returning Eva");
    const mail = `/users?$filter=mail eq '${eva.userPrincipalName}'&$select=id,mail`;
    const [before] = await scene.admin.list(tenant(), mail);
    await scene.drop(eva, "SOC Readers");
    await scene.pass();
    await scene.join(eva, "SOC Readers");
    await scene.pass();
    const [after] = await scene.admin.list(tenant(), mail);
    expect(after?.["id"]).toBe(before?.["id"]);
    expect(await accessOf(eva)).toEqual({ account: "enabled", groups: ["SOC Readers"] });
  });
});

test("Muster blocked and deleted nobody there", () => {
  const writes = scene.lab.graph
    .traffic()
    .filter(({ caller, tenantId, method, template }) => {
      const isAccount = template === "/users/{id}" && (method === "DELETE" || method === "PATCH");
      return caller === "app" && tenantId === tenant() && isAccount;
    })
    .map(({ method, requestBody }) => `${method} ${JSON.stringify(requestBody)}`);
  expect(writes.filter((write) => !write.includes('"accountEnabled":true'))).toEqual([]);
});

test("once all is as it should be, nothing is written", async () => {
  const since = scene.mark();
  await scene.pass();
  expect(scene.writes(since)).toEqual([]);
});

testManners(() => scene);
