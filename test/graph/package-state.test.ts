import { describe, expect, test } from "vitest";
import {
  reprocessMs,
  sightOfPackage,
  type Assignment,
  type Papers,
  type Request,
} from "../../shared/graph/grants/package-state.ts";
import { assignmentPolicyIdSchema, packageIdSchema } from "../../shared/model/ids.ts";

const now = Date.parse("2026-11-22T12:00:00Z");
const hourMs = 3_600_000;
const operator = packageIdSchema.parse("4a000000-0000-4000-8000-000000000001");
const other = packageIdSchema.parse("4a000000-0000-4000-8000-000000000002");
const direct = assignmentPolicyIdSchema.parse("4d000000-0000-4000-8000-000000000001");
const another = assignmentPolicyIdSchema.parse("4d000000-0000-4000-8000-000000000002");
const time = (at: number) => new Date(at).toISOString();

function assignment(state: string, ended: { expiredAt?: number; endsAt?: number } = {}): Assignment {
  const { expiredAt, endsAt } = ended;
  return {
    id: "a1",
    state,
    expiredDateTime: expiredAt === undefined ? null : time(expiredAt),
    schedule: { expiration: { endDateTime: endsAt === undefined ? null : time(endsAt) } },
    accessPackage: { id: operator },
  };
}

const request = (state: string, requestType = "adminadd", askedAt = now - hourMs): Request => ({
  id: "r1",
  requestType,
  state,
  createdDateTime: time(askedAt),
  accessPackage: { id: operator },
});

function sight(papers: Partial<Papers>, { wanted = "yes" }: { readonly wanted?: "yes" | "no" } = {}) {
  const all = { assignments: [], requests: [], isComplete: true, hasAllRequests: true, ...papers };
  return sightOfPackage(all, { package: operator, policy: direct }, { wanted, now });
}

const delivered = assignment("delivered");
const ranOut = assignment("expired", { expiredAt: now - hourMs, endsAt: now - hourMs });
const ranOutBefore = assignment("expired", { expiredAt: now - 3 * hourMs, endsAt: now - 3 * hourMs });
const under = (policy: string, one: Assignment): Assignment => ({ ...one, assignmentPolicy: { id: policy } });
const takenAway = assignment("expired", { expiredAt: now - hourMs, endsAt: now + hourMs });

test("an assignment that ran out under another assignment policy than the one that is named is told apart", () => {
  expect(sight({ assignments: [under(another, ranOut)] })).toMatchObject({ seen: "lapsed", rule: "another" });
  expect(sight({ assignments: [under(direct, ranOut)] }).rule).toBeUndefined();
  expect(sight({ assignments: [under(another, takenAway)] }).seen).toBe("absent");
});

describe("what papers about an access package show to whoever is to have it", () => {
  const rows: readonly (readonly [string, Partial<Papers>, string])[] = [
    ["nothing", {}, "absent"],
    ["nothing, read in part", { isComplete: false }, "unknown"],
    ["an assignment that was delivered", { assignments: [delivered] }, "present"],
    [
      "the same where a request may be missing, which may be to take it away",
      { assignments: [delivered], isComplete: false, hasAllRequests: false },
      "unknown",
    ],
    [
      "the same where only another assignment may be missing",
      { assignments: [delivered], isComplete: false },
      "present",
    ],
    ["the same in other letters", { assignments: [{ ...delivered, state: "delivered" }] }, "present"],
    ["a request that was submitted", { requests: [request("submitted")] }, "coming"],
    ["one that waits for approval", { requests: [request("pendingapproval")] }, "coming"],
    ["one that has its day", { requests: [request("scheduled")] }, "coming"],
    [
      "one that is being delivered",
      { requests: [request("delivering")], assignments: [assignment("delivering")] },
      "coming",
    ],
    [
      "an assignment that is being delivered, without its request",
      { assignments: [assignment("delivering")] },
      "coming",
    ],
    [
      "a removal that is under way",
      { assignments: [delivered], requests: [request("delivering", "adminremove")] },
      "going",
    ],
    [
      "one that came in part",
      { assignments: [assignment("partiallydelivered")], requests: [request("partiallydelivered")] },
      "failed",
    ],
    [
      "one that failed",
      { assignments: [assignment("deliveryfailed")], requests: [request("deliveryfailed")] },
      "failed",
    ],
    [
      "one that failed too long ago to be processed again",
      {
        assignments: [assignment("deliveryfailed")],
        requests: [request("deliveryfailed", "adminadd", now - reprocessMs)],
      },
      "stuck",
    ],
    ["a request that was denied", { requests: [request("denied")] }, "stuck"],
    ["a request that was cancelled", { requests: [request("canceled")] }, "stuck"],
    ["a request that failed without an assignment", { requests: [request("deliveryfailed")] }, "stuck"],
    [
      "a denial that is older than what came and went since",
      { requests: [request("denied", "adminadd", now - 5 * hourMs)], assignments: [takenAway] },
      "absent",
    ],
    ["an assignment that ran out", { assignments: [ranOut] }, "lapsed"],
    [
      "one that ran out under the assignment policy that is named",
      { assignments: [under(direct, ranOut)] },
      "lapsed",
    ],
    [
      "one under each that ran out, that of the named policy first",
      { assignments: [under(another, ranOut), under(direct, ranOutBefore)] },
      "lapsed",
    ],
    ["one that was taken away before its end", { assignments: [takenAway] }, "absent"],
    [
      "one that ran out, and a removal after that",
      { assignments: [ranOut], requests: [request("delivered", "adminremove", now - 1)] },
      "absent",
    ],
    [
      "another package's",
      {
        assignments: [{ ...delivered, accessPackage: { id: other } }],
        requests: [{ ...request("submitted"), accessPackage: { id: other } }],
      },
      "absent",
    ],
    ["a state that nobody has heard of", { assignments: [assignment("quarantined")] }, "coming"],
  ];

  test.each(rows)("%s", (_, papers, seen) => {
    expect(sight(papers)).toMatchObject({ seen });
  });

  test("the end is told", () => {
    const ending = { assignments: [assignment("delivered", { endsAt: now + hourMs })] };
    expect(sight(ending)).toEqual({ seen: "present", endsAt: now + hourMs });
  });

  test.each([
    ["adminadd", "Muster: as the policy says", "muster"],
    ["adminadd", "ticket 12", "others"],
    ["useradd", null, "others"],
  ] as const)("whose request brought it is told: %s with the words %s", (requestType, justification, by) => {
    const requests = [{ ...request("delivered", requestType), justification }];
    expect(sight({ assignments: [delivered], requests })).toMatchObject({ seen: "present", by });
  });

  test("whose request brought it is not told by half of the list: the other half may hold a later one", () => {
    const requests = [{ ...request("delivered"), justification: "an administrator's" }];
    expect(sight({ assignments: [delivered], requests, isComplete: false }).by).toBeUndefined();
  });

  test("approval takes as long as it takes; a delivery does not", () => {
    expect(sight({ requests: [request("pendingapproval")] })).toMatchObject({ patient: "yes" });
    expect(sight({ requests: [request("delivering")] })).not.toHaveProperty("patient");
  });

  test("the request's id and its state are said", () => {
    expect(sight({ requests: [request("pendingapproval")] }).detail).toContain("r1");
    expect(sight({ requests: [request("pendingapproval")] }).detail).toContain("approval");
  });
});

