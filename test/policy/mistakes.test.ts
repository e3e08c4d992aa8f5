import { describe, expect, test } from "vitest";
import { formatProblems, parsePolicy } from "../../shared/policy/parse-policy.ts";
import { soundPolicy, spoilt } from "./sound-policy.ts";

/** What is replaced in the sound policy, by what, and every line that is then said about it. */
type Row = readonly [mistake: string, piece: string, replacement: string, said: readonly string[]];

const values: readonly Row[] = [
  [
    "a mode with a typing error",
    "mode: full",
    "mode: ful",
    ['21:5  targets.contoso.mode: "ful" is not a mode; did you mean "full"?'],
  ],
  [
    "a mode in capitals",
    "mode: full",
    "mode: Full",
    ['21:5  targets.contoso.mode: "Full" is not a mode; did you mean "full"?'],
  ],
  [
    "a mode that is nothing like one",
    "mode: full",
    "mode: enforce",
    ['21:5  targets.contoso.mode: "enforce" is not a mode; use observe, add-only or full'],
  ],
  [
    "a topology nobody has heard of",
    `    topology: push
    mode`,
    `    topology: mesh
    mode`,
    ['20:5  targets.contoso.topology: "mesh" is not a topology; use push or pull'],
  ],
  [
    "an order of adds and removals with a typing error",
    "order: remove-first",
    "order: remove-frist",
    ['39:11  movers.order: "remove-frist" is not a choice of order; did you mean "remove-first"?'],
  ],
  [
    "a kind of account with a typing error",
    "accounts: all",
    "accounts: al",
    ['38:70  leavers.accounts: "al" is not a choice of accounts; did you mean "all"?'],
  ],
  [
    "a tenant id that is no GUID",
    "tenantId: 1111",
    "tenantId: x1111",
    [
      '2:3  source.tenantId: "x11111111-1111-4111-8111-111111111111" is not a GUID; one looks like 11111111-1111-4111-8111-111111111111',
    ],
  ],
  [
    "a protected id that is no GUID",
    "- 44444444-4444-4444-8444-444444444444",
    "- break.glass@contoso.example",
    [
      '13:5  protected[0]: "break.glass@contoso.example" is not a GUID; one looks like 11111111-1111-4111-8111-111111111111',
    ],
  ],
  [
    "a group id that has lost a digit",
    "group: 33333333-3333-4333-8333-333333333333",
    "group: 33333333-3333-4333-8333-33333333333",
    [
      `8:13  roles.reader.group: "33333333-3333-4333-8333-33333333333" is neither a GUID nor likely to be a group's name; check its digits`,
    ],
  ],
  [
    "a group with no name",
    "group: SOC Responders",
    'group: " "',
    [
      "9:16  roles.responder.group: the group has no name; id, or unique display name, of a group in the source tenant",
    ],
  ],
  [
    "an empty value",
    "job: Azure2Azure.contoso",
    'job: ""',
    ['25:7  targets.contoso.sync.job: "" is not a job; id of the synchronization job, such as Azure2Azure.…'],
  ],
  [
    "a number where text belongs",
    "department: SOC",
    "employeeId: 0042",
    ["11:19  roles.hunter.attributes.employeeId: 42 is not text; put it in quotes"],
  ],
  [
    "text where a list belongs",
    "tags: [emea]",
    "tags: emea",
    ['22:5  targets.contoso.tags: "emea" is not a list; write a list: ["emea"]'],
  ],
  [
    "text where keys belong",
    "movers: { order: remove-first }",
    "movers: remove-first",
    [`39:1  movers: "remove-first" is not a set of keys; what happens when somebody's roles change`],
  ],
  [
    "a list where keys belong",
    "scope: { group: Sync to Contoso }",
    "scope: [Sync to Contoso]",
    [
      '26:7  targets.contoso.sync.scope: ["Sync to Contoso"] is not a set of keys; what puts an analyst in scope of the synchronization: group, appRole, or accessPackage and policy',
    ],
  ],
  [
    "yes instead of true",
    "block: false",
    "block: yes",
    ['38:35  leavers.block: "yes" is not true or false; write true'],
  ],
  [
    "a quoted false",
    "block: false",
    'block: "false"',
    ['38:35  leavers.block: "false" is not true or false; write false'],
  ],
  [
    "a word that is neither true nor false",
    "block: false",
    "block: maybe",
    [`38:35  leavers.block: "maybe" is not true or false; block sign-in of a leaver's target accounts`],
  ],
  [
    "a number in quotes",
    "perRun: 7",
    'perRun: "7"',
    ['37:27  guardrails.removals.perRun: "7" is not a number; remove the quotes'],
  ],
  [
    "part of a removal",
    "perRun: 7",
    "perRun: 1.5",
    ["37:27  guardrails.removals.perRun: 1.5 is not a whole number; most removals in one run"],
  ],
  [
    "fewer removals than none",
    "perRun: 7",
    "perRun: -1",
    ["37:27  guardrails.removals.perRun: -1 is too small; at least 0 (most removals in one run)"],
  ],
  [
    "endless removals",
    "perRun: 7",
    "perRun: .inf",
    ["37:27  guardrails.removals.perRun: Infinity is not a number; most removals in one run"],
  ],
  [
    "a share above one",
    "share: 0.1",
    "share: 20",
    [
      "37:38  guardrails.removals.share: 20 is too large; at most 1 (largest part of a role's holders that may lose it at once: 20 % is 0.2)",
    ],
  ],
  [
    "a share below nothing",
    "share: 0.1",
    "share: -0.1",
    [
      "37:38  guardrails.removals.share: -0.1 is too small; at least 0 (largest part of a role's holders that may lose it at once: 20 % is 0.2)",
    ],
  ],
  [
    "a share as a percentage",
    "share: 0.1",
    "share: 20%",
    ['37:38  guardrails.removals.share: "20%" is not a number; write 0.2'],
  ],
  [
    "months, which have no fixed length",
    "P1DT6H",
    "P1M",
    [
      '38:49  leavers.deleteAfter: "P1M" is not a duration in days or hours; years and months have no fixed length: write days, such as P30D',
    ],
  ],
  [
    "years, which have no fixed length",
    "P1DT6H",
    "P1Y",
    [
      '38:49  leavers.deleteAfter: "P1Y" is not a duration in days or hours; years and months have no fixed length: write days, such as P30D',
    ],
  ],
  [
    "weeks",
    "P1DT6H",
    "P2W",
    ['38:49  leavers.deleteAfter: "P2W" is not a duration in days or hours; write days: P14D'],
  ],
  [
    "minutes",
    "P1DT6H",
    "PT30M",
    [
      '38:49  leavers.deleteAfter: "PT30M" is not a duration in days or hours; write whole hours, such as PT1H',
    ],
  ],
  [
    "a duration without a unit",
    "P1DT6H",
    "30",
    [
      '38:49  leavers.deleteAfter: 30 is not text; how long after somebody left Muster deletes the target account: days or hours, or "never"',
    ],
  ],
  [
    "a duration in plain words",
    "P1DT6H",
    "30 days",
    [
      '38:49  leavers.deleteAfter: "30 days" is not a duration in days or hours; write days or hours, such as P0D, P30D or PT12H, or "never"',
    ],
  ],
  [
    "a duration of nothing",
    "P1DT6H",
    "P",
    [
      '38:49  leavers.deleteAfter: "P" is not a duration in days or hours; write days or hours, such as P0D, P30D or PT12H, or "never"',
    ],
  ],
  [
    "a key with nothing after it",
    "movers: { order: remove-first }",
    "movers:",
    ["39:1  movers: empty, where a set of keys should be; what happens when somebody's roles change"],
  ],
];

