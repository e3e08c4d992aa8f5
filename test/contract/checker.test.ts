import { describe, expect, test } from "vitest";
import { checkRequest } from "./check-request.ts";
import { checkTraffic } from "./check-traffic.ts";
import { parseMetadata } from "./parse-metadata.ts";
import { acceptedApplicationPermissions, leastApplicationPermission } from "./permissions.ts";
import { sampleData } from "./sample-data.ts";

const { metadata, permissions } = sampleData;
const id = "5b8e1b0a-6b0f-4d3c-9a51-0d7c5a9e2f11";
const extension = "extension_0123456789abcdef0123456789abcdef_role";
const url = (path: string) => `https://graph.example/v1.0${path}`;

function problems(method: string, path: string, body?: unknown): readonly string[] {
  return checkRequest(metadata, { method, url: path, ...(body === undefined ? {} : { body }) }).problems;
}

const template = (path: string) => checkRequest(metadata, { method: "GET", url: path }).template;

type Case = [rule: string, method: string, path: string, body?: unknown];
type WrongCase = [rule: string, expected: string, method: string, path: string, body?: unknown];

describe("a path", () => {
  test.each([
    [`/users/${id}`, "/users/{id}"],
    [`/users/ana@fleet.example/crews`, "/users/{id}/crews"],
    [`/users('${id}')/crews/microsoft.graph.group`, "/users/{id}/crews/microsoft.graph.group"],
    [`/groups/${id}/sailors/${id}/$ref`, "/groups/{id}/sailors/{id}/$ref"],
    [`/users(serial='x')`, "/users(serial={value})"],
    [`/users/${id}/microsoft.graph.recall`, "/users/{id}/recall"],
    [
      `/users/${id}/logs/between(from=2026-01-01,to=2026-02-01)`,
      "/users/{id}/logs/between(from={value},to={value})",
    ],
    ["/users/delta()", "/users/delta"],
    [
      `/harbour/guards/any-key/microsoft.graph.night.chiefGuard/whistle`,
      "/harbour/guards/{id}/microsoft.graph.night.chiefGuard/whistle",
    ],
  ])("%s is the call %s", (path, expected) => {
    expect(template(path)).toBe(expected);
  });

  test.each<WrongCase>([
    ["a misspelt root", "did you mean users?", "GET", "/user"],
    ["a root in the wrong case", "did you mean users?", "GET", "/Users"],
    ["a misspelt relation", "did you mean crews?", "GET", `/users/${id}/crew`],
    ["a misspelt operation that looks like a key", "did you mean delta?", "GET", "/users/dleta"],
    ["a misspelt operation of an object", "did you mean recall?", "POST", `/users/${id}/recal`],
    [
      "a cast that can never succeed",
      "is never a microsoft.graph.logEntry",
      "GET",
      `/users/${id}/crews/microsoft.graph.logEntry`,
    ],
    [
      "a cast to an unknown type",
      "neither an id nor an operation",
      "GET",
      `/users/${id}/crews/microsoft.graph.crew`,
    ],
    [
      "a member of a derived type without its cast",
      "put a cast before it",
      "GET",
      "/harbour/guards/x/whistle",
    ],
    [
      "$ref on contained objects",
      "$ref applies only where objects are referred to",
      "GET",
      `/users/${id}/logs/$ref`,
    ],
    ["something behind $ref", "nothing follows", "GET", `/users/${id}/crews/$ref/x`],
    ["a path without its first slash", "must begin with /", "GET", "users"],
    ["an absolute URL", "must begin with /", "GET", "https://graph.example/v1.0/users"],
    ["an empty segment", "empty segment", "GET", `/users//crews`],
    ["broken percent-encoding", "not valid percent-encoding", "GET", "/users/%zz"],
    ["an unencoded #", "send %23", "GET", "/users/ana_fleet#EXT#@home.example"],
    ["a function without its arguments", "cannot be called with ()", "GET", `/users/${id}/logs/between`],
  ])("refuses %s", (_rule, expected, method, path, body) => {
    expect(problems(method, path, body)).toEqual([expect.stringContaining(expected)]);
  });
});

