import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { analystIdSchema, groupIdSchema, roleNameSchema } from "../../shared/model/ids.ts";
import { desiredGrants, rolesOf, stampValue } from "../../shared/policy/desired.ts";
import type { RoleEvidence } from "../../shared/policy/desired.ts";
import type { Grant, NameOrId, Role } from "../../shared/policy/policy.ts";

const named = (name: string): NameOrId => ({ kind: "name", name });
const role = (name: string) => roleNameSchema.parse(name);

const roles: readonly Role[] = [
  { name: role("responder"), holders: { kind: "group", group: named("SOC Responders") } },
  {
    name: role("hunter"),
    holders: { kind: "attributes", attributes: { department: "SOC", jobTitle: "Threat Hunter" } },
  },
  { name: role("reader"), holders: { kind: "group", group: named("SOC Readers") } },
];

describe("who holds a role", () => {
  const hunts = { department: "SOC", jobTitle: "Threat Hunter" };
  const rows: readonly (readonly [
    name: string,
    groups: readonly string[],
    attributes: RoleEvidence["attributes"],
    held: readonly string[],
  ])[] = [
    ["nobody without a group or attributes", [], {}, []],
    ["a member of its group", ["reader"], {}, ["reader"]],
    [
      "everybody who matches several holds them all, sorted",
      ["responder", "reader"],
      hunts,
      ["hunter", "reader", "responder"],
    ],
    ["somebody with all of its attributes", [], hunts, ["hunter"]],
    ["somebody with other attributes too", [], { ...hunts, city: "Oslo" }, ["hunter"]],
    ["nobody with only some of its attributes", [], { department: "SOC" }, []],
    ["nobody with an attribute that is unset", [], { department: "SOC", jobTitle: null }, []],
    ["nobody with an attribute in other letters", [], { department: "soc", jobTitle: "Threat Hunter" }, []],
    ["nobody with a space too many", [], { department: "SOC ", jobTitle: "Threat Hunter" }, []],
    ["no member of a group of the same name as a role that attributes give", ["hunter"], {}, []],
  ];
  test.each(rows)("%s", (_, groups, attributes, held) => {
    expect(rolesOf({ roles }, { groups: new Set(groups), attributes })).toEqual(held);
  });
});

describe("what is desired in a target", () => {
  const id: NameOrId = { kind: "id", id: groupIdSchema.parse("88888888-8888-4888-8888-888888888888") };
  const grants: readonly Grant[] = [
    { role: role("reader"), groups: [named("Readers")] },
    { role: role("responder"), groups: [named("Responders"), named("Readers"), id] },
  ];

  test("is nothing without roles", () => {
    expect(desiredGrants({ grants }, [])).toEqual([]);
  });

  test("is nothing for a role that the target grants nothing to", () => {
    expect(desiredGrants({ grants }, [role("hunter")])).toEqual([]);
  });

  test("is the union over all roles, sorted, each group once", () => {
    const union = [id, named("Readers"), named("Responders")];
    expect(desiredGrants({ grants }, [role("reader"), role("responder")])).toEqual(union);
    expect(desiredGrants({ grants }, [role("responder"), role("reader")])).toEqual(union);
  });

  test("only grows with more roles", () => {
    const some = fc.subarray(["reader", "responder", "hunter"]);
    fc.assert(
      fc.property(some, some, (first, second) => {
        const alone = desiredGrants({ grants }, first.map(role));
        expect(desiredGrants({ grants }, [...first, ...second].map(role))).toEqual(
          expect.arrayContaining([...alone]),
        );
      }),
    );
  });
});

describe("what a stamp says", () => {
  const id = analystIdSchema.parse("CCCCCCCC-CCCC-4CCC-8CCC-CCCCCCCCCCCC");
  const rows: readonly (readonly [template: string, roles: readonly string[], value: string])[] = [
    ["{id}", [], "cccccccc-cccc-4ccc-8ccc-cccccccccccc"],
    ["{id}", ["reader"], "cccccccc-cccc-4ccc-8ccc-cccccccccccc"],
    ["{roles}", [], "none"],
    ["soc:{roles}", [], "none"],
    ["{roles}", ["reader"], "reader"],
    ["{roles}", ["responder", "reader", "responder"], "reader;responder"],
    ["{roles} of {id}", ["reader"], "reader of cccccccc-cccc-4ccc-8ccc-cccccccccccc"],
  ];
  test.each(rows)("%s for roles %j is %s", (template, names, value) => {
    expect(stampValue(template, { id, roles: names.map(role) })).toBe(value);
  });

  test("256 characters fit", () => {
    expect(stampValue(`${"x".repeat(220)}{id}`, { id, roles: [] })).toHaveLength(256);
  });

  test("a longer one is refused, not cut", () => {
    expect(stampValue(`${"x".repeat(221)}{id}`, { id, roles: [] })).toEqual({
      kind: "too-long",
      length: 257,
      limit: 256,
    });
  });
});