const keys: readonly Row[] = [
  [
    "a missing key, at its parent",
    `      job: Azure2Azure.contoso
`,
    "",
    ["23:5  targets.contoso.sync.job: missing; id of the synchronization job, such as Azure2Azure.…"],
  ],
  [
    "a missing section, at the top of the file",
    `source:
  tenantId: 11111111-1111-4111-8111-111111111111
  extensionApp: 22222222-2222-4222-8222-222222222222
  stamps:
    socRoles: "{roles}"
    socSourceId: "{id}"
`,
    "",
    ["1:1  source: missing; where analysts come from: tenantId, extensionApp and stamps"],
  ],
  [
    "an unknown key like a known one",
    "mode: full",
    "moed: full",
    ['21:5  targets.contoso.moed: unknown key "moed"; did you mean "mode"?'],
  ],
  [
    "a misspelt key that is needed, once",
    "tenantId: 5555",
    "tenantID: 5555",
    ['19:5  targets.contoso.tenantID: unknown key "tenantID"; did you mean "tenantId"?'],
  ],
  [
    "an unknown key like no other",
    "mode: full",
    "priority: high",
    [
      '21:5  targets.contoso.priority: unknown key "priority"; use tenantId, topology, mode, tags, extensionApp, retire, onExternalRemoval, onDeniedReview, sync, scope, profile or grants',
    ],
  ],
  [
    "an attribute that cannot be compared",
    "department: SOC",
    "title: SOC",
    [
      '11:19  roles.hunter.attributes.title: unknown key "title"; use department, jobTitle, companyName, employeeType, employeeId, officeLocation, city, country or usageLocation',
    ],
  ],
  [
    "a grant that gives nothing",
    "{ groups: [SOC Responders] }",
    "{}",
    [
      "36:7  targets.fabrikam.grants.responder: nothing says what holders of the role are given; write groups: [<name or id>], eligibleGroups: [<name or id>] or accessPackages: [{ package, policy }], of the target tenant, or sourceGroups: [<name or id>], of the source tenant",
    ],
  ],
  [
    "a group that gives a role and is given",
    "{ groups: [SOC Responders] }",
    "{ sourceGroups: [soc responders] }",
    [
      '36:35  targets.fabrikam.grants.responder.sourceGroups[0]: group "soc responders" is already roles.responder.group; Muster puts people in this group, so it must neither give them a role nor put them in scope',
    ],
  ],
  [
    "a group that is a scope and is given",
    "{ groups: [SOC Responders] }",
    "{ sourceGroups: [Lighthouse, Sync to Contoso] }",
    [
      '36:47  targets.fabrikam.grants.responder.sourceGroups[1]: group "Sync to Contoso" is already targets.contoso.sync.scope.group; Muster puts people in this group, so it must neither give them a role nor put them in scope',
    ],
  ],
  [
    "a target with the name of the source",
    `  fabrikam:
`,
    `  source:
`,
    ['28:3  targets.source: "source" is what the source tenant is called; choose another name'],
  ],
  [
    "the same target twice",
    `  fabrikam:
`,
    `  contoso:
`,
    ['28:3  targets.contoso: "contoso" is given twice; the first is on line 18'],
  ],
  [
    "the same key twice",
    `    mode: full
`,
    `    mode: full
    mode: observe
`,
    ['22:5  targets.contoso.mode: "mode" is given twice; the first is on line 21'],
  ],
  [
    "a role's name with a separator in it",
    `  hunter:
`,
    `  "hunter;reader":
`,
    [
      '10:3  roles["hunter;reader"]: "hunter;reader" is not a role name; use 1 to 64 letters, digits, dots, hyphens and underscores, of which the first is a letter or a digit',
    ],
  ],
  [
    "a target's name with a slash, and what is wrong inside it",
    `  contoso:
    tenantId: 5555`,
    `  con/toso:
    tenantId: x5555`,
    [
      '18:3  targets["con/toso"]: "con/toso" is not a target name; use 1 to 64 letters, digits, dots, hyphens and underscores, of which the first is a letter or a digit',
      '19:5  targets["con/toso"].tenantId: "x55555555-5555-4555-8555-555555555555" is not a GUID; one looks like 11111111-1111-4111-8111-111111111111',
    ],
  ],
  [
    "a stamp's name with a hyphen",
    "socRoles:",
    "soc-roles:",
    ['5:5  source.stamps.soc-roles: "soc-roles" is not a stamp name; use letters, digits and underscores'],
  ],
  [
    "a profile without a name",
    `  standard:
`,
    `  " ":
`,
    [
      '15:3  profiles[" "]: " " is not a profile name; use any text',
      '27:5  targets.contoso.profile: no profile is called "standard"; use  ',
    ],
  ],
  [
    "a merge key",
    `    mode: full
`,
    `    mode: full
    <<: { mode: observe }
`,
    [
      '22:5  targets.contoso["<<"]: merge keys are not part of YAML 1.2; write the keys out, or use a profile',
    ],
  ],
  [
    "a key that would change the object",
    `    mode: full
`,
    `    mode: full
    __proto__: { mode: observe }
`,
    ['22:5  targets.contoso.__proto__: "__proto__" cannot be a key; choose another name'],
  ],
];

