import { describe, expect, it } from "vitest";
import { compareRoutes, parseRoute } from "../../lab/host/route-template.ts";

const match = (route: string, path: string) =>
  parseRoute(route).match(path.split("/").filter((part) => part !== ""));

describe("a route template", () => {
  it.each([
    ["users", "USERS", {}],
    ["users/{id}", "users/Ab", { id: "Ab" }],
    ["users/{id?}", "users", {}],
    ["users/{id=me}", "users", { id: "me" }],
    ["{*rest}", "a/b/c", { rest: "a/b/c" }],
    ["files/{*rest}", "files", {}],
    ["{file}.{ext}", "report.csv", { file: "report", ext: "csv" }],
    ["{n:int}", "-12", { n: "-12" }],
    ["{n:long}", "9007199254740993", { n: "9007199254740993" }],
    ["{flag:bool}", "True", { flag: "True" }],
    ["{id:guid}", "11111111-2222-3333-4444-555555555555", { id: "11111111-2222-3333-4444-555555555555" }],
    ["{name:alpha:minlength(2):maxlength(3)}", "abc", { name: "abc" }],
    ["{code:regex(^[a-z]{{2}}$)}", "de", { code: "de" }],
    ["", "", {}],
  ])("%s fits %s", (route, path, params) => {
    expect(match(route, path)).toEqual(params);
  });

  it.each([
    ["users", "users/1"],
    ["users/{id}", "users"],
    ["{n:int}", "2147483648"],
    ["{n:int}", "x"],
    ["{id:guid}", "1111"],
    ["{name:alpha}", "a1"],
    ["{name:minlength(2)}", "a"],
    ["{name:maxlength(2)}", "abc"],
    ["{code:regex(^[a-z]{{2}}$)}", "deu"],
    ["a+b", "aab"],
  ])("%s does not fit %s", (route, path) => {
    expect(match(route, path)).toBeUndefined();
  });

  it("comes before a less specific one: literal, constrained, plain, catch-all", () => {
    const routes = ["{*rest}", "{id}", "{id:int}", "newest", "newest/{x?}"];
    const sorted = routes.map(parseRoute).toSorted(compareRoutes);
    expect(sorted.map(({ text }) => text)).toEqual(["newest", "newest/{x?}", "{id:int}", "{id}", "{*rest}"]);
  });

  it.each([
    ["{id:colour}", 'the constraint ":colour"'],
    ["{a b}", 'the parameter "{a b}"'],
    ["{*rest}/more", "a catch-all parameter that is not its last segment"],
    ["users/{id", "an unmatched brace"],
  ])("is refused when it cannot be understood: %s", (route, message) => {
    expect(() => parseRoute(route)).toThrow(message);
  });
});
