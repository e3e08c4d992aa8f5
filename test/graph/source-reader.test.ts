import { describe, expect, test } from "vitest";
import type { HttpAnswer, HttpCall } from "../../shared/graph/http.ts";
import { sourceReader, type GroupMembers } from "../../shared/graph/source-reader.ts";
import { graphTenant } from "../../shared/graph/tenant.ts";
import { inTurn, ok, refused, scriptedHttp } from "../support/scripted-http.ts";
import { ana, ben, groupId } from "../support/fixtures.ts";

function reading(answer: (call: HttpCall) => HttpAnswer) {
  const network = scriptedHttp(answer);
  const tenant = graphTenant({ tenantId: "t", url: "https://graph.example", http: network.http });
  return { network, reader: sourceReader(tenant) };
}

const user = (id: string) => ({ "@odata.type": "#microsoft.graph.user", id });
const group = (id: string) => ({ "@odata.type": "#microsoft.graph.group", id });

describe("the members of a group", () => {
  test("are told apart: people, and the groups that are in it", async () => {
    const { network, reader } = reading(() => ok({ value: [user(ana), group(groupId(5)), user(ben)] }));
    expect(await reader.listMembers(groupId(1), "low")).toEqual({
      items: [ana, ben],
      groups: [groupId(5)],
      completeness: { kind: "complete" },
    } satisfies GroupMembers);
    expect(network.calls.map(({ path }) => path)).toEqual([
      `/groups/${groupId(1)}/transitiveMembers?$select=id&$top=999`,
    ]);
  });

  test("that do not say what they are count as people: nobody is passed over", async () => {
    const { reader } = reading(() =>
      ok({ value: [{ id: ana }, { "@odata.type": "#microsoft.graph.somethingNew", id: ben }] }),
    );
    expect(await reader.listMembers(groupId(1), "low")).toMatchObject({ items: [ana, ben], groups: [] });
  });

  test("are people and groups alone: devices, applications and contacts may be in a group as well", async () => {
    const { reader } = reading(() =>
      ok({
        value: [
          user(ana),
          { "@odata.type": "#microsoft.graph.device", id: groupId(6) },
          { "@odata.type": "#microsoft.graph.servicePrincipal", id: groupId(7) },
          { "@odata.type": "#microsoft.graph.orgContact", id: groupId(8) },
        ],
      }),
    );
    expect(await reader.listMembers(groupId(1), "low")).toMatchObject({ items: [ana], groups: [] });
  });

  test("are known by ids in one case", async () => {
    const { reader } = reading(() =>
      ok({ value: [user(ana.toUpperCase()), group(groupId(5).toUpperCase())] }),
    );
    expect(await reader.listMembers(groupId(1), "low")).toMatchObject({ items: [ana], groups: [groupId(5)] });
  });

  test("that could not be read to the end are partial, groups and all", async () => {
    const next = `https://graph.example/v1.0/groups/${groupId(1)}/transitiveMembers?$skiptoken=1`;
    const { reader } = reading(
      inTurn(ok({ value: [group(groupId(5))], "@odata.nextLink": next }), refused(403)),
    );
    expect(await reader.listMembers(groupId(1), "low")).toMatchObject({
      groups: [groupId(5)],
      completeness: { kind: "partial" },
    });
  });
});

test("the groups around a group are those it is in, through others as well", async () => {
  const { network, reader } = reading(() => ok({ value: [{ id: groupId(1) }] }));
  expect((await reader.listGroupsAround(groupId(5), "normal")).items).toEqual([groupId(1)]);
  expect(network.calls[0]?.path).toBe(`/groups/${groupId(5)}/transitiveMemberOf?$select=id&$top=999`);
});

test("whoever holds a role by attributes is asked for with the values as they are, quotation marks included", async () => {
  const { network, reader } = reading(() => ok({ value: [{ id: ana.toUpperCase() }] }));
  const found = await reader.listByAttributes({ department: "SOC", jobTitle: "L'analyste" }, "normal");
  expect(found.items).toEqual([ana]);
  expect(decodeURIComponent(network.calls[0]?.path ?? "")).toContain(
    "$filter=department eq 'SOC' and jobTitle eq 'L''analyste'",
  );
});

test.each([
  ["a property that only advanced queries know", { companyName: "Fourth Coffee" }],
  ["several, of which one is of that kind", { department: "SOC", employeeType: "Contractor" }],
  ["a value that is too long for others", { department: "x".repeat(121) }],
])("whoever holds a role by %s is asked for in an advanced query", async (_, attributes) => {
  const { network, reader } = reading(() => ok({ value: [{ id: ana }] }));
  await reader.listByAttributes(attributes, "normal");
  expect(network.calls[0]?.path).toContain("&$count=true");
  expect(network.calls[0]?.headers).toMatchObject({ ConsistencyLevel: "eventual" });
});

test("whoever holds a role by other attributes is not: its index may be further behind than the directory", async () => {
  const { network, reader } = reading(() => ok({ value: [{ id: ana }] }));
  await reader.listByAttributes({ department: "x".repeat(120), city: "Bonn" }, "normal");
  expect(network.calls[0]?.path).not.toContain("$count");
  expect(network.calls[0]?.headers).not.toHaveProperty("ConsistencyLevel");
});

describe("a user", () => {
  const question = {
    id: ana,
    attributes: ["department"],
    stamps: ["extension_x"],
    priority: "normal",
  } as const;
  const wire = { id: ana.toUpperCase(), userPrincipalName: "ana@source.example" };

  test("is read with what decides about them, and nothing else", async () => {
    const { network, reader } = reading(() =>
      ok({ ...wire, accountEnabled: true, mail: "ana.meyer@source.example", department: "SOC", more: 1 }),
    );
    expect(await reader.readUser(question)).toEqual({
      kind: "present",
      user: {
        id: ana,
        userPrincipalName: "ana@source.example",
        mail: "ana.meyer@source.example",
        displayName: "ana@source.example",
        enabled: true,
        attributes: { department: "SOC" },
        stamps: { extension_x: null },
        sessionsValidFrom: null,
      },
    });
    expect(network.calls).toHaveLength(1);
  });

  test("is disabled only when Graph says so: a value that is missing is no evidence", async () => {
    const enabled = async (accountEnabled: boolean | undefined) => {
      const read = await reading(() => ok({ ...wire, accountEnabled })).reader.readUser(question);
      return read.kind === "present" && read.user.enabled;
    };
    expect([await enabled(undefined), await enabled(true), await enabled(false)]).toEqual([
      true,
      true,
      false,
    ]);
  });

  test.each([
    ["in the recycle bin", ok({ id: ana }), "soft-deleted"],
    ["nowhere", refused(404), "absent"],
  ] as const)("who is not found is looked for among the deleted: %s", async (_, answer, kind) => {
    const { reader } = reading(inTurn(refused(404), answer));
    expect((await reader.readUser(question)).kind).toBe(kind);
  });

  test("of whom Graph does not say whether they are deleted is no leaver: that is an error", async () => {
    const { reader } = reading(inTurn(refused(404), refused(403)));
    await expect(reader.readUser(question)).rejects.toThrow("403");
  });
});
