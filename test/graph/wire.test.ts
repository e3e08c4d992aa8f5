import { describe, expect, test } from "vitest";
import { groupFacts, groupSchema, groupSelect, textOf, timeOf, userSchema } from "../../shared/graph/wire.ts";
import { groupId } from "../support/fixtures.ts";

const assigned = {
  id: groupId(1),
  displayName: "SOC Readers",
  groupTypes: [],
  isAssignableToRole: false,
  onPremisesSyncEnabled: null,
  mailEnabled: false,
};
const membershipOf = (changes: object) =>
  groupFacts(groupSchema.parse({ ...assigned, ...changes })).membership;

describe("whose members can be written", () => {
  test.each([
    ["a security group", {}, "assigned"],
    [
      "a group of which Graph says nothing else",
      { groupTypes: null, isAssignableToRole: null, mailEnabled: null },
      "assigned",
    ],
    ["a Microsoft 365 group", { groupTypes: ["Unified"], mailEnabled: true }, "assigned"],
    ["a dynamic group", { groupTypes: ["DynamicMembership"] }, "dynamic"],
    [
      "a dynamic Microsoft 365 group",
      { groupTypes: ["Unified", "DynamicMembership"], mailEnabled: true },
      "dynamic",
    ],
    ["a group from on-premises", { onPremisesSyncEnabled: true }, "on-premises"],
    [
      "a mail-enabled group from on-premises",
      { onPremisesSyncEnabled: true, mailEnabled: true },
      "on-premises",
    ],
    ["a group that was from on-premises once", { onPremisesSyncEnabled: false }, "assigned"],
    ["a role-assignable group", { isAssignableToRole: true }, "role-assignable"],
    [
      "a group of which Graph may not say whether roles hang on it",
      { isAssignableToRole: undefined },
      "unreadable",
    ],
    [
      "a group of which Graph may not say where it comes from",
      { onPremisesSyncEnabled: undefined },
      "unreadable",
    ],
    [
      "a dynamic group of which Graph says nothing else",
      { groupTypes: ["DynamicMembership"], isAssignableToRole: undefined },
      "dynamic",
    ],
    ["a mail-enabled security group", { mailEnabled: true }, "mail-enabled"],
  ])("%s", (_, changes, membership) => {
    expect(membershipOf(changes)).toBe(membership);
  });

  test("is asked for in full: no property that decides it is left out of the question", () => {
    expect(groupSelect.split(",").toSorted()).toEqual(Object.keys(assigned).toSorted());
  });

  test("a group without a name is called by its id, in lower case", () => {
    const group = groupSchema.parse({ ...assigned, id: assigned.id.toUpperCase(), displayName: null });
    expect(groupFacts(group)).toMatchObject({ id: assigned.id, displayName: assigned.id });
  });
});

describe("a time of Graph's", () => {
  test.each([
    ["with a zone", "2026-11-20T12:00:00Z", Date.UTC(2026, 10, 20, 12)],
    [
      "with more digits than a Date has",
      "2026-11-20T12:00:00.2455823Z",
      Date.UTC(2026, 10, 20, 12, 0, 0, 245),
    ],
    ["never, which Graph writes as the year 1", "0001-01-01T00:00:00Z", null],
    ["nothing", null, null],
    ["left out", undefined, null],
    ["no time", "yesterday", null],
  ])("%s", (_, text, time) => {
    expect(timeOf(text)).toBe(time);
  });
});

describe("a string property", () => {
  test("is its text, and anything else counts as not set", () => {
    const wire = { a: "x", b: "", c: null, d: 7, e: ["x"] };
    expect(["a", "b", "c", "d", "e", "f"].map((name) => textOf(wire, name))).toEqual([
      "x",
      "",
      null,
      null,
      null,
      null,
    ]);
  });
});

test("a user is read without the properties that were not asked for, and with those that are Muster's own", () => {
  const user = userSchema.parse({
    id: "1",
    userPrincipalName: "ana@source.example",
    extension_x_socRoles: "reader",
  });
  expect(textOf(user, "extension_x_socRoles")).toBe("reader");
  expect(userSchema.safeParse({ id: "1" }).success).toBe(false);
});