describe("a method", () => {
  test.each<Case>([
    ["lists a set", "GET", "/users"],
    ["creates in a set", "POST", "/groups", { motto: "on" }],
    ["creates in a contained collection", "POST", `/users/${id}/logs`, { words: "calm" }],
    ["changes an object", "PATCH", `/users/${id}`, { onDuty: true }],
    ["deletes an object", "DELETE", `/users/${id}`],
    ["adds a reference", "POST", `/groups/${id}/sailors/$ref`, { "@odata.id": url(`/users/${id}`) }],
    ["removes a reference", "DELETE", `/groups/${id}/sailors/${id}/$ref`],
    ["sets a single reference", "PUT", `/users/${id}/captain/$ref`, { "@odata.id": url(`/users/${id}`) }],
    ["deletes a referred object where an annotation allows it", "DELETE", `/harbour/lost/${id}`],
    ["replaces where an annotation asks for PUT", "PUT", "/harbour/plan", { words: "none" }],
    ["calls an action", "POST", `/users/${id}/recall`],
    ["counts", "GET", "/users/$count"],
  ])("that %s is right", (_rule, method, path, body) => {
    expect(problems(method, path, body)).toEqual([]);
  });

  test.each<WrongCase>([
    [
      "POST to a collection of references",
      `add a reference with POST /groups/{id}/sailors/$ref`,
      "POST",
      `/groups/${id}/sailors`,
      {},
    ],
    [
      "DELETE of a member without $ref",
      `remove the reference with DELETE /groups/{id}/sailors/{id}/$ref`,
      "DELETE",
      `/groups/${id}/sailors/${id}`,
    ],
    ["DELETE of a collection", "DELETE does not fit /users, a collection (GET, POST)", "DELETE", "/users"],
    ["DELETE of a singleton", "DELETE does not fit /harbour", "DELETE", "/harbour"],
    ["PATCH where an annotation asks for PUT", "an object (GET, PUT, DELETE)", "PATCH", "/harbour/plan", {}],
    ["PUT of an ordinary object", "PUT does not fit /users/{id}", "PUT", `/users/${id}`, {}],
    ["GET of an action", "an operation (POST)", "GET", `/users/${id}/recall`],
    ["POST to a function", "an operation (GET)", "POST", "/users/delta", {}],
    ["PATCH of one property", "PATCH does not fit /users/{id}/onDuty", "PATCH", `/users/${id}/onDuty`, {}],
  ])("refuses %s", (_rule, expected, method, path, body) => {
    expect(problems(method, path, body)).toEqual([expect.stringContaining(expected)]);
  });
});

