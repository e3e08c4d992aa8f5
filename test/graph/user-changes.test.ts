import { expect, test } from "vitest";
import type { HttpAnswer, HttpCall } from "../../shared/graph/http.ts";
import { graphTenant } from "../../shared/graph/tenant.ts";
import { userChanges } from "../../shared/graph/user-changes.ts";
import { inTurn, ok, refused, scriptedHttp } from "../support/scripted-http.ts";
import { ana, ben } from "../support/fixtures.ts";

const base = "https://graph.example/v1.0";
const cursor = "/users/delta?$deltatoken=1";
const end = (token: string, value: readonly unknown[] = []) =>
  ok({ value, "@odata.deltaLink": `${base}/users/delta?$deltatoken=${token}` });

function following(answer: (call: HttpCall) => HttpAnswer) {
  const network = scriptedHttp(answer);
  const tenant = graphTenant({ tenantId: "t", url: "https://graph.example", http: network.http });
  return { network, changes: userChanges(tenant) };
}

test("begin now, with the properties that the policy goes by", async () => {
  const { network, changes } = following(() => end("1"));
  expect(await changes.latest({ attributes: ["department"], stamps: ["extension_a_roles"] })).toBe(cursor);
  expect(network.calls[0]?.path).toBe(
    "/users/delta?$deltatoken=latest&$select=accountEnabled,department,displayName,extension_a_roles,id,mail,userPrincipalName",
  );
});

test("are read to the end, empty pages and deleted people included, and each person is named once", async () => {
  const nextLink = { "@odata.nextLink": `${base}/users/delta?$skiptoken=2` };
  const { network, changes } = following(
    inTurn(
      ok({ value: [{ id: ana.toUpperCase() }], ...nextLink }),
      ok({ value: [], ...nextLink }),
      end("2", [{ id: ana }, { id: ben, "@removed": { reason: "changed" } }]),
    ),
  );
  expect(await changes.since(cursor)).toEqual({
    kind: "changes",
    ids: new Set([ana, ben]),
    cursor: "/users/delta?$deltatoken=2",
  });
  expect(network.calls[0]?.path).toBe(cursor);
});

test.each([400, 404, 410])("whose cursor is refused with %i are lost", async (status) => {
  const { changes } = following(() => refused(status));
  expect(await changes.since(cursor)).toEqual({ kind: "lost", why: `${status} from /users/delta` });
});

test("whose cursor is refused on a later page are lost as well: they are never half read", async () => {
  const nextLink = { "@odata.nextLink": `${base}/users/delta?$skiptoken=2` };
  const { changes } = following(inTurn(ok({ value: [{ id: ana }], ...nextLink }), refused(410)));
  expect(await changes.since(cursor)).toMatchObject({ kind: "lost" });
});

test("whose last page has no link are lost: what comes after would be", async () => {
  const { changes } = following(() => ok({ value: [{ id: ana }] }));
  expect(await changes.since(cursor)).toMatchObject({ kind: "lost", why: expect.stringContaining("link") });
});

test("that do not end are lost", async () => {
  const { network, changes } = following(() => ok({ value: [], "@odata.nextLink": `${base}${cursor}` }));
  expect(await changes.since(cursor)).toMatchObject({ kind: "lost", why: "the changes do not end" });
  expect(network.calls).toHaveLength(1_000);
});

test.each([403, 501])("that Graph does not tell, with %i, are an error", async (status) => {
  const { changes } = following(() => refused(status));
  await expect(changes.since(cursor)).rejects.toThrow(String(status));
});

test("that cannot be followed from now on are an error", async () => {
  const { changes } = following(() => refused(400));
  await expect(changes.latest({ attributes: [], stamps: [] })).rejects.toThrow("400");
});

test("are followed in their own tenant alone", async () => {
  const { changes } = following(() =>
    ok({ value: [], "@odata.nextLink": "https://elsewhere.example/v1.0/users/delta" }),
  );
  await expect(changes.since(cursor)).rejects.toThrow("leads elsewhere");
});
