import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { readNotifications } from "../../shared/graph/notification.ts";
import {
  delivery,
  groupItem,
  lifecycleItem,
  roleGroup,
  sourceTenant,
  userItem,
  usersId,
  usersSecret,
  type Item,
} from "../support/delivery.ts";
import { ana, ben } from "../support/fixtures.ts";

/** What the only item of a delivery is about; null when it cannot be read. */
function aboutOf(item: unknown) {
  const body = readNotifications(delivery(item));
  if (body.kind === "invalid") throw new Error(body.problem);
  expect(body.items.length + body.unreadable).toBe(1);
  return body.items[0]?.about ?? null;
}

const aboutAna = { kind: "user", id: ana };
const aboutGroup = (...members: readonly string[]) => ({ kind: "group", id: roleGroup, members });
const data = (changes: Item): Item => ({ resourceData: changes });

describe("a delivery", () => {
  test("carries the subscription, its client state, the tenant and the user", () => {
    expect(readNotifications(delivery(userItem()))).toEqual({
      kind: "items",
      items: [{ subscriptionId: usersId, clientState: usersSecret, tenantId: sourceTenant, about: aboutAna }],
      unreadable: 0,
    });
  });

  test.each([
    ["no text", "", "not JSON"],
    ["half a text", '{"value":[', "not JSON"],
    ["HTML", "<html></html>", "not JSON"],
    ["an array", JSON.stringify([userItem()]), "an array"],
    ["null", "null", 'no "value" array'],
    ["a number", "42", 'no "value" array'],
    ["a text", '"value"', 'no "value" array'],
    ["an object without value", "{}", 'no "value" array'],
    ["a value that is no array", '{"value":{}}', 'no "value" array'],
    ["a value of null", '{"value":null}', 'no "value" array'],
  ])("that is %s is invalid, and says so", (_, text, problem) => {
    const body = readNotifications(text);
    expect(body.kind).toBe("invalid");
    expect(body.kind === "invalid" ? body.problem : "").toContain(problem);
  });

  test("without items is a delivery of nothing", () => {
    expect(readNotifications(delivery())).toEqual({ kind: "items", items: [], unreadable: 0 });
  });

  test("is read as far as it can be: what is no notification spoils nothing else", () => {
    const body = readNotifications(delivery(null, userItem(), 7, [], userItem(ben), "text", {}));
    expect(body.kind === "items" ? body.items.map(({ about }) => about) : []).toEqual([
      aboutAna,
      { kind: "user", id: ben },
    ]);
    expect(body.kind === "items" ? body.unreadable : 0).toBe(5);
  });

  test("never makes the reader throw, whatever it is", () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          fc.json(),
          fc.jsonValue().map((any) => delivery(any)),
        ),
        (text) => {
          readNotifications(text);
        },
      ),
      { numRuns: 500 },
    );
  });
});

describe("an item", () => {
  const without = (name: string): Item =>
    Object.fromEntries(Object.entries(userItem()).filter(([key]) => key !== name));

  test.each([
    ["no subscription id", without("subscriptionId")],
    ["no client state", without("clientState")],
    ["no tenant", without("tenantId")],
    ["a client state of null", userItem(ana, { clientState: null })],
    ["a client state that is no text", userItem(ana, { clientState: 7 })],
    ["no resource and no data", { ...without("resource"), resourceData: undefined }],
    ["a resource that is something else", userItem(ana, { resource: "Devices/x", ...data({}) })],
    ["data that is no object", userItem(ana, data([] as unknown as Item))],
    ["an id that is no id", userItem("not-an-id")],
    ["an id that is a number", userItem(ana, data({ id: 7 }))],
    ["a path to nobody", userItem(ana, { resource: "Users/", ...data({}) })],
  ])("with %s is unreadable", (_, item) => {
    expect(aboutOf(item)).toBeNull();
  });

  test("names its tenant in either case", () => {
    const tenant = "ABCDEF01-0000-4000-8000-00000000000A";
    const body = readNotifications(delivery(userItem(ana, { tenantId: tenant })));
    expect(body.kind === "items" ? body.items[0]?.tenantId : "").toBe(tenant.toLowerCase());
  });
});

describe("an item about a user", () => {
  test.each([
    ["as Graph writes it", userItem()],
    ["in the case it was subscribed in", userItem(ana, { resource: `users/${ana}` })],
    ["in capitals", userItem(ana.toUpperCase())],
    ["without data", userItem(ana, data({}))],
    ["without data at all", userItem(ana, { resourceData: null })],
    ["without a path, by its type and id", { ...userItem(), resource: undefined }],
    ["without a type, by its path", userItem(ana, data({ id: ana }))],
    ["soft-deleted, which arrives as updated", userItem(ana, { changeType: "updated" })],
    ["deleted for good", userItem(ana, { changeType: "deleted" })],
  ])("names them: %s", (_, item) => {
    expect(aboutOf(item)).toEqual(aboutAna);
  });
});

describe("an item about a group", () => {
  test.each([
    ["without members says that nobody knows who", groupItem(), aboutGroup()],
    ["with an empty list of members says the same", groupItem([]), aboutGroup()],
    [
      "with a list of null says the same",
      groupItem(undefined, data({ id: roleGroup, "members@delta": null })),
      aboutGroup(),
    ],
    ["in lower case is the same group", groupItem([], { resource: `groups/${roleGroup}` }), aboutGroup()],
    ["without data is known by its path", groupItem([], { resourceData: null }), aboutGroup()],
    ["names who was added", groupItem([{ id: ana }]), aboutGroup(ana)],
    [
      "names who was removed, said as a text",
      groupItem([{ id: ana, "@removed": "deleted" }]),
      aboutGroup(ana),
    ],
    [
      "names who was removed, said as an object",
      groupItem([{ id: ana, "@removed": { reason: "deleted" } }]),
      aboutGroup(ana),
    ],
    [
      "names all of them",
      groupItem([{ id: ana.toUpperCase() }, { id: ben, "@removed": "deleted" }]),
      aboutGroup(ana, ben),
    ],
    [
      "with a member that cannot be read names none: the group is compared as a whole",
      groupItem([{ id: ana }, { id: "garbage" }]),
      aboutGroup(),
    ],
    ["with a member that is null names none", groupItem([{ id: ana }, null]), aboutGroup()],
    ["with a member that is a text names none", groupItem([ana]), aboutGroup()],
    ["with a member without id names none", groupItem([{ "@removed": "deleted" }]), aboutGroup()],
  ])("%s", (_, item, about) => {
    expect(aboutOf(item)).toEqual(about);
  });

  test("whose own id cannot be read is unreadable", () => {
    expect(aboutOf(groupItem([{ id: ana }], data({ id: "garbage" })))).toBeNull();
  });
});

describe("a lifecycle item", () => {
  test.each(["reauthorizationRequired", "subscriptionRemoved", "missed", "something of next year"])(
    "is known by its event, without change type or resource: %s",
    (event) => {
      expect(aboutOf(lifecycleItem(event))).toEqual({ kind: "lifecycle", event });
    },
  );
});