describe("what they show to whoever is to be rid of it", () => {
  const rows: readonly (readonly [string, Partial<Papers>, string])[] = [
    ["nothing", {}, "absent"],
    ["nothing, read in part", { isComplete: false }, "unknown"],
    ["an assignment that was delivered", { assignments: [delivered] }, "present"],
    ["one that came in part", { assignments: [assignment("partiallydelivered")] }, "present"],
    ["one that failed", { assignments: [assignment("deliveryfailed")] }, "present"],
    ["one that is being delivered", { assignments: [assignment("delivering")] }, "coming"],
    ["a request that waits for approval", { requests: [request("pendingapproval")] }, "coming"],
    ["a request that was denied", { requests: [request("denied")] }, "absent"],
    ["an assignment that ran out", { assignments: [ranOut] }, "absent"],
    [
      "a removal that is under way",
      { assignments: [delivered], requests: [request("submitted", "adminremove")] },
      "going",
    ],
    [
      "one whose change is under way",
      { assignments: [delivered], requests: [request("submitted", "adminupdate")] },
      "present",
    ],
  ];

  test.each(rows)("%s", (_, papers, seen) => {
    expect(sight(papers, { wanted: "no" })).toMatchObject({ seen });
  });
});

describe("an assignment of somebody else's beside one of Muster's that has failed", () => {
  const own: Assignment = { ...assignment("deliveryfailed"), id: "a1" };
  const theirs: Assignment = { ...assignment("delivered", { endsAt: now + hourMs }), id: "a2" };
  const requests: readonly Request[] = [
    {
      ...request("deliveryfailed"),
      id: "r1",
      justification: "Muster: as the policy says",
      assignment: { id: "a1" },
    },
    { ...request("delivered", "adminadd", now - hourMs / 2), id: "r2", assignment: { id: "a2" } },
  ];

  test.each([
    ["first", [own, theirs]],
    ["last", [theirs, own]],
  ])(
    "keeps whoever is to have it content, and the end of theirs is theirs to say: Muster's is listed %s",
    (_, assignments) => {
      const seen = sight({ assignments, requests });
      expect(seen).toMatchObject({ seen: "present", by: "muster" });
      expect(seen.endsAt).toBeUndefined();
    },
  );

  test.each([
    ["delivered", theirs],
    ["failed as well", { ...theirs, state: "deliveryfailed" }],
  ])("does not hide Muster's from whoever is to be rid of it: theirs is %s", (_, other) => {
    expect(sight({ assignments: [other, own], requests }, { wanted: "no" })).toMatchObject({
      seen: "present",
      by: "muster",
      detail: expect.stringContaining("a1") as unknown,
    });
  });

  test("is nobody's but theirs when Muster's is gone", () => {
    const gone = assignment("expired", { expiredAt: now - hourMs / 4 });
    for (const wanted of ["yes", "no"] as const)
      expect(sight({ assignments: [gone, theirs], requests }, { wanted })).toMatchObject({ by: "others" });
  });
});