describe("a query", () => {
  test.each<Case>([
    ["selects properties and extensions", "GET", `/users?$select=id,rank,${extension}&$top=999`],
    ["selects inside an object", "GET", "/users?$select=home/quay"],
    ["selects what members of a derived type have", "GET", `/groups/${id}/sailors?$select=id,rank`],
    ["expands with nested options", "GET", "/users?$expand=logs($select=words;$top=5),captain"],
    ["orders and counts", "GET", "/users?$orderby=voyages desc,rank&$count=true"],
    ["selects relations in a delta query", "GET", "/users/delta?$select=id,crews&$deltatoken=latest"],
  ])("that %s is right", (_rule, method, path) => {
    expect(problems(method, path)).toEqual([]);
  });

  test.each<WrongCase>([
    [
      "an unknown option",
      "$selct is not a query option of Graph; did you mean $select?",
      "GET",
      "/users?$selct=id",
    ],
    [
      "an option without its dollar",
      "filter is not a query option of Graph; did you mean $filter?",
      "GET",
      "/users?filter=onDuty",
    ],
    ["an unknown property", "has no rnk; did you mean rank?", "GET", "/users?$select=id,rnk"],
    [
      "a badly formed extension name",
      "the appId without hyphens",
      "GET",
      "/users?$select=extension_0123-4567_role",
    ],
    ["an extension on what has none", "has no extension_", "GET", `/users/${id}/logs?$expand=${extension}`],
    ["selecting a relation", "crews is a relation", "GET", "/users?$select=crews"],
    ["expanding a property", "rank is a property", "GET", "/users?$expand=rank"],
    ["a wrong nested option", "has no wrds; did you mean words?", "GET", "/users?$expand=logs($select=wrds)"],
    ["paging one object", "$top does not apply to one object", "GET", `/users/${id}?$top=5`],
    ["too large a page", "from 1 to 999", "GET", "/users?$top=1000"],
    ["a page of nothing", "above 0", "GET", `/users/${id}/logs?$top=0`],
    ["options on a write", "$select does not apply to DELETE", "DELETE", `/users/${id}?$select=id`],
    ["the same option twice", "$top is given more than once", "GET", "/users?$top=1&$top=2"],
    ["an empty option", "$select is empty", "GET", "/users?$select="],
    ["ordering by an unknown property", "has no age", "GET", "/users?$orderby=age"],
    ["an unknown direction", "neither asc nor desc", "GET", "/users?$orderby=rank down"],
    ["paging a delta query of users", "$top does not apply", "GET", "/users/delta?$top=5"],
    [
      "a delta token elsewhere",
      "$deltatoken does not apply to a listing",
      "GET",
      "/users?$deltatoken=latest",
    ],
  ])("refuses %s", (_rule, expected, method, path) => {
    expect(problems(method, path)).toEqual([expect.stringContaining(expected)]);
  });
});

describe("a filter", () => {
  const filtered = (filter: string) => problems("GET", `/users?$filter=${encodeURIComponent(filter)}`);

  test.each([
    `${extension} eq 'reader'`,
    "onDuty and not (voyages gt 5 or rank eq 'mate')",
    "rank in ('mate','deckhand')",
    "callSigns/any(c:c eq 'O''Hara')",
    "logs/any(entry:entry/words eq 'x' and startswith(entry/words,'y'))",
    "logs/$count gt 3",
    "home/quay ne null",
    `serial eq ${id}`,
    "joined ge 2026-01-01T00:00:00Z",
    "tolower(home/quay) eq 'a'",
    "startsWith(home/quay,'n')",
  ])("%s is right", (filter) => {
    expect(filtered(filter)).toEqual([]);
  });

  test.each([
    ["an unknown property", "rnk eq 'mate'", "has no rnk; did you mean rank?"],
    ["an unknown property inside any", "logs/any(l:l/wrds eq 'x')", "has no wrds"],
    [
      "a value of the wrong type",
      "onDuty eq 'true'",
      "onDuty is Edm.Boolean and cannot be compared with 'true'",
    ],
    ["a number in quotes", "voyages gt '5'", "voyages is Edm.Int32 and cannot be compared with '5'"],
    ["an unknown member of an enumeration", "rank eq 'admiral'", "must be one of deckhand, mate"],
    ["a collection compared as one value", "callSigns eq 'x'", "use any"],
    ["a relation compared as a value", "captain eq 'x'", "is an object"],
    ["an unknown operator", "rank equals 'mate'", "equals is not an operator"],
    ["an unknown function", "startWith(home/quay,'a')", "did you mean startswith?"],
    ["too few arguments", "startswith(home/quay)", "takes two arguments"],
    ["an unclosed bracket", "(onDuty eq true", ") is missing before the end"],
    ["a property that is no condition", "voyages", "voyages is not a condition"],
    ["text behind the end", "onDuty eq true false", "false is unexpected"],
    ["a filter that ends early", "rank eq", "it ends too early"],
    ["a character that begins nothing", "rank = 'mate'", "cannot read = 'mate'"],
  ])("refuses %s", (_rule, filter, expected) => {
    expect(filtered(filter)).toEqual([expect.stringContaining(expected)]);
  });

  test("on references needs a cast before it reads what only some of them have", () => {
    const path = `/groups/${id}/sailors`;
    expect(problems("GET", `${path}?$filter=onDuty eq true`)).toEqual([
      expect.stringContaining("put the cast"),
    ]);
    expect(problems("GET", `${path}/microsoft.graph.user?$filter=onDuty eq true`)).toEqual([]);
  });
});

