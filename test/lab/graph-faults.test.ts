import { get as httpsGet, request } from "node:https";
import { expect, test } from "vitest";
import type { FaultInput } from "../../lab/graph/faults/fault-schema.ts";
import { ids, idsIn, ref, testLab, type Client, type TestLab } from "./graph-world.ts";

const ana = `/users/${ids.ana}?$select=id,department`;

async function faulty(
  ...faults: readonly FaultInput[]
): Promise<{ lab: TestLab; app: Client; admin: Client }> {
  const lab = await testLab();
  const [app, admin] = [await lab.as("app", ids.source), await lab.as("admin", ids.source)];
  for (const fault of faults) lab.lab.faults.add(fault);
  return { lab, app, admin };
}

/** A request over the real network, as a client would send it. */
function overTheWire(lab: TestLab, client: Client, path: string, method = "GET"): Promise<number> {
  return new Promise((resolve, reject) => {
    const url = new URL(`${lab.lab.url}/v1.0${path}`);
    const options = { method, ca: lab.certificates.caPem, headers: client.headers, agent: false } as const;
    const sent = request(url, options, (response) => {
      response.resume();
      resolve(response.statusCode ?? 0);
    });
    sent.on("error", reject);
    sent.end();
  });
}

test.each([
  [{ kind: "nonsense" }, "Known kinds: throttle, error, timeout"],
  [{ kind: "error" }, "status"],
  [{ kind: "slow", ms: -1 }, "ms"],
  [{ kind: "lag", ms: 1, match: { path: "(" } }, "not a valid regular expression"],
  [{ kind: "reset", surprise: true }, "surprise"],
  [{ kind: "emptyRead", share: 2 }, "share"],
])("a fault that makes no sense is refused with the reason: %j", async (fault, message) => {
  const { lab } = await faulty();
  // Wrong on purpose: what the control API passes on is unchecked.
  expect(() => lab.lab.faults.add(fault as FaultInput)).toThrow(message);
});

test("faults have ids, can be listed, removed one by one, and cleared", async () => {
  const { lab, app } = await faulty();
  const first = lab.lab.faults.add({ kind: "error", status: 500, times: 3 });
  const second = lab.lab.faults.add({ kind: "error", status: 503 });
  expect((await app.get(ana)).status).toBe(500);
  expect(lab.lab.faults.list()).toMatchObject([
    { id: first, fault: { kind: "error", status: 500 }, timesLeft: 2 },
    { id: second },
  ]);
  expect(lab.lab.faults.remove(first)).toBe(true);
  expect(lab.lab.faults.remove(first)).toBe(false);
  expect((await app.get(ana)).status).toBe(503);
  lab.lab.faults.clear();
  expect((await app.get(ana)).status).toBe(200);
});

test("a fault strikes the app only, unless it says any", async () => {
  const { lab, app, admin } = await faulty({ kind: "error", status: 503 });
  expect([(await app.get(ana)).status, (await admin.get(ana)).status]).toEqual([503, 200]);
  lab.lab.faults.add({ kind: "error", status: 500, match: { caller: "any" } });
  expect((await admin.get(ana)).status).toBe(500);
});

test.each([
  [{ tenant: "source" }, 503],
  [{ tenant: ids.source }, 503],
  [{ tenant: "contoso" }, 200],
  [{ method: "get" }, 503],
  [{ method: "PATCH" }, 200],
  [{ path: "^/users/" }, 503],
  [{ path: "^/v1\\.0/users/" }, 503],
  [{ path: "select=id,department" }, 503],
  [{ path: "/groups" }, 200],
])("a fault that matches %j gives %i", async (match, status) => {
  const { app } = await faulty({ kind: "error", status: 503, match });
  expect((await app.get(ana)).status).toBe(status);
});

test("a share of requests is struck, and the same ones for the same seed", async () => {
  const run = async () => {
    const { app } = await faulty({ kind: "error", status: 503, share: 0.5 });
    const statuses: number[] = [];
    for (let n = 0; n < 40; n++) statuses.push((await app.get(ana)).status);
    return statuses;
  };
  const [first, second] = [await run(), await run()];
  expect(first).toEqual(second);
  expect(first.filter((status) => status === 503).length).toBeGreaterThan(10);
  expect(first.filter((status) => status === 200).length).toBeGreaterThan(10);
});

test("throttle answers 429, with Retry-After or without", async () => {
  const { app } = await faulty(
    { kind: "throttle", times: 1, retryAfterSeconds: 3 },
    { kind: "throttle", times: 1 },
  );
  const [first, second] = [await app.get(ana), await app.get("/groups?$select=id")];
  expect([first.status, first.headers.get("Retry-After")]).toEqual([429, "3"]);
  expect([second.status, second.headers.get("Retry-After")]).toEqual([429, null]);
});