const rolesAndReferences: readonly Row[] = [
  [
    "a role held in two ways",
    "{ group: SOC Responders }",
    "{ group: SOC Responders, attributes: { city: Oslo } }",
    [
      "9:3  roles.responder: both group and attributes say who holds this role; keep one; for the other make a second role with the same grants",
    ],
  ],
  [
    "a role held in no way",
    "{ group: SOC Responders }",
    "{}",
    [
      "9:3  roles.responder: nothing says who holds this role; write group: <name or id>, or attributes: { department: SOC }",
    ],
  ],
  [
    "a role whose one holder is misspelt",
    "{ group: SOC Responders }",
    "{ atributes: { city: Oslo } }",
    ['9:16  roles.responder.atributes: unknown key "atributes"; did you mean "attributes"?'],
  ],
  [
    "a role that everybody would match",
    "{ department: SOC, jobTitle: Threat Hunter }",
    "{}",
    [
      "11:5  roles.hunter.attributes: no attributes, which everybody would match; name at least one, for example { department: SOC }",
    ],
  ],
  [
    "a role called none, as stamps say of people without roles",
    `  hunter:
`,
    `  none:
`,
    ['10:3  roles.none: "none" is what the stamp of somebody without roles says; choose another name'],
  ],
  [
    "two roles with one group",
    "group: SOC Responders }",
    "group: 33333333-3333-4333-8333-333333333333 }",
    [
      '9:16  roles.responder.group: group "33333333-3333-4333-8333-333333333333" is already roles.reader.group; give the roles groups of their own, or make them one role',
    ],
  ],
  [
    "two targets with one scope group",
    "Sync to Fabrikam",
    "sync to contoso",
    [
      '34:16  targets.fabrikam.sync.scope.group: group "sync to contoso" is already targets.contoso.sync.scope.group; give each target a scope group of its own',
    ],
  ],
  [
    "a scope group that also gives a role",
    "Sync to Fabrikam",
    "SOC Responders",
    [
      '34:16  targets.fabrikam.sync.scope.group: group "SOC Responders" is already roles.responder.group; Muster puts people in a scope group, so it must not give them a role as well',
    ],
  ],
  [
    "a grant to a role that is not there",
    "      responder: { groups: [SOC Responders] }",
    "      respnder: { groups: [SOC Responders] }",
    ['36:7  targets.fabrikam.grants.respnder: no role is called "respnder"; did you mean "responder"?'],
  ],
  [
    "a profile's grant to a role that is not there",
    "    reader: { groups: [SOC Readers] }",
    "    auditor: { groups: [SOC Readers] }",
    ['16:5  profiles.standard.auditor: no role is called "auditor"; use reader, responder or hunter'],
  ],
  [
    "a profile that is not there",
    "profile: standard",
    "profile: standart",
    ['27:5  targets.contoso.profile: no profile is called "standart"; did you mean "standard"?'],
  ],
  [
    "a target that grants nothing",
    `    profile: standard
`,
    "",
    [
      "18:3  targets.contoso: nothing says what is granted here; write profile: <name>, or grants: { <role>: { groups: [<name or id>] } }",
    ],
  ],
  [
    "two targets with one tenant",
    "99999999-9999-4999-8999-999999999999",
    "55555555-5555-4555-8555-555555555555",
    [
      "29:5  targets.fabrikam.tenantId: the tenant is already targets.contoso; keep one target for each tenant",
    ],
  ],
  [
    "a target that is the source",
    "99999999-9999-4999-8999-999999999999",
    "11111111-1111-4111-8111-111111111111",
    [
      "29:5  targets.fabrikam.tenantId: this is the source tenant; a target is a tenant other than source.tenantId",
    ],
  ],
  [
    "two targets with one synchronization job",
    "Azure2Azure.fabrikam",
    "Azure2Azure.contoso",
    [
      "33:7  targets.fabrikam.sync.job: the job is already targets.contoso.sync.job; each target has a synchronization job of its own",
    ],
  ],
];

