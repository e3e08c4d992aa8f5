import { expect, test } from "vitest";
import { ids, ref, rolesExtension, testLab, type Answer, type Body, type Client } from "./graph-world.ts";

const day = 24 * 60 * 60 * 1000;

/** Follows a delta query to its end. */
async function readDelta(
  client: Client,
  path: string,
): Promise<{ items: Body[]; link: string; pages: Answer[] }> {
  const pages: Answer[] = [];
  for (let next: string | undefined = path; next !== undefined;) {
    const page = await client.get(next);
    pages.push(page);
    next = page.body["@odata.nextLink"] as string | undefined;
  }
  const link = String(pages.at(-1)?.body["@odata.deltaLink"]);
  return { items: pages.flatMap(({ body }) => body.value ?? []), link, pages };
}

test("a delta query begins with everyone and ends with a link", async () => {
  const admin = await (await testLab()).as("admin", ids.source);
  const { items, link } = await readDelta(admin, "/users/delta?$select=id,department");
  expect(items).toHaveLength(4);
  expect(items[0]).toEqual({ id: ids.ana, department: "SOC" });
  expect((await readDelta(admin, link)).items).toEqual([]);
});

test("$deltatoken=latest starts from now: no data, only the link", async () => {
  const admin = await (await testLab()).as("admin", ids.source);
  const { items, link } = await readDelta(admin, "/users/delta()?$deltaToken=latest&$select=id,department");
  expect(items).toEqual([]);
  await admin.patch(`/users/${ids.ben}`, { department: "Sales" });
  expect((await readDelta(admin, link)).items).toEqual([{ id: ids.ben, department: "Sales" }]);
});

test("only changes of selected properties are tracked", async () => {
  const admin = await (await testLab()).as("admin", ids.source);
  const { link } = await readDelta(admin, "/users/delta?$deltatoken=latest&$select=id,department");
  await admin.patch(`/users/${ids.ben}`, { jobTitle: "Lead" });
  await admin.patch(`/users/${ids.ana}`, { department: "SOC" });
  expect((await readDelta(admin, link)).items).toEqual([]);
});

test("soft deletion is reason changed, permanent deletion reason deleted, restoration an ordinary item", async () => {
  const admin = await (await testLab()).as("admin", ids.source);
  const start = await readDelta(admin, "/users/delta?$deltatoken=latest&$select=id");
  await admin.delete(`/users/${ids.ana}`);
  await admin.delete(`/users/${ids.ben}`);
  const soft = await readDelta(admin, start.link);
  expect(soft.items).toEqual([
    { id: ids.ana, "@removed": { reason: "changed" } },
    { id: ids.ben, "@removed": { reason: "changed" } },
  ]);
  await admin.delete(`/directory/deletedItems/${ids.ana}`);
  await admin.post(`/directory/deletedItems/${ids.ben}/restore`);
  expect((await readDelta(admin, soft.link)).items).toEqual([
    { id: ids.ana, "@removed": { reason: "deleted" } },
    { id: ids.ben },
  ]);
});

test("one changed extension brings all extensions of its type", async () => {
  const lab = await testLab();
  const admin = await lab.as("admin", ids.source);
  const created = await admin.post(`/applications/${ids.extensionApplication}/extensionProperties`, {
    name: "socSourceId",
    dataType: "String",
    targetObjects: ["User"],
  });
  const other = String(created.body["name"]);
  await admin.patch(`/users/${ids.ana}`, { [other]: "unchanged" });
  const { link } = await readDelta(admin, "/users/delta?$deltatoken=latest");
  await admin.patch(`/users/${ids.ana}`, { [rolesExtension]: "hunter" });
  expect((await readDelta(admin, link)).items).toMatchObject([
    { id: ids.ana, [rolesExtension]: "hunter", [other]: "unchanged" },
  ]);
});