test("error answers its status with Graph's code for it, and does nothing", async () => {
  const { app, admin } = await faulty({ kind: "error", status: 503, match: { method: "PATCH" } });
  const failed = await app.patch(`/users/${ids.ana}`, { department: "Sales" });
  expect([failed.status, failed.body.error?.code]).toEqual([503, "ServiceUnavailable"]);
  expect((await admin.get(ana)).body["department"]).toBe("SOC");
});

test("slow takes its time", async () => {
  const { app } = await faulty({ kind: "slow", ms: 80 });
  const startedAt = performance.now();
  expect((await app.get(ana)).status).toBe(200);
  expect(performance.now() - startedAt).toBeGreaterThan(75);
});

test("timeout performs the request and never answers; removing the fault breaks the connection", async () => {
  const { lab, app, admin } = await faulty();
  const id = lab.lab.faults.add({ kind: "timeout" });
  const answer = expect(
    overTheWire(lab, app, `/groups/${ids.readers}/members/${ids.ana}/$ref`, "DELETE"),
  ).rejects;
  const members = async () => idsIn(await admin.get(`/groups/${ids.readers}/members?$select=id`));
  while ((await members()).includes(ids.ana)) await new Promise((resolve) => setTimeout(resolve, 5));
  expect(lab.lab.busy()).toEqual([`graph DELETE /groups/${ids.readers}/members/${ids.ana}/$ref`]);
  lab.lab.faults.remove(id);
  await answer.toThrow();
  expect(lab.lab.busy()).toEqual([]);
  expect(lab.lab.traffic().find(({ method }) => method === "DELETE")?.status).toBe(0);
});

test("timeout can strike before the request is performed; a client that gives up ends the wait", async () => {
  const { lab, app, admin } = await faulty({ kind: "timeout", before: true });
  const url = `${lab.lab.url}/v1.0${ana}`;
  const sent = httpsGet(url, { ca: lab.certificates.caPem, headers: app.headers, agent: false });
  const gone = new Promise((resolve) => sent.on("error", resolve));
  while (lab.lab.busy().length === 0) await new Promise((resolve) => setTimeout(resolve, 5));
  sent.destroy();
  await gone;
  await lab.rest();
  const write = expect(app.patch(`/users/${ids.ana}`, { department: "Sales" })).rejects;
  while (lab.lab.busy().length === 0) await new Promise((resolve) => setTimeout(resolve, 5));
  lab.lab.faults.clear();
  await write.toThrow("timeout");
  expect((await admin.get(ana)).body["department"]).toBe("SOC");
});

test("reset breaks the connection after, or before, performing the request", async () => {
  const { lab, app, admin } = await faulty({ kind: "reset", times: 1 });
  const members = async () => idsIn(await admin.get(`/groups/${ids.readers}/members?$select=id`));
  const path = (id: string) => `/groups/${ids.readers}/members/${id}/$ref`;
  await expect(overTheWire(lab, app, path(ids.ana), "DELETE")).rejects.toThrow();
  expect(await members()).toEqual([ids.nested]);
  lab.lab.faults.add({ kind: "reset", times: 1, before: true });
  await expect(overTheWire(lab, app, path(ids.nested), "DELETE")).rejects.toThrow();
  expect(await members()).toEqual([ids.nested]);
  expect(await overTheWire(lab, app, path(ids.nested), "DELETE")).toBe(204);
});

test("lag shows the directory as it was: properties, members, existence, deltas", async () => {
  const { lab, app, admin } = await faulty();
  const delta = await admin.get("/users/delta?$deltatoken=latest&$select=id,department");
  const link = String(delta.body["@odata.deltaLink"]);
  await lab.advance(60_000);
  lab.lab.faults.add({ kind: "lag", ms: 10_000 });
  await admin.patch(`/users/${ids.ana}`, { department: "Sales" });
  await admin.delete(`/users/${ids.ben}`);
  await admin.post(`/groups/${ids.scope}/members/$ref`, ref(ids.ana));
  await admin.delete(`/groups/${ids.readers}/members/${ids.ana}/$ref`);
  const read = async (client: Client) => ({
    department: (await client.get(ana)).body["department"],
    people: idsIn(await client.get("/users?$select=id")).includes(ids.ben),
    scope: idsIn(await client.get(`/groups/${ids.scope}/members?$select=id`)),
    groups: idsIn(await client.get(`/users/${ids.ana}/memberOf?$select=id`)),
    checked: (await client.post(`/users/${ids.ana}/checkMemberGroups`, { groupIds: [ids.scope] })).body.value,
    delta: idsIn(await client.get(link)),
  });
  const old = { department: "SOC", people: true, scope: [], groups: [ids.readers], checked: [], delta: [] };
  expect(await read(app)).toEqual(old);
  await lab.advance(9_000);
  expect(await read(app)).toEqual(old);
  const current = {
    department: "Sales",
    people: false,
    scope: [ids.ana],
    groups: [ids.scope],
    checked: [ids.scope],
    delta: [ids.ana, ids.ben],
  };
  expect(await read(admin)).toEqual(current);
  await lab.advance(1_000);
  expect(await read(app)).toEqual(current);
});