const stamps: readonly Row[] = [
  [
    "no stamp that proves identity",
    `    socSourceId: "{id}"
`,
    "",
    [
      '4:3  source.stamps: no stamp is "{id}", which push targets need; add one, for example socSourceId: "{id}"; it proves in a target whose account it is',
    ],
  ],
  [
    "an identity stamp with something around the id",
    '"{id}"',
    '"id={id}"',
    [
      '4:3  source.stamps: no stamp is "{id}", which push targets need; add one, for example socSourceId: "{id}"; it proves in a target whose account it is',
    ],
  ],
  [
    "two stamps that prove identity",
    '"{roles}"',
    '"{id}"',
    [
      '6:5  source.stamps.socSourceId: source.stamps.socRoles is "{id}" already; keep one, so that a single stamp proves identity',
    ],
  ],
  [
    "no stamps at all",
    `  stamps:
    socRoles: "{roles}"
    socSourceId: "{id}"
`,
    "",
    [
      '1:1  source.stamps: no stamp is "{id}", which push targets need; add one, for example socSourceId: "{id}"; it proves in a target whose account it is',
    ],
  ],
  [
    "a template that has lost its quotes",
    '"{roles}"',
    "{roles}",
    ['5:5  source.stamps.socRoles: {"roles":null} is not text; put it in quotes: "{roles}"'],
  ],
  [
    "a placeholder with a typing error",
    '"{roles}"',
    '"{role}"',
    ['5:5  source.stamps.socRoles: "{role}" is not a placeholder; did you mean "{roles}"?'],
  ],
  [
    "a placeholder that is not known",
    '"{roles}"',
    '"{department}"',
    ['5:5  source.stamps.socRoles: "{department}" is not a placeholder; use {roles} or {id}'],
  ],
  [
    "a brace without its partner",
    '"{roles}"',
    '"{roles}}"',
    ['5:5  source.stamps.socRoles: "{roles}}" has a brace without its partner; use {roles} or {id}'],
  ],
  [
    "a template that says the same of everybody",
    '"{roles}"',
    "analyst",
    [
      `5:5  source.stamps.socRoles: "analyst" is the same for everybody, so it would outlive an analyst's roles; use {roles} or {id}`,
    ],
  ],
];