test("group delta tells which members came and went", async () => {
  const admin = await (await testLab()).as("admin", ids.source);
  const start = await readDelta(admin, `/groups/delta?$filter=id eq '${ids.readers}'&$select=id,members`);
  expect(start.items).toEqual([
    {
      id: ids.readers,
      "members@delta": [
        { "@odata.type": "#microsoft.graph.user", id: ids.ana },
        { "@odata.type": "#microsoft.graph.group", id: ids.nested },
      ],
    },
  ]);
  await admin.post(`/groups/${ids.readers}/members/$ref`, ref(ids.cleo));
  await admin.delete(`/groups/${ids.readers}/members/${ids.ana}/$ref`);
  await admin.post(`/groups/${ids.scope}/members/$ref`, ref(ids.ana));
  expect((await readDelta(admin, start.link)).items).toEqual([
    {
      id: ids.readers,
      "members@delta": [
        { "@odata.type": "#microsoft.graph.user", id: ids.cleo },
        { "@odata.type": "#microsoft.graph.user", id: ids.ana, "@removed": { reason: "deleted" } },
      ],
    },
  ]);
});

test("a soft-deleted member does not show in group delta; only permanent deletion does", async () => {
  const admin = await (await testLab()).as("admin", ids.source);
  const start = await readDelta(admin, "/groups/delta?$deltatoken=latest&$select=id,members");
  await admin.delete(`/users/${ids.ana}`);
  const soft = await readDelta(admin, start.link);
  expect(soft.items).toEqual([]);
  await admin.delete(`/directory/deletedItems/${ids.ana}`);
  expect((await readDelta(admin, soft.link)).items).toMatchObject([
    { id: ids.readers, "members@delta": [{ id: ids.ana, "@removed": { reason: "deleted" } }] },
  ]);
});

test("a large group recurs with other slices of its members, over several pages", async () => {
  const users = Array.from({ length: 450 }, (_, n) => ({
    id: `00000000-0000-4000-8000-${String(n).padStart(12, "0")}`,
    displayName: `Person ${n}`,
    userPrincipalName: `person${n}@source.example`,
  }));
  const lab = await testLab({ users });
  const admin = await lab.as("admin", ids.source);
  for (let start = 0; start < users.length; start += 20) {
    const members = users.slice(start, start + 20).map(({ id }) => ref(id)["@odata.id"]);
    await admin.patch(`/groups/${ids.scope}`, { "members@odata.bind": members });
  }
  const { items } = await readDelta(admin, `/groups/delta?$filter=id eq '${ids.scope}'&$select=id,members`);
  const members = items.flatMap((item) => item["members@delta"] as Body[]);
  expect(items.length).toBe(3);
  expect(new Set(members.map(({ id }) => id)).size).toBe(450);
  const people = await readDelta(admin, "/users/delta?$select=id");
  expect(people.pages.length).toBe(5);
  expect(new Set(people.items.map(({ id }) => id)).size).toBe(454);
});

test("delta tokens die after seven days", async () => {
  const lab = await testLab();
  const admin = await lab.as("admin", ids.source);
  const { link } = await readDelta(admin, "/users/delta?$deltatoken=latest&$select=id");
  await lab.advance(7 * day - 1000);
  expect((await admin.get(link)).status).toBe(200);
  await lab.advance(2000);
  const { status, body } = await admin.get(link);
  expect([status, body.error?.code]).toEqual([400, "syncStateNotFound"]);
});

test.each(["$top=5", "$orderby=id", "$expand=members", "$filter=displayName eq 'x'"])(
  "delta queries refuse %s",
  async (query) => {
    const admin = await (await testLab()).as("admin", ids.source);
    expect((await admin.get(`/groups/delta?${query}`)).status).toBe(400);
  },
);

test("a badly formed delta token is a 400", async () => {
  const admin = await (await testLab()).as("admin", ids.source);
  expect((await admin.get("/users/delta?$deltatoken=nonsense")).status).toBe(400);
  expect((await admin.get("/users/delta?$skiptoken=nonsense")).status).toBe(400);
});
