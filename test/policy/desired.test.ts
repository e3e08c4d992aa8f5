import type { NameOrId, Wish } from "../../shared/model/wish.ts";
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { analystIdSchema, groupIdSchema, roleNameSchema } from "../../shared/model/ids.ts";
import {
  attributesKey,
  desiredGrants,
  groupKey,
  holdsAttributes,
  stampIn,
  stampValue,
} from "../../shared/policy/desired.ts";
import { smallPolicy } from "../support/small-policy.ts";
import type { Grant } from "../../shared/policy/policy.ts";

const named = (name: string): NameOrId => ({ kind: "name", name });
const inGroup = (group: NameOrId): Wish => ({ kind: "group", group });
const role = (name: string) => roleNameSchema.parse(name);

describe("who has the attributes of a role", () => {
  const wanted = { department: "SOC", jobTitle: "Threat Hunter" };
  test.each<[string, Readonly<Record<string, string | null>>, boolean]>([
    ["somebody with all of them", wanted, true],
    ["somebody with others too", { ...wanted, city: "Oslo" }, true],
    ["nobody with only some of them", { department: "SOC" }, false],
    ["nobody with one that is unset", { department: "SOC", jobTitle: null }, false],
    ["whoever has one in another case, as Graph's filters have it", { ...wanted, department: "soc" }, true],
    ["nobody with a space too many", { ...wanted, department: "SOC " }, false],
  ])("%s", (_, attributes, has) => {
    expect(holdsAttributes(wanted, attributes)).toBe(has);
  });
});

describe("what shows that somebody holds a role", () => {
  test("is the group's id, or the attributes with their values: no name in the policy", () => {
    const group = groupIdSchema.parse("88888888-8888-4888-8888-888888888888");
    expect(groupKey(group)).toBe(`group:${group}`);
    expect(attributesKey({ department: "SOC" })).toBe('attributes:[["department","SOC"]]');
  });

  test("is the same whatever order the attributes are written in, and another for another value", () => {
    const one = attributesKey({ department: "SOC", jobTitle: "Hunter" });
    expect(attributesKey({ jobTitle: "Hunter", department: "SOC" })).toBe(one);
    expect(attributesKey({ jobTitle: "Reader", department: "SOC" })).not.toBe(one);
    expect(attributesKey({ department: "SOC" })).not.toBe(one);
  });

  test("never mixes up names and values", () => {
    fc.assert(
      fc.property(
        fc.dictionary(fc.string(), fc.string()),
        fc.dictionary(fc.string(), fc.string()),
        (a, b) => {
          const names = new Set([...Object.keys(a), ...Object.keys(b)]);
          const same = [...names].every((name) => a[name] === b[name]);
          expect(attributesKey(a) === attributesKey(b)).toBe(same);
        },
      ),
    );
  });
});

describe("what is desired in a target", () => {
  const id: NameOrId = { kind: "id", id: groupIdSchema.parse("88888888-8888-4888-8888-888888888888") };
  const grants: readonly Grant[] = [
    { role: role("reader"), wishes: [inGroup(named("Readers"))], sourceGroups: [] },
    {
      role: role("responder"),
      wishes: [named("Responders"), named("Readers"), id].map(inGroup),
      sourceGroups: [],
    },
  ];

  test("is nothing without roles", () => {
    expect(desiredGrants({ grants, retire: false }, [])).toEqual([]);
  });

  test("is nothing for a role that the target grants nothing to", () => {
    expect(desiredGrants({ grants, retire: false }, [role("hunter")])).toEqual([]);
  });

  test("is the union over all roles, sorted, each group once", () => {
    const union = [id, named("Readers"), named("Responders")].map(inGroup);
    expect(desiredGrants({ grants, retire: false }, [role("reader"), role("responder")])).toEqual(union);
    expect(desiredGrants({ grants, retire: false }, [role("responder"), role("reader")])).toEqual(union);
  });

  test("only grows with more roles", () => {
    const some = fc.subarray(["reader", "responder", "hunter"]);
    fc.assert(
      fc.property(some, some, (first, second) => {
        const alone = desiredGrants({ grants, retire: false }, first.map(role));
        expect(desiredGrants({ grants, retire: false }, [...first, ...second].map(role))).toEqual(
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

test("a stamp is called by the application that owns it: the source's, or one of the target's own", () => {
  const policy = smallPolicy();
  const [stamp] = policy.source.stamps;
  const [target] = policy.targets;
  if (stamp === undefined || target === undefined)
    throw new Error("the small policy has a stamp and a target");
  expect(stampIn(stamp, policy, target)).toBe("extension_22222222222242228222222222222222_socRoles");
  const own = { ...target, extensionApp: "cccccccc-cccc-4ccc-8ccc-cccccccccccc" };
  expect(stampIn(stamp, policy, own)).toBe("extension_cccccccccccc4ccc8ccccccccccccccc_socRoles");
});