const topologiesAndGrants: readonly Row[] = [
  [
    "a grace where what is old goes first",
    "movers: { order: remove-first }",
    "movers: { order: remove-first, grace: PT8H }",
    [
      "39:32  movers.grace: nothing is kept where what is old goes first; remove grace, or write order: add-first",
    ],
  ],
  [
    "topology pull",
    `    topology: push
    mode`,
    `    topology: pull
    mode`,
    [
      '20:5  targets.contoso.topology: nothing gives holders of "reader" an account in this pull target; give the role an access package: accessPackages: [{ package, policy }]',
      "23:5  targets.contoso.sync: a pull target has no synchronization; remove it; scope: { group } names the group of the source that may go there, if there is one",
    ],
  ],
  [
    "a pull target",
    `    topology: push
    sync:
      servicePrincipal: aaaaaaaa-aaaa-4aaa-8aaa-aaaaaaaaaaaa
      job: Azure2Azure.fabrikam
      scope: { group: Sync to Fabrikam }
`,
    `    topology: pull
    scope: { group: Outbound to Fabrikam }
`,
    [
      '30:5  targets.fabrikam.topology: nothing gives holders of "responder" an account in this pull target; give the role an access package: accessPackages: [{ package, policy }]',
    ],
  ],
  [
    "eligibility for ever, which is given for a time and renewed",
    "{ groups: [SOC Responders] }",
    "{ eligibleGroups: [{ group: SOC Operators, duration: permanent }] }",
    [
      '36:61  targets.fabrikam.grants.responder.eligibleGroups[0].duration: "permanent" is no length of time in days or hours; it is given for a time and renewed in time: write days, such as P365D',
    ],
  ],
  [
    "one access package under two policies for one role",
    "{ groups: [SOC Responders] }",
    "{ accessPackages: [{ package: Room, policy: Direct }, { package: room, policy: Approved }, { package: Room, policy: direct }] }",
    [
      '36:89  targets.fabrikam.grants.responder.accessPackages[1].policy: access package "room" is already targets.fabrikam.grants.responder.accessPackages[0], under the policy "Direct"; keep one: a role is assigned a package under one of its policies',
    ],
  ],
  [
    "an access package without its policy, for a year and a half",
    "{ groups: [SOC Responders] }",
    "{ accessPackages: [{ package: SOC Operator, expires: P18M }] }",
    [
      "36:37  targets.fabrikam.grants.responder.accessPackages[0].policy: missing; id or display name of the package's assignment policy to assign it under",
      '36:62  targets.fabrikam.grants.responder.accessPackages[0].expires: "P18M" is no length of time in days or hours; years and months have no fixed length: write days, such as P30D',
    ],
  ],
  [
    "an eligible group for no time, and one with an unknown key",
    "{ groups: [SOC Responders] }",
    "{ eligibleGroups: [{ group: SOC Admins, duration: P0D }, { group: SOC Admins, until: P1D }, 7] }",
    [
      '36:58  targets.fabrikam.grants.responder.eligibleGroups[0].duration: "P0D" is no length of time in days or hours; write days or hours, such as P30D or PT12H',
      '36:96  targets.fabrikam.grants.responder.eligibleGroups[1].until: unknown key "until"; use group or duration',
      "36:110  targets.fabrikam.grants.responder.eligibleGroups[2]: 7 is not text; put it in quotes",
    ],
  ],
  [
    "a push target without its synchronization",
    `    sync:
      servicePrincipal: aaaaaaaa-aaaa-4aaa-8aaa-aaaaaaaaaaaa
      job: Azure2Azure.fabrikam
      scope: { group: Sync to Fabrikam }
`,
    "",
    [
      "28:3  targets.fabrikam.sync: missing; the cross-tenant synchronization to this target: servicePrincipal, job and scope",
    ],
  ],
  [
    "a push target with the scope of a pull target",
    `    topology: push
    sync:
      servicePrincipal: aaaaaaaa-aaaa-4aaa-8aaa-aaaaaaaaaaaa`,
    `    topology: push
    scope: { group: Outbound to Fabrikam }
    sync:
      servicePrincipal: aaaaaaaa-aaaa-4aaa-8aaa-aaaaaaaaaaaa`,
    [
      "31:5  targets.fabrikam.scope: the scope of a push target is that of its sync; write sync.scope: { group }",
    ],
  ],
];

