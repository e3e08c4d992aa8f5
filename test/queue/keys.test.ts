import { describe, expect, test } from "vitest";
import {
  accessMessageSchema,
  analystMessageSchema,
  arrivalMessageSchema,
  queueOf,
  sessionOf,
  type Key,
} from "../../shared/queue/keys.ts";
import { ana, ben, contosoTenant, fabrikamTenant, groupId } from "../support/fixtures.ts";

const keys: readonly Key[] = [
  { kind: "analyst", analyst: ana },
  { kind: "analyst", analyst: ben },
  { kind: "arrival", user: ana },
  { kind: "role-group", group: groupId(1) },
  { kind: "attribute-roles" },
  { kind: "access", tenant: contosoTenant, analyst: ana },
  { kind: "access", tenant: contosoTenant, analyst: ben },
  { kind: "access", tenant: fabrikamTenant, analyst: ana },
];
const message = { cause: "notification: user", heardAt: 1_795_176_000_000, occasion: "event" };

describe("a session", () => {
  test("is one key's alone", () => {
    expect(new Set(keys.map(sessionOf)).size).toBe(keys.length);
  });

  // The Functions host parses its texts about a message as JSON: a session "42" would become a number.
  test("is no JSON, which the Functions host would read as something else", () => {
    for (const key of keys) expect(() => JSON.parse(sessionOf(key)) as unknown).toThrow(SyntaxError);
  });

  test("fits where Service Bus and the tables keep it", () => {
    for (const session of keys.map(sessionOf)) {
      expect(session.length).toBeLessThanOrEqual(128);
      expect(session).not.toMatch(/[/\\#?]/);
    }
  });

  test("belongs to the tenant, whatever the policy calls it", () => {
    expect(sessionOf({ kind: "access", tenant: contosoTenant, analyst: ana })).toBe(
      `access:${contosoTenant}:${ana}`,
    );
  });
});

describe("a queue", () => {
  test("holds the keys of one kind of worker; strangers wait in one of their own", () => {
    expect(keys.map(queueOf)).toEqual([
      "analysts",
      "analysts",
      "arrivals",
      "analysts",
      "analysts",
      "access",
      "access",
      "access",
    ]);
  });
});

describe("a message", () => {
  const analyst = { ...message, key: { kind: "analyst", analyst: ana } };
  const access = { ...message, key: { kind: "access", tenant: contosoTenant, analyst: ana }, version: 3 };
  const arrival = { ...message, key: { kind: "arrival", user: ana }, tries: 2 };

  test("survives the way through the queue as it was", () => {
    const through = (value: unknown): unknown => JSON.parse(JSON.stringify(value));
    expect(analystMessageSchema.parse(through(analyst))).toEqual(analyst);
    expect(accessMessageSchema.parse(through(access))).toEqual(access);
    expect(accessMessageSchema.parse(through({ ...access, version: null }))).toMatchObject({ version: null });
    expect(arrivalMessageSchema.parse(through(arrival))).toEqual(arrival);
    const comparison = { ...message, occasion: "check", key: { kind: "attribute-roles" } };
    expect(analystMessageSchema.parse(through(comparison))).toEqual(comparison);
  });

  test("of one queue is none of another", () => {
    const schemas = [analystMessageSchema, accessMessageSchema, arrivalMessageSchema];
    const messages = [analyst, access, arrival];
    for (const [row, schema] of schemas.entries())
      for (const [column, one] of messages.entries())
        expect(schema.safeParse(one).success).toBe(row === column);
  });

  test.each([
    ["a pair without a version", { ...access, version: undefined }],
    [
      "a pair in a target that is called by its name",
      { ...access, key: { ...access.key, tenant: "contoso" } },
    ],
  ])("that is about %s is none of Muster's", (_, body) => {
    expect(accessMessageSchema.safeParse(body).success).toBe(false);
  });

  test.each([
    ["nothing", null],
    ["a text", "analyst"],
    ["no key", { ...message }],
    ["a key of an unknown kind", { ...message, key: { kind: "tenant", analyst: ana } }],
    ["an id that is no id", { ...message, key: { kind: "analyst", analyst: "ana" } }],
    ["no time", { ...analyst, heardAt: undefined }],
    ["a time that is a text", { ...analyst, heardAt: "2026-11-20" }],
    ["a time before all times", { ...analyst, heardAt: -1 }],
    ["no occasion", { ...analyst, occasion: "later" }],
    ["a cause without end", { ...analyst, cause: "x".repeat(201) }],
  ])("that is %s is none of Muster's", (_, body) => {
    expect(analystMessageSchema.safeParse(body).success).toBe(false);
  });

  test("says nothing but which key, why and when: a change in it would not be read", () => {
    const parsed = analystMessageSchema.parse({ ...analyst, roles: ["reader"], enabled: false });
    expect(Object.keys(parsed).toSorted()).toEqual(["cause", "heardAt", "key", "occasion"]);
  });

  // What the host says about a message is replaced by fields of the same name in its body.
  test("uses no name that the Functions host uses for what it says about a message", () => {
    const taken = [
      "messageId",
      "sessionId",
      "deliveryCount",
      "lockToken",
      "enqueuedTime",
      "sequenceNumber",
      "subject",
    ];
    const names = Object.keys(analystMessageSchema.parse(analyst));
    expect(names.filter((name) => taken.some((one) => one.toLowerCase() === name.toLowerCase()))).toEqual([]);
  });
});