describe("a body", () => {
  const patch = (body: unknown) => problems("PATCH", `/users/${id}`, body);

  test("may hold properties, objects, lists, derived types, extensions and nulls", () => {
    const body = {
      "@odata.type": "#microsoft.graph.user",
      callSigns: ["a"],
      home: { quay: "north", number: null },
      joined: "2026-01-01T00:00:00.000Z",
      rank: "mate",
      remarks: { anything: 1 },
      signals: [{ "@odata.type": "#microsoft.graph.flagSignal", text: "x", colours: ["red"] }],
      watch: "PT8H",
      [extension]: null,
      "crews@odata.bind": [url(`/directoryObjects/${id}`)],
    };
    expect(patch(body)).toEqual([]);
    expect(problems("POST", `/users/${id}/logs`, { seen: "fog,storm" })).toEqual([]);
  });

  test.each([
    ["an unknown property", { rnk: "mate" }, "has no property rnk; did you mean rank?"],
    ["an unknown nested property", { home: { key: "x" } }, "microsoft.graph.berth has no property key"],
    ["an unknown member of an enumeration", { rank: "Mate" }, "did you mean mate?"],
    ["a boolean as text", { onDuty: "true" }, 'onDuty must be true or false, not "true"'],
    ["a number that is too large", { voyages: 2 ** 31 }, "voyages must be a 32-bit whole number"],
    ["a fraction for a whole number", { voyages: 1.5 }, "voyages must be a 32-bit whole number"],
    ["an instant without an offset", { joined: "2026-01-01T00:00:00" }, "instant with an offset"],
    ["an instant that does not exist", { joined: "2026-13-01T00:00:00Z" }, "instant with an offset"],
    ["a duration in plain text", { watch: "8h" }, "ISO 8601 duration"],
    ["null where it is not allowed", { voyages: null }, "voyages must not be null"],
    ["one value for a list", { callSigns: "a" }, "callSigns must be a list"],
    ["a wrong item in a list", { callSigns: ["a", 1] }, "callSigns[1] must be a string"],
    ["text for an object", { home: "north" }, "home must be an object"],
    ["a property that Graph sets", { serial: id }, "serial is set by Graph"],
    ["an extension with an object inside", { [extension]: { a: 1 } }, "must be a text, number, boolean"],
    [
      "a type that is no subtype",
      { home: { "@odata.type": "#microsoft.graph.remarks" } },
      "which is not a microsoft.graph.berth",
    ],
    ["a type that does not exist", { home: { "@odata.type": "#microsoft.graph.x" } }, "which does not exist"],
    ["objects where references belong", { crews: [{ id }] }, "send crews@odata.bind"],
    ["a binding of nothing", { "crew@odata.bind": [] }, "has no navigation crew"],
    ["a relative binding", { "crews@odata.bind": [`/directoryObjects/${id}`] }, "must be an absolute URL"],
    ["too many bindings", { "crews@odata.bind": Array(21).fill(url(`/users/${id}`)) }, "holds 21 URLs"],
    ["nothing to change", {}, "nothing to change"],
    ["no object at all", "onDuty=true", "needs a JSON object"],
  ])("is refused with %s", (_rule, body, expected) => {
    expect(patch(body)).toEqual([expect.stringContaining(expected)]);
  });

  test("of an abstract type needs its real type when something is created", () => {
    expect(problems("POST", "/users", { signals: [{ text: "x" }] })).toEqual([
      expect.stringContaining("it needs an @odata.type"),
    ]);
  });

  test("does not travel with a read or a deletion", () => {
    expect(problems("GET", "/users", { a: 1 })).toEqual([expect.stringContaining("GET carries a body")]);
    expect(problems("DELETE", `/users/${id}`, {})).toEqual([
      expect.stringContaining("DELETE carries a body"),
    ]);
  });

  test("of an action holds its parameters", () => {
    const hail = (body?: unknown) => problems("POST", `/users/${id}/hail`, body);
    expect(hail({ words: ["ahoy"], loud: true })).toEqual([]);
    expect(hail()).toEqual([expect.stringContaining("needs the parameter words")]);
    expect(hail({ words: "ahoy" })).toEqual([expect.stringContaining("words must be a list")]);
    expect(hail({ words: [], louder: true })).toEqual([expect.stringContaining("no parameter louder")]);
  });

  test("of a reference is one URL of an object that fits", () => {
    const add = (body: unknown) => problems("POST", `/groups/${id}/sailors/$ref`, body);
    expect(add({ id })).toHaveLength(2);
    expect(add({ "@odata.id": id })).toEqual([expect.stringContaining("must be an absolute URL")]);
    expect(add({ "@odata.id": `https://graph.example/users/${id}` })).toEqual([
      expect.stringContaining("under /v1.0"),
    ]);
    expect(add({ "@odata.id": url("/users") })).toEqual([expect.stringContaining("must address one object")]);
    expect(add({ "@odata.id": url("/harbour/plan") })).toEqual([
      expect.stringContaining("not a microsoft.graph.directoryObject"),
    ]);
  });
});

