import { expect, test } from "vitest";
import { formatProblems, parsePolicy } from "../../shared/policy/parse-policy.ts";

function said(text: string): string {
  const parsed = parsePolicy(text, "policy.yaml");
  return parsed.kind === "ok" ? "no mistakes" : formatProblems("policy.yaml", parsed.problems);
}

const rows: readonly (readonly [name: string, text: string, expected: string])[] = [
  ["nothing at all", "", "policy.yaml:1:1  policy.yaml is empty; start from policy.example.yaml"],
  ["comments only", "# later\n", "policy.yaml:1:1  policy.yaml is empty; start from policy.example.yaml"],
  [
    "text instead of keys",
    "hello",
    'policy.yaml:1:1  "hello" is not a set of keys; who may do what in which tenant',
  ],
  [
    "tabs",
    "source:\n\ttenantId: x\n",
    "policy.yaml:2:1  not valid YAML: Tabs are not allowed as indentation; indent with spaces",
  ],
  [
    "a quote that does not end",
    "source: 'x\n",
    "policy.yaml:2:1  not valid YAML: Missing closing 'quote; " +
      "check quotes, colons and commas here and on the line before",
  ],
  [
    "a key in the middle of a line",
    "source: tenantId: x\n",
    "policy.yaml:1:9  not valid YAML: Nested mappings are not allowed in compact mappings; " +
      "check the indentation",
  ],
  [
    "a bracket that nothing opened",
    "source:\n}  tenantId: x\n  extensionApp: y\n",
    'policy.yaml:2:1  not valid YAML: Unexpected flow-map-end token in YAML stream: "}"',
  ],
  [
    "a second document",
    "source: {}\n---\nroles: {}\n",
    'policy.yaml:2:1  a second document starts here; remove the "---"',
  ],
  [
    "another version of YAML",
    "%YAML 1.1\n---\nsource: {}\n",
    "policy.yaml:1:1  YAML 1.1 is not read; remove the %YAML line; policies are YAML 1.2",
  ],
  [
    "a tag",
    "source: !secret x\n",
    "policy.yaml:1:9  not valid YAML: Unresolved tag: !secret; remove the tag",
  ],
  ["a list as a key", "? [a]\n: 1\n", "policy.yaml:1:3  a key must be plain text; put the key in quotes"],
  [
    "an alias without its anchor",
    "source: *there\n",
    'policy.yaml:1:9  source: no anchor named "there" comes before this alias; ' +
      "write &there before the value that it stands for, further up",
  ],
  [
    "an alias that contains itself",
    "source: &me [*me, *me]\n",
    "policy.yaml:1:13  source: nested more than 50 levels deep; " +
      "a policy needs six; an alias must not contain itself",
  ],
  [
    "brackets without end",
    "[".repeat(100_000),
    expect.stringContaining("nested more than 50 levels deep") as string,
  ],
  [
    "more than a megabyte",
    "#".repeat(1_000_001),
    "policy.yaml:1:1  policy.yaml has 1000001 bytes; " +
      "a policy has at most 1000000; move grants that targets share into profiles",
  ],
];

test.each(rows)("says what is wrong with %s", (_, text, expected) => {
  expect(said(text)).toEqual(expected);
});

test("counts bytes, not letters, against the size limit", () => {
  expect(said(`#${"é".repeat(500_000)}`)).toContain("has 1000001 bytes");
});

test("stops at aliases that stand for more values than any policy has", () => {
  const names = "abcdefghi".split("");
  const tenfold = (name: string) => `[${Array.from({ length: 10 }, () => `*${name}`).join(", ")}]`;
  const bomb = names.map(
    (name, index) => `${name}: &${name} ${index === 0 ? "[1]" : tenfold(names[index - 1]!)}`,
  );
  expect(said(bomb.join("\n"))).toContain("more than 200000 values once aliases are followed");
});

test("lists every syntax mistake, and nothing that only follows from them", () => {
  const lines = said("source: a: b\nroles: c: d\n").split("\n");
  expect(lines.map((line) => line.split("  ")[0])).toEqual(["policy.yaml:1:9", "policy.yaml:2:8"]);
});
