import { expect, test } from "vitest";
import type { Weather } from "../../lab/weather.ts";
import { ids, idsIn, ref, testLab, type Answer, type Client, type TestLab } from "./graph-world.ts";

const ana = `/users/${ids.ana}?$select=id`;
const scope = `/groups/${ids.scope}/members`;

async function appIn(weather: Partial<Weather>): Promise<{ lab: TestLab; app: Client; admin: Client }> {
  const lab = await testLab({ weather });
  return { lab, app: await lab.as("app", ids.source), admin: await lab.as("admin", ids.source) };
}

test("the same request meets the same weather, whatever else is asked in between", async () => {
  const run = async (others: number) => {
    const { app } = await appIn({ throttled: 0.5 });
    const statuses: number[] = [];
    for (let n = 0; n < 30; n++) {
      statuses.push((await app.get(ana)).status);
      for (let other = 0; other < others; other++) await app.get(`/users/${ids.ben}?$select=id`);
    }
    return statuses;
  };
  const [quiet, busy] = [await run(0), await run(2)];
  expect(busy).toEqual(quiet);
  expect(new Set(quiet)).toEqual(new Set([200, 429]));
});

test("throttled: a 429 within the quota asks to wait 1 to 20 seconds, at times with a fraction", async () => {
  const { app, admin } = await appIn({ throttled: 1 });
  const waits: number[] = [];
  for (let n = 0; n < 40; n++) {
    const { status, headers } = await app.get(ana);
    expect([status, headers.get("x-ms-throttle-scope")]).toEqual([429, `Tenant/ReadWrite/${ids.source}`]);
    waits.push(Number(headers.get("Retry-After")));
  }
  expect(Math.min(...waits)).toBeGreaterThanOrEqual(1);
  expect(Math.max(...waits)).toBeLessThanOrEqual(20);
  expect(waits.some((seconds) => Number.isInteger(seconds))).toBe(true);
  expect(waits.some((seconds) => !Number.isInteger(seconds))).toBe(true);
  expect((await admin.get(ana)).status).toBe(200);
});

test("throttled strikes the parts of a batch, not the batch", async () => {
  const { app } = await appIn({ throttled: 1 });
  const { status, body } = await app.batch([{ id: "1", method: "GET", url: ana }]);
  const [part] = body["responses"] as { status: number; headers: Record<string, string> }[];
  expect([status, part?.status, Number(part?.headers["Retry-After"]) >= 1]).toEqual([200, 429, true]);
});

const bodyOf = ({ status, body }: Answer) => [status, body.error?.code];

test("writeConflicts: a write of members is 409, was not carried out, and succeeds another time", async () => {
  const { app, admin } = await appIn({ writeConflicts: 0.5 });
  const answers: unknown[] = [];
  for (let n = 0; n < 20; n++) {
    const answer = await app.post(`${scope}/$ref`, ref(ids.ana));
    const isMember = idsIn(await admin.get(`${scope}?$select=id`)).includes(ids.ana);
    answers.push([answer.status, isMember]);
    if (answer.status === 409) expect(bodyOf(answer)).toEqual([409, "Directory_ConcurrencyViolation"]);
    await admin.delete(`${scope}/${ids.ana}/$ref`);
  }
  expect(answers).toContainEqual([409, false]);
  expect(answers).toContainEqual([204, true]);
  expect(answers).toHaveLength(
    answers.filter((one) => ["409,false", "204,true"].includes(String(one))).length,
  );
});

test.each([
  ["DELETE of a member", (c: Client) => c.delete(`/groups/${ids.readers}/members/${ids.ana}/$ref`)],
  [
    "members@odata.bind",
    (c: Client) => c.patch(`/groups/${ids.scope}`, { "members@odata.bind": [ref(ids.ana)["@odata.id"]] }),
  ],
])("writeConflicts strike %s, too, but no other write and no read", async (_what, write) => {
  const { app, admin } = await appIn({ writeConflicts: 1 });
  expect((await write(app)).status).toBe(409);
  expect((await app.patch(`/groups/${ids.scope}`, { description: "x" })).status).toBe(204);
  expect((await app.patch(`/users/${ids.ana}`, { department: "x" })).status).toBe(204);
  expect((await app.get(`${scope}?$select=id`)).status).toBe(200);
  expect((await write(admin)).status).toBe(204);
});