describe("a batch", () => {
  const batch = (...requests: unknown[]) => problems("POST", "/$batch", { requests });
  const json = { "Content-Type": "application/json" };

  test("of right parts is right", () => {
    const change = { id: "2", method: "PATCH", url: `/users/${id}`, headers: json, body: { onDuty: true } };
    expect(batch({ id: "1", method: "GET", url: "/users" }, { ...change, dependsOn: ["1"] })).toEqual([]);
  });

  test.each([
    [
      "a wrong part",
      { id: "1", method: "GET", url: "/users?$select=rnk" },
      "part 1: $select: microsoft.graph.user has no rnk",
    ],
    [
      "a body without its type",
      { id: "1", method: "PATCH", url: `/users/${id}`, body: { onDuty: true } },
      "Content-Type",
    ],
    ["an absolute URL", { id: "1", method: "GET", url: url("/users") }, "url must be relative"],
    ["a version in a URL", { id: "1", method: "GET", url: "/v1.0/users" }, "must not name the version"],
    ["a batch inside", { id: "1", method: "POST", url: "/$batch" }, "does not nest"],
    ["a part without an id", { method: "GET", url: "/users" }, "id must be a text"],
    [
      "an unknown dependency",
      { id: "1", method: "GET", url: "/users", dependsOn: ["7"] },
      "ids of other parts",
    ],
  ])("is refused with %s", (_rule, part, expected) => {
    expect(batch(part)).toEqual([expect.stringContaining(expected)]);
  });

  test("is refused with more than twenty parts, with equal ids, and with none", () => {
    const parts = Array.from({ length: 21 }, (_, index) => ({
      id: `${index}`,
      method: "GET",
      url: "/users",
    }));
    expect(batch(...parts)).toEqual(["a batch takes 20 requests, not 21"]);
    const twice = { id: "1", method: "GET", url: "/users" };
    expect(batch(twice, twice)).toHaveLength(2);
    expect(problems("POST", "/$batch", {})).toEqual([expect.stringContaining("needs a list of requests")]);
  });
});

