import { describe, expect, test } from "vitest";
import type { Weather } from "../../lab/weather.ts";
import { ids, idsIn, ref, rolesExtension, testLab, type Client, type TestLab } from "./graph-world.ts";
import { scene } from "./sync-scene.ts";

const second = 1_000;
const ana = `/users/${ids.ana}?$select=id,department`;

type Tenant = { readonly lab: TestLab; readonly app: Client; readonly admin: Client };

async function tenant(weather: Partial<Weather>): Promise<Tenant> {
  const lab = await testLab({ weather });
  return { lab, app: await lab.as("app", ids.source), admin: await lab.as("admin", ids.source) };
}

/** What that many reads in a row say, each value once. */
async function saw<T>(times: number, read: () => Promise<T>): Promise<Set<T>> {
  const seen = new Set<T>();
  for (let n = 0; n < times; n++) seen.add(await read());
  return seen;
}

const department = (client: Client) => async () => (await client.get(ana)).body["department"];

const newPerson = {
  accountEnabled: true,
  displayName: "Dora",
  mailNickname: "dora",
  userPrincipalName: "dora@source.example",
  passwordProfile: { password: "secret" },
};

describe("replicas", () => {
  // A third, two thirds and all of it: the replicas are differently far behind.
  const weather = { replicaMs: [60 * second, 60 * second] } as const;

  test("catch up one after the other, and each read is answered by one of them", async () => {
    const { lab, app, admin } = await tenant(weather);
    await admin.patch(`/users/${ids.ana}`, { department: "Sales" });
    const seen: unknown[] = [await saw(20, department(app))];
    for (let n = 0; n < 3; n++) {
      await lab.advance(20 * second);
      seen.push(await saw(20, department(app)));
    }
    expect(seen).toEqual([
      new Set(["SOC"]),
      new Set(["SOC", "Sales"]),
      new Set(["SOC", "Sales"]),
      new Set(["Sales"]),
    ]);
  });

  test("show the administrator the present", async () => {
    const { admin } = await tenant(weather);
    await admin.patch(`/users/${ids.ana}`, { department: "Sales" });
    expect(await saw(20, department(admin))).toEqual(new Set(["Sales"]));
  });

  test("are met differently by the parts of one batch", async () => {
    const { lab, app, admin } = await tenant(weather);
    await admin.patch(`/users/${ids.ana}`, { department: "Sales" });
    await lab.advance(30 * second);
    const parts = Array.from({ length: 20 }, (_, n) => ({ id: String(n), method: "GET", url: ana }));
    const { body } = await app.batch(parts);
    const answers = body["responses"] as { body: { department: string } }[];
    expect(new Set(answers.map((part) => part.body.department))).toEqual(new Set(["SOC", "Sales"]));
  });

  test("lag with memberships as well, on their own", async () => {
    const { lab, app, admin } = await tenant(weather);
    await admin.post(`/groups/${ids.scope}/members/$ref`, ref(ids.ana));
    await admin.delete(`/groups/${ids.readers}/members/${ids.ana}/$ref`);
    const members = (group: string) => async () =>
      idsIn(await app.get(`/groups/${group}/members?$select=id`)).includes(ids.ana);
    const groups = async () => idsIn(await app.get(`/users/${ids.ana}/memberOf?$select=id`)).join();
    expect([await saw(9, members(ids.scope)), await saw(9, members(ids.readers))]).toEqual([
      new Set([false]),
      new Set([true]),
    ]);
    expect(await saw(9, groups)).toEqual(new Set([ids.readers]));
    await lab.advance(60 * second);
    expect([await saw(9, members(ids.scope)), await saw(9, members(ids.readers))]).toEqual([
      new Set([true]),
      new Set([false]),
    ]);
    expect(await saw(9, groups)).toEqual(new Set([ids.scope]));
  });

  test("never go back: changes of one object reach a replica in order", async () => {
    const { lab, app, admin } = await tenant({ replicaMs: [0, 60 * second] });
    for (let n = 1; n <= 12; n++) {
      await admin.patch(`/users/${ids.ana}`, { jobTitle: String(n) });
      await lab.advance(5 * second);
    }
    // The earliest version that any replica still shows only ever rises.
    const oldest: number[] = [];
    for (let n = 0; n < 12; n++) {
      const titles = await saw(20, async () =>
        Number((await app.get(`/users/${ids.ana}?$select=jobTitle`)).body["jobTitle"]),
      );
      oldest.push(Math.min(...titles));
      await lab.advance(5 * second);
    }
    expect(oldest).toEqual(oldest.toSorted((a, b) => a - b));
    expect(oldest.at(-1)).toBe(12);
  });

  test("do not hold a write back: it changes what is there now", async () => {
    const { lab, app, admin } = await tenant(weather);
    await admin.patch(`/users/${ids.ana}`, { department: "Sales" });
    expect((await app.patch(`/users/${ids.ana}`, { jobTitle: "Lead" })).status).toBe(204);
    expect((await admin.get(`/users/${ids.ana}?$select=department,jobTitle`)).body).toMatchObject({
      department: "Sales",
      jobTitle: "Lead",
    });
    await admin.post(`/groups/${ids.scope}/members/$ref`, ref(ids.ana));
    expect((await app.post(`/groups/${ids.scope}/members/$ref`, ref(ids.ana))).status).toBe(400);
    expect(lab.kinds()).toEqual([]);
  });

  test("that have not heard of a change leave it to a later delta query", async () => {
    const { lab, app, admin } = await tenant(weather);
    const first = await app.get("/users/delta?$deltatoken=latest&$select=id,department");
    await admin.patch(`/users/${ids.ana}`, { department: "Sales" });
    const early = await app.get(String(first.body["@odata.deltaLink"]));
    expect(early.body.value).toEqual([]);
    await lab.advance(60 * second);
    const late = await app.get(String(early.body["@odata.deltaLink"]));
    expect(late.body.value).toMatchObject([{ id: ids.ana, department: "Sales" }]);
  });

  test("are waited for by the lab until they have caught up", async () => {
    const { lab, admin } = await tenant(weather);
    await admin.patch(`/users/${ids.ana}`, { department: "Sales" });
    await lab.advance(10 * second);
    await admin.patch(`/users/${ids.ben}`, { department: "Sales" });
    const left = lab.clock.expected().map(({ at, label }) => [label, at - lab.clock.now()]);
    expect(left).toEqual([["graph: the replicas of source catch up", 60 * second]]);
  });
});