const scopes: readonly Row[] = [
  ["by app role", "{ group: Sync to Contoso }", "{ appRole: msiam_access }", []],
  [
    "by access package",
    "{ group: Sync to Contoso }",
    "{ accessPackage: SOC, policy: Direct, expires: P90D, renew: true }",
    [],
  ],
  [
    "that say nothing",
    "{ group: Sync to Contoso }",
    "{}",
    [
      "26:7  targets.contoso.sync.scope: nothing says what puts an analyst in scope; write scope: { group: <name or id> }, { appRole: msiam_access } or { accessPackage: <name or id>, policy: <name or id> }",
    ],
  ],
  [
    "that say two things",
    "{ group: Sync to Contoso }",
    "{ group: Sync to Contoso, appRole: msiam_access }",
    ["26:40  targets.contoso.sync.scope.appRole: group says what puts an analyst in scope already; keep one"],
  ],
  [
    "by a package without its policy",
    "{ group: Sync to Contoso }",
    "{ accessPackage: SOC }",
    [
      "26:7  targets.contoso.sync.scope: nothing says under which policy the package is assigned; write policy: <name or id>, of one of the package's assignment policies",
    ],
  ],
  [
    "by default access",
    "{ group: Sync to Contoso }",
    "{ appRole: 00000000-0000-0000-0000-000000000000 }",
    [
      "26:16  targets.contoso.sync.scope.appRole: this is default access, which puts nobody in scope; name the application's own role: appRole: msiam_access",
    ],
  ],
  [
    "by a group with an end",
    "{ group: Sync to Contoso }",
    "{ group: Sync to Contoso, renew: true }",
    [
      "26:40  targets.contoso.sync.scope.renew: renew belongs to an access package; remove it; what else puts somebody in scope has no end and needs no policy",
    ],
  ],
];

