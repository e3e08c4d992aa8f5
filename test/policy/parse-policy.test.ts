import { roleNameSchema } from "../../shared/model/ids.ts";
import { desiredGrants } from "../../shared/policy/desired.ts";
import { readFile } from "node:fs/promises";
import * as fc from "fast-check";
import { expect, test } from "vitest";
import { parse, stringify } from "yaml";
import { formatProblems, parsePolicy } from "../../shared/policy/parse-policy.ts";
import type { Policy } from "../../shared/policy/policy.ts";
import { soundPolicy, spoilt } from "./sound-policy.ts";

function policyIn(text: string): Policy {
  const parsed = parsePolicy(text, "policy.yaml");
  if (parsed.kind === "invalid") throw new Error(formatProblems("policy.yaml", parsed.problems));
  return parsed.policy;
}

function saidAbout(text: string): string {
  const parsed = parsePolicy(text, "policy.yaml");
  return parsed.kind === "ok" ? "" : formatProblems("policy.yaml", parsed.problems);
}

const smallest = `
source: { tenantId: 11111111-1111-4111-8111-111111111111, extensionApp: 22222222-2222-4222-8222-222222222222 }
roles: {}
targets: {}
`;

const inGroup = (name: string) => ({ kind: "group", group: { kind: "name", name } });

test("reads a policy into the shape that the rest of the program uses", () => {
  expect(policyIn(soundPolicy)).toEqual({
    source: {
      tenantId: "11111111-1111-4111-8111-111111111111",
      extensionApp: "22222222-2222-4222-8222-222222222222",
      stamps: [
        {
          property: "extension_22222222222242228222222222222222_socRoles",
          name: "socRoles",
          template: "{roles}",
        },
        {
          property: "extension_22222222222242228222222222222222_socSourceId",
          name: "socSourceId",
          template: "{id}",
        },
      ],
    },
    roles: [
      {
        name: "hunter",
        holders: { kind: "attributes", attributes: { department: "SOC", jobTitle: "Threat Hunter" } },
      },
      {
        name: "reader",
        holders: { kind: "group", group: { kind: "id", id: "33333333-3333-4333-8333-333333333333" } },
      },
      { name: "responder", holders: { kind: "group", group: { kind: "name", name: "SOC Responders" } } },
    ],
    protected: ["44444444-4444-4444-8444-444444444444"],
    targets: [
      {
        name: "contoso",
        tenantId: "55555555-5555-4555-8555-555555555555",
        topology: "push",
        mode: "full",
        tags: ["emea"],
        extensionApp: "22222222-2222-4222-8222-222222222222",
        retire: false,
        onExternalRemoval: "restore",
        onDeniedReview: "respect",
        sync: {
          servicePrincipal: "66666666-6666-4666-8666-666666666666",
          job: "Azure2Azure.contoso",
          scope: { kind: "group", group: { kind: "name", name: "Sync to Contoso" } },
        },
        grants: [{ role: "reader", wishes: [inGroup("SOC Readers")], sourceGroups: [] }],
      },
      {
        name: "fabrikam",
        tenantId: "99999999-9999-4999-8999-999999999999",
        topology: "push",
        mode: "observe",
        tags: [],
        extensionApp: "22222222-2222-4222-8222-222222222222",
        retire: false,
        onExternalRemoval: "restore",
        onDeniedReview: "respect",
        sync: {
          servicePrincipal: "aaaaaaaa-aaaa-4aaa-8aaa-aaaaaaaaaaaa",
          job: "Azure2Azure.fabrikam",
          scope: { kind: "group", group: { kind: "name", name: "Sync to Fabrikam" } },
        },
        grants: [{ role: "responder", wishes: [inGroup("SOC Responders")], sourceGroups: [] }],
      },
    ],
    guardrails: { removals: { perRun: 7, share: 0.1 } },
    leavers: { revokeSessions: false, block: false, deleteAfterMs: 30 * 3_600_000, accounts: "all" },
    movers: { order: "remove-first", graceMs: 0 },
    accessPackages: { patienceMs: 30 * 60_000 },
  });
});

test("fills in the defaults", () => {
  expect(policyIn(smallest)).toMatchObject({
    source: { stamps: [] },
    protected: [],
    guardrails: { removals: { perRun: 5, share: 0.2 } },
    leavers: { revokeSessions: true, block: true, deleteAfterMs: 0, accounts: "owned" },
    movers: { order: "add-first", graceMs: 0 },
  });
});