const json = { "Content-Type": "application/json" };

async function conflictsAmong(app: Client, groups: readonly string[]): Promise<number> {
  const requests = groups.map((group, index) => ({
    id: String(index),
    method: "DELETE",
    url: `/groups/${group}/members/${ids.gus}/$ref`,
    headers: json,
  }));
  const { body } = await app.batch(requests);
  return (body["responses"] as { status: number }[]).filter(({ status }) => status === 409).length;
}

test("writeConflicts are more frequent among writes to one group that are under way together", async () => {
  const { app } = await appIn({ writeConflicts: 0.1 });
  const [together, apart] = [{ conflicts: 0 }, { conflicts: 0 }];
  for (let n = 0; n < 10; n++) {
    together.conflicts += await conflictsAmong(
      app,
      Array.from({ length: 20 }, () => ids.readers),
    );
    const others = Array.from({ length: 20 }, (_, index) => `${ids.nested.slice(0, -2)}${index + 10}`);
    apart.conflicts += await conflictsAmong(app, others);
  }
  // Of 200 each: about half, and about a tenth.
  expect(together.conflicts).toBeGreaterThan(70);
  expect(apart.conflicts).toBeLessThan(45);
});

test("conflictsAsTrouble: in bad weather a conflict looks like throttling or an outage", async () => {
  const { app } = await appIn({ writeConflicts: 1, conflictsAsTrouble: 1 });
  const statuses = new Set<number>();
  for (let n = 0; n < 30; n++) statuses.add((await app.post(`${scope}/$ref`, ref(ids.ana))).status);
  expect(statuses).toEqual(new Set([429, 503]));
});

/** Pages of a listing: what is on each, and whether it has a next link. */
async function pagesOf(client: Client, path: string): Promise<{ ids: string[]; hasNext: boolean }[]> {
  const pages: { ids: string[]; hasNext: boolean }[] = [];
  for (let link: unknown = path; typeof link === "string" && pages.length < 100;) {
    const page = await client.get(link);
    expect(page.status).toBe(200);
    link = page.body["@odata.nextLink"];
    pages.push({ ids: idsIn(page), hasNext: typeof link === "string" });
  }
  return pages;
}

const people = Array.from({ length: 30 }, (_, n) => ({
  id: `00000000-0000-4000-8000-${String(n).padStart(12, "0")}`,
  displayName: `Person ${n}`,
  userPrincipalName: `person${n}@source.example`,
}));

test.each([
  ["users", "/users?$select=id&$top=5", 34],
  ["one person's groups", `/users/${ids.ana}/memberOf?$select=id`, 1],
  ["nobody", `/groups/${ids.scope}/members?$select=id`, 0],
  ["subscriptions", "/subscriptions", 0],
  ["a delta", "/users/delta?$select=id", 34],
])(
  "emptyPages: a listing of %s has pages with nothing on them, and is complete at its end",
  async (_what, path, count) => {
    const lab = await testLab({ users: people, weather: { emptyPages: 0.5 } });
    const [app, admin] = [await lab.as("app", ids.source), await lab.as("admin", ids.source)];
    const seen: { ids: string[]; hasNext: boolean }[][] = [];
    for (let n = 0; n < 10; n++) seen.push(await pagesOf(app, path));
    for (const pages of seen) {
      const all = pages.flatMap((page) => page.ids);
      expect([all.length, new Set(all).size]).toEqual([count, count]);
    }
    const isHollow = (page: { ids: string[]; hasNext: boolean }) => page.ids.length === 0 && page.hasNext;
    expect(seen.some(([first]) => first !== undefined && isHollow(first))).toBe(true);
    if (count > 5 && path.includes("$top"))
      expect(seen.some((pages) => pages.slice(1).some(isHollow))).toBe(true);
    expect((await pagesOf(admin, path)).some(isHollow)).toBe(false);
  },
);

test("smallPages: a page has fewer items than asked for, and the listing is complete at its end", async () => {
  const lab = await testLab({ users: people, weather: { smallPages: 1 } });
  const app = await lab.as("app", ids.source);
  const pages = await pagesOf(app, "/users?$select=id&$top=999");
  expect(pages.length).toBeGreaterThan(2);
  expect(pages.every((page) => page.ids.length > 0)).toBe(true);
  expect(new Set(pages.flatMap((page) => page.ids)).size).toBe(34);
});