const laterVersions: readonly Row[] = [
  [
    "PIM in a profile",
    "{ groups: [SOC Readers] }",
    "{ groups: [SOC Readers], pim: [SOC Admins] }",
    [
      '16:38  profiles.standard.reader.pim: unknown key "pim"; use groups, eligibleGroups, accessPackages or sourceGroups',
    ],
  ],
  [
    "Lighthouse and GDAP as kinds of their own",
    "{ groups: [SOC Responders] }",
    "{ groups: [SOC Responders], lighthouse: [A], gdap: [B] }",
    [
      '36:46  targets.fabrikam.grants.responder.lighthouse: unknown key "lighthouse"; use groups, eligibleGroups, accessPackages or sourceGroups',
      '36:63  targets.fabrikam.grants.responder.gdap: unknown key "gdap"; use groups, eligibleGroups, accessPackages or sourceGroups',
    ],
  ],
  [
    "a budget per day",
    "perRun: 7",
    "perDay: 10",
    [
      "37:27  guardrails.removals.perDay: a budget per day is not supported by this version yet; use guardrails.removals.perRun and guardrails.removals.share",
    ],
  ],
  [
    "a floor",
    "removals: { perRun: 7, share: 0.1 }",
    "floor: 2",
    [
      "37:15  guardrails.floor: a floor is not supported by this version yet; use guardrails.removals.perRun and guardrails.removals.share",
    ],
  ],
  [
    "a cap on adds",
    "removals: { perRun: 7, share: 0.1 }",
    "adds: { perRun: 200 }",
    [
      "37:15  guardrails.adds: a cap on adds is not supported by this version yet; remove it; mode: observe shows what would be added before anything is",
    ],
  ],
];

function everyLineAbout(text: string): readonly string[] {
  const parsed = parsePolicy(text, "policy.yaml");
  if (parsed.kind === "ok") return [];
  return formatProblems("policy.yaml", parsed.problems)
    .split("\n")
    .map((line) => line.replace("policy.yaml:", ""));
}

test("two targets cannot share what puts somebody in scope", () => {
  const shared = soundPolicy
    .replace("{ group: Sync to Contoso }", "{ accessPackage: SOC, policy: Direct }")
    .replace("{ group: Sync to Fabrikam }", "{ accessPackage: soc, policy: Approved }");
  expect(everyLineAbout(shared)).toEqual([
    '34:16  targets.fabrikam.sync.scope.accessPackage: access package "soc" is already targets.contoso.sync.scope.accessPackage; give each target a package of its own',
  ]);
  const sameApp = soundPolicy
    .replace("{ group: Sync to Contoso }", "{ appRole: msiam_access }")
    .replace("{ group: Sync to Fabrikam }", "{ appRole: msiam_access }")
    .replace("aaaaaaaa-aaaa-4aaa-8aaa-aaaaaaaaaaaa", "66666666-6666-4666-8666-666666666666");
  expect(everyLineAbout(sameApp)).toEqual([
    "32:7  targets.fabrikam.sync.servicePrincipal: the application whose role is the scope is already targets.contoso.sync.servicePrincipal; each synchronization has an application of its own",
  ]);
});

describe.each([
  ["values", values],
  ["keys", keys],
  ["roles and references", rolesAndReferences],
  ["stamps", stamps],
  ["topologies and grants", topologiesAndGrants],
  ["scopes", scopes],
  ["later versions", laterVersions],
] as const)("mistakes in %s", (_, rows) => {
  test.each(rows)("%s", (_, piece, replacement, said) => {
    expect(everyLineAbout(spoilt(piece, replacement))).toEqual(said);
  });
});