test("fills in what a section leaves out", () => {
  const policy = policyIn(`${smallest}guardrails: { removals: { perRun: 1 } }\nleavers: { block: false }\n`);
  expect(policy.guardrails.removals).toEqual({ perRun: 1, share: 0.2 });
  expect(policy.leavers).toMatchObject({ revokeSessions: true, block: false });
});

test("a new target starts in observe", () => {
  expect(policyIn(spoilt("    mode: full\n", "")).targets[0]?.mode).toBe("observe");
});

test.each([
  ["P0D", 0],
  ["P30D", 30 * 86_400_000],
  ["PT12H", 12 * 3_600_000],
  ["P1DT6H", 30 * 3_600_000],
  ["never", "never"],
])("accounts may be deleted after %s", (text, expected) => {
  expect(policyIn(spoilt("P1DT6H", text)).leavers.deleteAfterMs).toBe(expected);
});

test("a role that nobody is granted anything for, and a grant whose groups are empty, are no mistakes", () => {
  expect(policyIn(spoilt("groups: [SOC Readers]", "groups: []")).targets[0]?.grants).toEqual([
    { role: "reader", wishes: [], sourceGroups: [] },
  ]);
});

test("a target's own grants and those of its profile add up, role by role", () => {
  const grants =
    "profile: standard\n    grants:\n      reader: { groups: [Watch, SOC Readers] }\n      hunter: { groups: [Hunt], sourceGroups: [Lighthouse] }";
  expect(policyIn(spoilt("profile: standard", grants)).targets[0]?.grants).toEqual([
    {
      role: "hunter",
      wishes: [inGroup("Hunt")],
      sourceGroups: [{ kind: "name", name: "Lighthouse" }],
    },
    {
      role: "reader",
      wishes: [inGroup("SOC Readers"), inGroup("Watch")],
      sourceGroups: [],
    },
  ]);
});

test("an eligible group is a name, or a name with how long at a time; of two lengths the longer one counts", () => {
  const grants = `grants:
      reader: { groups: [SOC Readers], eligibleGroups: [SOC Admins, { group: SOC Hunters, duration: P30D }] }
      responder: { eligibleGroups: [{ group: SOC Hunters, duration: P90D }] }`;
  const [target] = policyIn(spoilt("profile: standard", grants)).targets;
  const eligible = (name: string, duration: string) => ({
    kind: "eligible",
    group: { kind: "name", name },
    duration,
  });
  expect(target?.grants[0]?.wishes).toEqual([
    eligible("SOC Admins", "P365D"),
    eligible("SOC Hunters", "P30D"),
    inGroup("SOC Readers"),
  ]);
  const roles = ["reader", "responder"].map((name) => roleNameSchema.parse(name));
  expect(target === undefined ? [] : desiredGrants(target, roles)).toContainEqual(
    eligible("SOC Hunters", "P90D"),
  );
});

test("an access package has a policy, and may have an end", () => {
  const grants = `grants:
      reader: { accessPackages: [{ package: Operator, policy: Direct }, { package: 99999999-9999-4999-8999-99999999999A, policy: Direct, expires: P30D, renew: true }] }`;
  const policy = policyIn(`${spoilt("profile: standard", grants)}accessPackages: { patience: PT1H30M }\n`);
  const direct = { kind: "name", name: "Direct" };
  expect(policy.targets[0]?.grants[0]?.wishes).toEqual([
    {
      kind: "package",
      package: { kind: "id", id: "99999999-9999-4999-8999-99999999999a" },
      policy: direct,
      expires: "P30D",
      renew: true,
    },
    {
      kind: "package",
      package: { kind: "name", name: "Operator" },
      policy: direct,
      expires: null,
      renew: false,
    },
  ]);
  expect(policy.accessPackages.patienceMs).toBe(90 * 60_000);
});

test("ids are kept in lower case, and compared without case", () => {
  const upper = "AAAAAAAA-AAAA-4AAA-8AAA-AAAAAAAAAAAA";
  expect(policyIn(spoilt("- 44444444-4444-4444-8444-444444444444", `- ${upper}`)).protected).toEqual([
    upper.toLowerCase(),
  ]);
  const twice = soundPolicy
    .replace("55555555-5555-4555-8555-555555555555", upper)
    .replace("99999999-9999-4999-8999-999999999999", upper.toLowerCase());
  expect(saidAbout(twice)).toContain("targets.fabrikam.tenantId: the tenant is already targets.contoso");
});

