import { describe, expect, test } from "vitest";
import { accessKeySchema, analystKeySchema, queueOf, sessionOf, type Key } from "../../shared/queue/keys.ts";
import { ana, ben, contoso, groupId } from "../support/world.ts";
import { targetNameSchema } from "../../shared/model/ids.ts";

const fabrikam = targetNameSchema.parse("fabrikam");
const keys: readonly Key[] = [
  { kind: "analyst", analyst: ana },
  { kind: "analyst", analyst: ben },
  { kind: "role-group", group: groupId(1) },
  { kind: "access", target: contoso, analyst: ana },
  { kind: "access", target: contoso, analyst: ben },
  { kind: "access", target: fabrikam, analyst: ana },
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
    const longest = targetNameSchema.parse("t".repeat(64));
    const session = sessionOf({ kind: "access", target: longest, analyst: ana });
    expect(session.length).toBeLessThanOrEqual(128);
    for (const key of keys) expect(sessionOf(key)).not.toMatch(/[/\\#?]/);
  });
});

describe("a queue", () => {
  test("holds the keys of one kind of worker", () => {
    expect(keys.map(queueOf)).toEqual(["analysts", "analysts", "analysts", "access", "access", "access"]);
  });
});

describe("a message", () => {
  const analyst = { ...message, key: { kind: "analyst", analyst: ana } };
  const access = { ...message, key: { kind: "access", target: contoso, analyst: ana } };

  test("survives the way through the queue as it was", () => {
    const through = (value: unknown): unknown => JSON.parse(JSON.stringify(value));
    expect(analystKeySchema.parse(through(analyst))).toEqual(analyst);
    expect(accessKeySchema.parse(through(access))).toEqual(access);
  });

  test("of one queue is none of the other", () => {
    expect(analystKeySchema.safeParse(access).success).toBe(false);
    expect(accessKeySchema.safeParse(analyst).success).toBe(false);
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
    expect(analystKeySchema.safeParse(body).success).toBe(false);
  });

  test("says nothing but which key, why and when: a change in it would not be read", () => {
    const parsed = analystKeySchema.parse({ ...analyst, roles: ["reader"], enabled: false });
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
    const names = Object.keys(analystKeySchema.parse(analyst));
    expect(names.filter((name) => taken.some((one) => one.toLowerCase() === name.toLowerCase()))).toEqual([]);
  });
});