test("under lag, a write still changes what is there now", async () => {
  const { app, admin } = await faulty({ kind: "lag", ms: 10_000 });
  await admin.post(`/groups/${ids.scope}/members/$ref`, ref(ids.ana));
  expect((await app.post(`/groups/${ids.scope}/members/$ref`, ref(ids.ana))).status).toBe(400);
});

test("partialPage: the second page fails, however often it is asked for", async () => {
  const { app } = await faulty({ kind: "partialPage", times: 1, status: 500 });
  const first = await app.get("/users?$select=id&$top=2");
  expect(idsIn(first)).toHaveLength(2);
  const link = String(first.body["@odata.nextLink"]);
  expect([(await app.get(link)).status, (await app.get(link)).status]).toEqual([500, 500]);
  const again = await app.get("/users?$select=id&$top=2");
  expect((await app.get(String(again.body["@odata.nextLink"]))).status).toBe(200);
});

test("partialPage: a listing of one page is cut in two, and the rest fails", async () => {
  const { app } = await faulty({ kind: "partialPage" });
  const first = await app.get("/users?$select=id");
  expect(idsIn(first)).toHaveLength(2);
  expect((await app.get(String(first.body["@odata.nextLink"]))).status).toBe(503);
  const delta = await app.get("/users/delta?$select=id");
  expect(delta.body["@odata.deltaLink"]).toBeUndefined();
  expect((await app.get(String(delta.body["@odata.nextLink"]))).status).toBe(503);
});

test("emptyRead: a listing comes back empty, as if complete; single objects are untouched", async () => {
  const { app } = await faulty({ kind: "emptyRead" });
  const { status, body } = await app.get("/users?$select=id&$top=2");
  expect([status, body.value, body["@odata.nextLink"]]).toEqual([200, [], undefined]);
  expect((await app.get(ana)).body.id).toBe(ids.ana);
});

test("revokedConsent of permissions is 403 everywhere in one tenant, and tokens are still issued", async () => {
  const { lab, app } = await faulty({ kind: "revokedConsent", match: { tenant: "source" } });
  const { status, body } = await app.get(ana);
  expect([status, body.error?.code]).toEqual([403, "Authorization_RequestDenied"]);
  expect((await lab.token(ids.source, tokenForm)).status).toBe(200);
  expect((await (await lab.as("app", ids.contoso)).get("/users?$select=id")).status).toBe(200);
});

const tokenForm = { client_id: ids.app, client_secret: "app secret" };

test.each([
  ["deleted", 401, "invalid_client", "AADSTS7000229"],
  ["disabled", 400, "unauthorized_client", "AADSTS7000112"],
] as const)(
  "revokedConsent of an app that was %s: its tokens live on for an hour, and it gets no other",
  async (how, status, error, code) => {
    const { lab, app, admin } = await faulty();
    const id = lab.lab.faults.add({ kind: "revokedConsent", how, match: { tenant: "source" } });
    const refused = await lab.token(ids.source, tokenForm);
    const body = (await refused.json()) as { error: string; error_description: string };
    expect([refused.status, body.error]).toEqual([status, error]);
    expect(body.error_description).toContain(code);
    expect((await lab.token(ids.contoso, tokenForm)).status).toBe(200);
    await lab.advance(59 * 60_000);
    expect((await app.get(ana)).status).toBe(200);
    await lab.advance(60_000);
    const late = await app.get(ana);
    expect([late.status, late.body.error?.code]).toEqual([401, "InvalidAuthenticationToken"]);
    expect((await admin.get(ana)).status).toBe(200);
    lab.lab.faults.remove(id);
    expect((await (await lab.as("app", ids.source)).get(ana)).status).toBe(200);
  },
);

test("revokedConsent can deny the tokens issued before as well", async () => {
  const { app } = await faulty({ kind: "revokedConsent", how: "deleted", oldTokens: "denied" });
  const { status, body } = await app.get(ana);
  expect([status, body.error?.code]).toEqual([403, "Authorization_RequestDenied"]);
});