describe("the permission of a call", () => {
  const least = (method: string, path: string) => leastApplicationPermission(permissions, { method, path });

  test("is the one marked least for applications; of several, the lowest rated", () => {
    expect(least("GET", "/users")).toEqual({ kind: "least", permissions: ["Sailor.Read.All"] });
  });

  test("is the one that cannot write, among equals", () => {
    expect(least("GET", `/groups/${id}`)).toEqual({ kind: "least", permissions: ["Crew.Read.All"] });
  });

  test("is any accepted one when none is marked least for applications", () => {
    expect(least("GET", `/users/${id}/logs`)).toEqual({
      kind: "accepted",
      permissions: ["Sailor.Read.All", "Sailor.ReadWrite.All"],
    });
  });

  test("names the one it also requires; of several, the one marked least as well", () => {
    expect(least("POST", `/users/${id}/recall`)).toEqual({
      kind: "least",
      permissions: ["Crew.Read.All", "Sailor.Recall"],
    });
  });

  test("is found whatever the case, the ids, the casts and the table's missing $ref", () => {
    const answer = { kind: "least", permissions: ["Crew.ReadWrite.All"] };
    expect(least("DELETE", "/groups/{id}/sailors/{id}/$ref")).toEqual(answer);
    expect(least("DELETE", `/GROUPS/${id}/Sailors/${id}/$ref`)).toEqual(answer);
    expect(least("GET", `/groups/${id}/sailors/microsoft.graph.user/$count`)).toEqual({
      kind: "least",
      permissions: ["Crew.Read.All"],
    });
  });

  test("is unknown when only delegated users may make the call, or the table has no row", () => {
    expect(least("POST", `/users/${id}/hail`)).toEqual({ kind: "unknown" });
    expect(least("GET", "/harbour")).toEqual({ kind: "unknown" });
    expect(acceptedApplicationPermissions(permissions, { method: "GET", path: "/harbour" })).toEqual([]);
  });

  test("comes from the documentation where the table has no row", () => {
    expect(least("POST", `/groups/${id}/members/$ref`)).toMatchObject({
      kind: "documented",
      permissions: ["GroupMember.ReadWrite.All"],
    });
  });

  test("comes from the table again once the table has a row", () => {
    expect(least("GET", "/subscriptions")).toEqual({ kind: "least", permissions: ["Harbour.Read"] });
    expect(least("GET", `/subscriptions/${id}`)).toMatchObject({ kind: "documented" });
  });

  test("depends on what is read or written where the documentation says so", () => {
    const patch = (properties: readonly string[]) =>
      leastApplicationPermission(permissions, { method: "PATCH", path: `/users/${id}`, properties });
    expect(patch(["accountEnabled"])).toMatchObject({
      permissions: ["User.EnableDisableAccount.All", "User.Read.All"],
    });
    expect(patch([extension])).toMatchObject({ permissions: ["User.ReadUpdate.All"] });
    expect(patch(["rank"])).toEqual({ kind: "unknown" });
  });
});

describe("traffic", () => {
  test("is summed up per call, with the parts of batches, and each problem once", () => {
    const checked = checkTraffic(
      [
        { method: "GET", url: "/users?$select=id" },
        { method: "GET", url: "/users?$select=rnk" },
        { method: "GET", url: "/users?$select=rnk&$top=5" },
        {
          method: "POST",
          url: "/$batch",
          body: { requests: [{ id: "1", method: "GET", url: `/groups/${id}` }] },
        },
      ],
      sampleData,
    );
    expect(checked.problems).toEqual([
      "GET /users: $select: microsoft.graph.user has no rnk; did you mean rank? (2 ×, first /users?$select=rnk)",
    ]);
    expect([...checked.permissions.keys()]).toEqual(["GET /users", "POST /$batch", "GET /groups/{id}"]);
    expect(checked.permissions.get("GET /users")).toMatchObject({ calls: 3 });
    expect(checked.permissions.get("GET /groups/{id}")?.needs).toEqual([
      { kind: "least", permissions: ["Crew.Read.All"] },
    ]);
  });
});

test("a file that is not a CSDL document is named as such", () => {
  expect(() => parseMetadata("version https://git-lfs.github.com/spec/v1")).toThrow("no Schema found");
});