describe("an object that was just made", () => {
  const weather = { newObjectMs: [5 * second, 5 * second] } as const;

  test("is 404 by its id and not in any listing for a while, except for the administrator", async () => {
    const { lab, app, admin } = await tenant(weather);
    const dora = (await admin.post("/users", newPerson)).body.id ?? "";
    const reads = async (client: Client) => [
      (await client.get(`/users/${dora}?$select=id`)).status,
      idsIn(await client.get("/users?$select=id")).includes(dora),
    ];
    expect(await reads(app)).toEqual([404, false]);
    expect(await reads(admin)).toEqual([200, true]);
    await lab.advance(5 * second);
    expect(await reads(app)).toEqual([200, true]);
  });

  test("cannot be referred to or written, either, until then", async () => {
    const { lab, app, admin } = await tenant(weather);
    const dora = (await admin.post("/users", newPerson)).body.id ?? "";
    const add = () => app.post(`/groups/${ids.scope}/members/$ref`, ref(dora));
    const refused = await add();
    expect([refused.status, refused.body.error?.code]).toEqual([404, "Request_ResourceNotFound"]);
    expect((await app.patch(`/users/${dora}`, { jobTitle: "x" })).status).toBe(404);
    await lab.advance(5 * second);
    expect((await add()).status).toBe(204);
    expect((await app.patch(`/users/${dora}`, { jobTitle: "x" })).status).toBe(204);
  });

  test("is not taken for removed by a delta query", async () => {
    const { lab, app, admin } = await tenant(weather);
    const first = await app.get("/users/delta?$deltatoken=latest&$select=id");
    const dora = (await admin.post("/users", newPerson)).body.id ?? "";
    const early = await app.get(String(first.body["@odata.deltaLink"]));
    expect(early.body.value).toEqual([]);
    await lab.advance(5 * second);
    expect(idsIn(await app.get(String(early.body["@odata.deltaLink"])))).toEqual([dora]);
  });

  test("so is an account that sync has made", async () => {
    const { lab, scope, onDemand } = await scene({ weather });
    await scope(ids.ana);
    const { details } = await onDemand(ids.ana);
    const account = (details["targetIdentity"] as { id: string }).id;
    const app = await lab.as("app", ids.contoso);
    const add = async () =>
      (await app.post(`/groups/${ids.targetReaders}/members/$ref`, ref(account))).status;
    expect(await add()).toBe(404);
    await lab.advance(5 * second);
    expect(await add()).toBe(204);
  });
});

describe("the fault `lag`", () => {
  test("makes references in writes stale", async () => {
    const { lab, app, admin } = await tenant({});
    const dora = (await admin.post("/users", newPerson)).body.id ?? "";
    lab.lab.faults.add({ kind: "lag", ms: 10 * second });
    const add = async () => (await app.post(`/groups/${ids.scope}/members/$ref`, ref(dora))).status;
    expect(await add()).toBe(404);
    await lab.advance(10 * second);
    expect(await add()).toBe(204);
  });

  test("makes the sync engine stale: it copies an old stamp, and the new one in a later cycle", async () => {
    const { lab, source, target, scope, accounts, cycle } = await scene();
    await source.patch(`/users/${ids.ana}`, { [rolesExtension]: "reader" });
    await scope(ids.ana);
    await lab.advance(60 * second);
    const fault = lab.lab.faults.add({ kind: "lag", ms: 10 * second, match: { tenant: "source" } });
    await source.patch(`/users/${ids.ana}`, { [rolesExtension]: "hunter" });
    await lab.lab.runSyncCycle();
    const stamp = async () => {
      const [account] = await accounts();
      return (await target.get(`/users/${account?.id}?$select=${rolesExtension}`)).body[rolesExtension];
    };
    expect(await stamp()).toBe("reader");
    lab.lab.faults.remove(fault);
    await cycle();
    expect(await stamp()).toBe("hunter");
  });
});

test("the sync engine reads from a replica, too", async () => {
  const { lab, source, scope, onDemand } = await scene({
    weather: { replicaMs: [60 * second, 60 * second] },
  });
  await scope(ids.ana);
  expect((await onDemand(ids.ana)).details).toMatchObject({ action: "Other" });
  await lab.advance(60 * second);
  expect((await onDemand(ids.ana)).details).toMatchObject({ action: "Create" });
  await source.patch(`/users/${ids.ana}`, { jobTitle: "Lead" });
  await lab.advance(10 * second);
  expect((await onDemand(ids.ana)).details).toMatchObject({ statusInfo: { status: "Skipped" } });
  await lab.advance(60 * second);
  expect((await onDemand(ids.ana)).details).toMatchObject({ action: "Update" });
});
