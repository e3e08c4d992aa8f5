import { expect, test } from "vitest";
import type { Truth } from "../../lab/graph/record/truth.ts";
import { idsOf } from "./ids.ts";
import { judgePair, type Pair } from "./judge-pair.ts";
import type { TargetPlan } from "./plan.ts";

/** A judge that finds nothing is no judge: each of these is something that must not pass. */
const nothing: Truth = {
  accounts: [],
  members: [],
  standings: [],
  appRoles: [],
  assignments: [],
  requests: [],
};
const target: TargetPlan = {
  name: "w1-north",
  topology: "push",
  mode: "full",
  onExternalRemoval: "restore",
  scope: "group",
  extensionApp: "of the source",
  guestsEnd: "none",
  grants: {
    "w1-reader": {
      groups: ["Readers"],
      eligible: { group: "Operators" },
      package: { name: "Kit", policy: "Direct", expires: null, renew: false },
      sourceGroup: null,
    },
  },
};
const wanted = new Set(["group Readers", "eligible Operators", "package Kit"]);
const account = {
  id: "account",
  sourceId: "ana",
  state: "live",
  isEnabled: true,
  by: "app",
} as const;
const [readers, operators, kit] = [
  idsOf.group("w1-north", "Readers"),
  idsOf.group("w1-north", "Operators"),
  idsOf.package("w1-north", "Kit"),
];
const of = { account: "account", mail: undefined };
const member = { group: readers, member: "account", by: "app" } as const;
const eligible = {
  standing: "eligibility",
  group: operators,
  account: "account",
  how: "assigned",
  by: "app",
} as const;
const assigned = { ...of, id: "1", package: kit, state: "delivered", by: "app" } as const;
const allWell: Truth = {
  ...nothing,
  accounts: [account],
  members: [member],
  standings: [eligible],
  assignments: [assigned],
};

function pair(change: Partial<Pair>): Pair {
  return {
    citizen: {
      person: "w1-ana",
      id: "ana",
      mail: "w1-ana@source.example",
      isProtected: false,
      state: "live",
      isEnabled: true,
      roles: new Set(),
    },
    past: "new",
    isHiredAgain: false,
    sharesMail: false,
    owners: new Set(["ana"]),
    target,
    climate: {
      company: 1,
      weather: "calm",
      leavers: { revokeSessions: true, block: true, deleteAfter: "P0D", accounts: "owned" },
      movers: { order: "add-first" },
      patience: "PT30M",
      troubles: [],
    },
    wanted,
    byHand: new Set(),
    truth: allWell,
    home: nothing,
    hasWorked: true,
    isProvenOut: false,
    isOrphan: false,
    reasons: [],
    ...change,
  };
}

const left = { wanted: new Set<string>(), isProvenOut: true } as const;
const bin: Truth = { ...nothing, accounts: [{ ...account, state: "in the bin", isEnabled: false }] };

test("who has all that they are to have, and who has left and is proven out, is right", () => {
  expect(judgePair(pair({}))).toEqual([]);
  expect(judgePair(pair({ ...left, truth: bin }))).toEqual([]);
});

test.each([
  ["no account", { truth: nothing }, "robbed: no account"],
  [
    "a blocked account",
    { truth: { ...allWell, accounts: [{ ...account, isEnabled: false }] } },
    "robbed: the account is blocked",
  ],
  [
    "two accounts",
    { truth: { ...allWell, accounts: [account, { ...account, id: "other" }] } },
    "doubled: 2 accounts",
  ],
  ["no membership", { truth: { ...allWell, members: [] } }, "robbed: lacks group Readers"],
  ["no eligibility", { truth: { ...allWell, standings: [] } }, "robbed: lacks eligible Operators"],
  ["no package", { truth: { ...allWell, assignments: [] } }, "robbed: lacks package Kit"],
  [
    "what a lost role gave",
    { wanted: new Set(["group Readers", "package Kit"]) },
    "lost: keeps eligible Operators",
  ],
] as const)("who stays and has %s is not right", (_, change, finding) => {
  expect(judgePair(pair(change))).toEqual([finding]);
});

test("who is hired again is led to the account of the one before, and people have to hear of it", () => {
  const again = { truth: nothing, isHiredAgain: true } as const;
  expect(judgePair(pair(again))).toEqual(["robbed: no account"]);
  const reasons = ["w1-north: the account of w1-ana is not proven to be theirs (it is the one of another)"];
  expect(judgePair(pair({ ...again, reasons }))).toEqual([]);
  expect(judgePair(pair({ truth: nothing, reasons }))).toEqual(["robbed: no account"]);
});

test.each([
  [
    "a membership of Muster's",
    { truth: { ...bin, accounts: [account], members: [member] } },
    "lost: keeps group Readers",
  ],
  [
    "an eligibility",
    { truth: { ...bin, accounts: [account], standings: [eligible] } },
    "lost: keeps eligible Operators",
  ],
  [
    "an activation",
    {
      truth: {
        ...bin,
        accounts: [account],
        standings: [{ ...eligible, standing: "assignment", how: "activated" }],
      },
    },
    "lost: keeps active Operators",
  ],
  [
    "a package, be the account deleted",
    { truth: { ...bin, assignments: [assigned] } },
    "lost: keeps package Kit",
  ],
  [
    "a request that nobody was told of",
    {
      truth: {
        ...bin,
        requests: [{ ...of, id: "2", package: kit, type: "adminAdd", state: "pendingApproval", by: "app" }],
      },
    },
    "unheard: the request 2 is open",
  ],
  ["an account", { truth: { ...bin, accounts: [account] } }, "lost: the account is not deleted"],
  [
    "the scope",
    {
      truth: bin,
      home: {
        ...nothing,
        members: [{ group: idsOf.group("source", "Scope of w1-north"), member: "ana", by: "app" }],
      },
    },
    "lost: keeps the scope",
  ],
  [
    "neither proof nor finding",
    { truth: bin, isProvenOut: false },
    "unproven: has left, and neither proof nor finding says so",
  ],
  [
    "something that people heard once, and no finding that is open",
    { truth: bin, isProvenOut: false, reasons: ["w1-north: the request 1 takes long"] },
    "unproven: has left, and neither proof nor finding says so",
  ],
] as const)("who has left and has %s is not out", (_, change, finding) => {
  expect(judgePair(pair({ ...left, ...change }))).toContain(finding);
});

test("what others gave may stay, and where a target is only observed nothing is written", () => {
  const others: Truth = {
    ...bin,
    accounts: [{ ...account, by: "seed" }],
    members: [{ ...member, by: "admin" }],
  };
  expect(judgePair(pair({ ...left, truth: others }))).toEqual([]);
  const observed = { ...target, mode: "observe" } as const;
  expect(judgePair(pair({ target: observed, truth: others }))).toEqual([]);
  expect(judgePair(pair({ target: observed }))).toContain("written: group Readers in mode observe");
});