test("anchors and aliases work", () => {
  const shared = soundPolicy
    .replace("    tags: [emea]\n", "    tags: &tags [emea]\n")
    .replace(
      "    topology: push\n    sync:\n      servicePrincipal: a",
      "    topology: push\n    tags: *tags\n    sync:\n      servicePrincipal: a",
    );
  expect(policyIn(shared).targets.map(({ tags }) => tags)).toEqual([["emea"], ["emea"]]);
});

test("a mistake behind an alias is said once, where it was made", () => {
  const shared = soundPolicy
    .replace("    tags: [emea]\n", "    tags: &tags [1]\n")
    .replace("    grants:\n", "    tags: *tags\n    grants:\n");
  expect(saidAbout(shared)).toBe(
    "policy.yaml:22:18  targets.contoso.tags[0]: 1 is not text; put it in quotes",
  );
});

test("every mistake is reported at once, in the order of the lines", () => {
  const text = soundPolicy
    .replace("order: remove-first", "order: frist")
    .replace("  fabrikam:\n", "  contoso:\n")
    .replace("profile: standard", "profile: standrd")
    .replace("mode: full", "mode: ful")
    .replace('"{id}"', '"{ids}"');
  expect(saidAbout(text)).toBe(
    [
      'policy.yaml:4:3  source.stamps: no stamp is "{id}", which push targets need; add one, for example socSourceId: "{id}"; it proves in a target whose account it is',
      'policy.yaml:6:5  source.stamps.socSourceId: "{ids}" is not a placeholder; did you mean "{id}"?',
      'policy.yaml:21:5  targets.contoso.mode: "ful" is not a mode; did you mean "full"?',
      'policy.yaml:27:5  targets.contoso.profile: no profile is called "standrd"; did you mean "standard"?',
      'policy.yaml:28:3  targets.contoso: "contoso" is given twice; the first is on line 18',
      'policy.yaml:39:11  movers.order: "frist" is not a choice of order; use add-first or remove-first',
    ].join("\n"),
  );
});

test("Windows line ends and a byte order mark change nothing", () => {
  expect(policyIn(`\uFEFF${soundPolicy.replaceAll("\n", "\r\n")}`)).toEqual(policyIn(soundPolicy));
});

test("the example is a policy without mistakes", async () => {
  expect(saidAbout(await readFile("policy.example.yaml", "utf8"))).toBe("");
});

test("any text at all is answered, never thrown at", () => {
  fc.assert(
    fc.property(fc.string({ unit: "binary", maxLength: 200 }), (text) => {
      expect(saidAbout(text)).not.toBe("");
    }),
    { numRuns: 500 },
  );
});

test("a policy damaged anywhere is answered, with positions inside the file", () => {
  const places = fc.integer({ min: 0, max: soundPolicy.length });
  const pieces = fc.constantFrom(
    "",
    " ",
    "\n",
    "\t",
    ":",
    "- ",
    "{",
    "}",
    "[",
    "]",
    '"',
    "'",
    "&a ",
    "*a",
    "? ",
    "|",
    "0",
    "null",
  );
  fc.assert(
    fc.property(places, fc.integer({ min: 0, max: 30 }), pieces, (start, removed, piece) => {
      const text = soundPolicy.slice(0, start) + piece + soundPolicy.slice(start + removed);
      const parsed = parsePolicy(text, "policy.yaml");
      const lines = text.split("\n");
      for (const { line, column } of parsed.kind === "ok" ? [] : parsed.problems) {
        expect(column).toBeGreaterThanOrEqual(1);
        expect(column).toBeLessThanOrEqual((lines[line - 1] ?? "").length + 1);
      }
    }),
    { numRuns: 1000 },
  );
});

test("the order of keys never changes the policy", () => {
  const expected = policyIn(soundPolicy);
  fc.assert(
    fc.property(fc.infiniteStream(fc.nat()), (numbers) => {
      const shuffled = stringify(shuffleKeys(parse(soundPolicy), () => numbers.next().value ?? 0));
      expect(JSON.stringify(policyIn(shuffled))).toBe(JSON.stringify(expected));
    }),
  );
});

function shuffleKeys(value: unknown, next: () => number): unknown {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return value;
  const entries = Object.entries(value).map(([key, child]) => ({
    key,
    child: shuffleKeys(child, next),
    rank: next(),
  }));
  return Object.fromEntries(
    entries.toSorted((a, b) => a.rank - b.rank).map(({ key, child }) => [key, child]),
  );
}