test("quarantine: the job says so and its cycles do nothing, until the fault is removed", async () => {
  const { lab, admin } = await faulty();
  const target = await lab.as("admin", ids.contoso);
  const id = lab.lab.faults.add({ kind: "quarantine", match: { tenant: "contoso" } });
  const job = `/servicePrincipals/${ids.syncApp}/synchronization/jobs/${ids.job}`;
  await admin.post(`/groups/${ids.scope}/members/$ref`, ref(ids.ana));
  await lab.lab.runSyncCycle();
  expect((await admin.get(job)).body["status"]).toMatchObject({
    code: "Quarantine",
    quarantine: { reason: "EncounteredQuarantineException" },
  });
  expect(idsIn(await target.get("/users?$select=id"))).toEqual([]);
  lab.lab.faults.remove(id);
  await lab.lab.runSyncCycle(ids.source, ids.job);
  expect(idsIn(await target.get("/users?$select=id"))).toHaveLength(1);
});

test("in a batch, faults strike the parts; the envelope only when it is named", async () => {
  const { lab, app } = await faulty({ kind: "timeout", times: 1 }, { kind: "reset", times: 1 });
  const parts = ["1", "2", "3"].map((id) => ({ id, method: "GET", url: ana }));
  const { status, body } = await app.batch(parts);
  const statuses = (body["responses"] as { status: number }[]).map((part) => part.status);
  expect([status, statuses.toSorted((a, b) => a - b)]).toEqual([200, [200, 502, 504]]);
  lab.lab.faults.add({ kind: "error", status: 503, match: { path: "\\$batch" } });
  expect((await app.batch(parts)).status).toBe(503);
});

const sentinel = (displayName: string) => ({
  id: ids.contoso,
  displayName,
  userPrincipalName: "sentinel@source.example",
});

test("Throttled: the first write concerning the person is 429 with Retry-After 2", async () => {
  const lab = await testLab({ users: [sentinel("Tom Throttled")] });
  const [app, admin] = [await lab.as("app", ids.source), await lab.as("admin", ids.source)];
  expect((await app.post(`/groups/${ids.readers}/members/$ref`, ref(ids.cleo))).status).toBe(204);
  const add = () => app.post(`/groups/${ids.scope}/members/$ref`, ref(ids.contoso));
  const refused = await add();
  expect([refused.status, refused.headers.get("Retry-After")]).toEqual([429, "2"]);
  await lab.advance(2_000);
  expect((await add()).status).toBe(204);
  expect(lab.kinds()).toEqual([]);
  expect((await admin.patch(`/users/${ids.contoso}`, { department: "x" })).status).toBe(204);
});

test("Lagging: reads of the person are three seconds old, of others not", async () => {
  const lab = await testLab({ users: [sentinel("Lea Lagging")] });
  const [app, admin] = [await lab.as("app", ids.source), await lab.as("admin", ids.source)];
  await admin.patch(`/users/${ids.contoso}`, { department: "new" });
  await admin.patch(`/users/${ids.ana}`, { department: "new" });
  await admin.post(`/groups/${ids.scope}/members/$ref`, ref(ids.contoso));
  const read = async () => [
    (await app.get(`/users/${ids.contoso}?$select=department`)).body["department"],
    (await app.get(`/users/${ids.ana}?$select=department`)).body["department"],
    idsIn(await app.get(`/groups/${ids.scope}/members?$select=id`)),
  ];
  expect(await read()).toEqual([null, "new", []]);
  await lab.advance(3_000);
  expect(await read()).toEqual(["new", "new", [ids.contoso]]);
});

test("Vanishing: each kind of listing that shows the person comes back empty once", async () => {
  const lab = await testLab({ users: [sentinel("Vera Vanishing")] });
  const [app, admin] = [await lab.as("app", ids.source), await lab.as("admin", ids.source)];
  await admin.post(`/groups/${ids.scope}/members/$ref`, ref(ids.contoso));
  const listings = [
    "/users?$select=id",
    `/groups/${ids.scope}/members?$select=id`,
    `/users/${ids.contoso}/memberOf?$select=id`,
  ];
  for (const path of listings) {
    expect(idsIn(await app.get(path))).toEqual([]);
    expect(idsIn(await app.get(path)).length).toBeGreaterThan(0);
  }
  expect(idsIn(await app.get(`/groups/${ids.readers}/members?$select=id`))).toHaveLength(2);
});

test("names make sentinels at any time, in target tenants as well", async () => {
  const lab = await testLab();
  const [admin, app] = [await lab.as("admin", ids.source), await lab.as("app", ids.source)];
  await admin.patch(`/users/${ids.ana}`, { displayName: "Ana Throttled" });
  expect((await app.patch(`/users/${ids.ana}`, { jobTitle: "x" })).status).toBe(429);
  await admin.post(`/groups/${ids.scope}/members/$ref`, ref(ids.ana));
  await lab.lab.runSyncCycle();
  const target = await lab.as("app", ids.contoso);
  const [account] = idsIn(await target.get("/users?$select=id"));
  const added = await target.post(`/groups/${ids.targetReaders}/members/$ref`, ref(account ?? ""));
  expect(added.status).toBe(429);
});
