import { expect, test } from "vitest";
import { differenceEnds, waitingPart, type Difference, type Sweep } from "../../shared/model/sweep.ts";
import { runOf, runSchema } from "../../shared/runtime/api/run-answer.ts";
import type { FindingRow } from "../../shared/state/findings.ts";
import { ana, ben, contoso, contosoTenant, minuteMs, now, oneOfEach, planOf } from "../support/fixtures.ts";

const sweep: Sweep = {
  id: "0000000000000001-abcdefabcdef",
  occasion: "policy",
  mode: "plan",
  scope: { kind: "target", target: contoso },
  by: null,
  begunAt: now,
  endedAt: now + minuteMs,
};

const difference: Difference = {
  tenant: contosoTenant,
  analyst: ana,
  person: "ana@source.example",
  why: ["SOC Readers is missing"],
  removals: 0,
  called: ["access"],
  calledAt: now,
  end: null,
  plan: null,
};

const part = {
  ...waitingPart({ tenant: contosoTenant, name: contoso }),
  state: "done",
  begunAt: now,
  endedAt: now + minuteMs,
  compared: 2,
  orphans: 1,
  unmanaged: [{ name: "SOC Readers", count: 3, some: [ben] }],
  unread: ["the members of SOC Hunters"],
  withheld: { removals: 9, given: 10, people: 4 },
} as const;

const steps = Object.values(oneOfEach);
const withPlan: Difference = {
  ...difference,
  analyst: ben,
  person: null,
  end: { kind: "planned", detail: "" },
  plan: planOf({
    steps,
    withheld: [{ step: oneOfEach.revoke, check: "budget", reason: "too many", advice: "look" }],
    notes: [{ kind: "waits-for-account" }],
  }),
};

const orphan: FindingRow = {
  id: "orphan",
  kind: "orphan",
  found: "nothing proves that they are out",
  advice: "look into the log",
  since: now - minuteMs,
  seen: now,
  over: null,
  tenant: contosoTenant,
  subject: ana,
  person: "ana@source.example",
  place: contoso,
  version: 3,
};

const answer = runOf({
  sweep,
  parts: [part],
  places: [{ ...part, differences: [difference, withPlan], findings: [orphan] }],
});

test("all that is known of a run is told, as the API says that it is, with times that people can read", () => {
  expect(runSchema.parse(answer)).toEqual(answer);
  expect(answer).toMatchObject({
    scope: { target: "contoso" },
    state: "over",
    begun: "2026-11-20T12:00:00.000Z",
    ended: "2026-11-20T12:01:00.000Z",
    progress: { places: 1, over: 1 },
    places: [
      {
        name: "contoso",
        orphans: 1,
        unmanaged: [{ count: 3, some: [ben] }],
        unread: ["the members of SOC Hunters"],
        withheld: { removals: 9, given: 10, people: 4 },
        differences: [
          { analyst: ana, called: "2026-11-20T12:00:00.000Z", end: null, plan: null },
          { analyst: ben, end: { kind: "planned" } },
        ],
        findings: [{ kind: "orphan", subject: ana, since: "2026-11-20T11:59:00.000Z" }],
      },
    ],
  });
  expect(Object.keys(answer.places[0]?.counts ?? {})).toEqual(["differ", ...differenceEnds]);
});

test("a plan of whatever steps is told in words and as data", () => {
  const plan = answer.places[0]?.differences[1]?.plan;
  expect(plan?.steps).toEqual(steps);
  expect(plan?.words).toHaveLength(steps.length + 2);
  expect(plan?.words).toContain("will add to SOC Readers");
  expect(plan?.withheld).toMatchObject([{ check: "budget", reason: "too many", advice: "look" }]);
});

test("what Muster keeps for itself is not told", () => {
  expect(JSON.stringify(answer)).not.toMatch(/nextAt|etag|endedAt|begunAt|calledAt/);
});
