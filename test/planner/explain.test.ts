import { describe, expect, test } from "vitest";
import type { Leaving } from "../../shared/model/analyst.ts";
import type { Note, Step } from "../../shared/model/plan.ts";
import { explain, explainLeaving, explainStep } from "../../shared/planner/explain.ts";
import { anasAccount, oneOfEach, planOf } from "../support/fixtures.ts";

/** Every kind of note, and both reasons for which a scope stays. */
const notes: { readonly [K in Note["kind"]]: readonly Extract<Note, { kind: K }>[] } = {
  "native-grant": [{ kind: "native-grant", name: "SOC Readers" }],
  "account-stays": [{ kind: "account-stays", account: anasAccount, why: "before" }],
  "scope-stays": [
    { kind: "scope-stays", name: "Sync to Contoso", why: "before" },
    { kind: "scope-stays", name: "Sync to Contoso", why: "keeps-account" },
    { kind: "scope-stays", name: "Sync to Contoso", why: "shared" },
  ],
  "scope-given-by-others": [{ kind: "scope-given-by-others", name: "Sync to Contoso" }],
  "scope-nested": [{ kind: "scope-nested", name: "Sync to Contoso" }],
  "scope-moves": [{ kind: "scope-moves", name: "Sync to Contoso" }],
  "deletion-waits": [{ kind: "deletion-waits", account: anasAccount }],
  "account-blocked-by-others": [{ kind: "account-blocked-by-others", account: anasAccount }],
  "account-deleted-by-others": [{ kind: "account-deleted-by-others", account: anasAccount }],
  "account-not-proven": [{ kind: "account-not-proven", account: anasAccount, detail: "its stamp names Ben" }],
  settling: [{ kind: "settling", name: "SOC Readers" }],
  kept: [{ kind: "kept", name: "SOC Readers", why: "hunter is not in the policy any more", alsoLost: "no" }],
  unsure: [{ kind: "unsure", name: "SOC Readers" }],
  grace: [{ kind: "grace", name: "SOC Readers", until: "2026-11-22T12:00:00.000Z" }],
  "denied-by-review": [
    {
      kind: "denied-by-review",
      name: "SOC Readers",
      grant: "group:1",
      review: { id: "1", name: "Quarterly" },
      by: null,
      decided: null,
      since: "2026-11-22T12:00:00Z",
      why: null,
    },
  ],
  "taken-by-others": [
    { kind: "taken-by-others", name: "SOC Readers", grant: "group:1", asks: "no" },
    { kind: "taken-by-others", name: "SOC Readers", grant: "group:1", asks: "yes" },
  ],
  "guest-ends": [{ kind: "guest-ends", account: anasAccount, how: "it blocks the account" }],
  "on-its-way": [
    { kind: "on-its-way", name: "SOC Operator", way: "in", detail: "it is delivering", overdue: "no" },
    { kind: "on-its-way", name: "SOC Operator", way: "in", detail: "it is delivering", overdue: "yes" },
    { kind: "on-its-way", name: "SOC Operator", way: "out", detail: "it is delivering", overdue: "no" },
  ],
  "group-deleted": [{ kind: "group-deleted", name: "SOC Operator" }],
  lapsed: [{ kind: "lapsed", name: "SOC Operator" }],
  stuck: [{ kind: "stuck", name: "SOC Operator", detail: "request 1 was denied" }],
  "waits-for-account": [{ kind: "waits-for-account" }],
  refused: [{ kind: "refused", reason: "too many", advice: "look" }],
};

const allSteps: readonly Step[] = Object.values(oneOfEach);
const allNotes: readonly Note[] = Object.values(notes).flat();

describe("a plan in words", () => {
  test("has one line for every step and every note, and no two kinds share their words", () => {
    const lines = explain(planOf({ steps: allSteps, notes: allNotes }));
    expect(lines).toHaveLength(allSteps.length + allNotes.length);
    expect(new Set(lines).size).toBe(lines.length);
    for (const line of lines) expect(line).toMatch(/^\S.*\S$/);
  });

  test("says of a withheld step what is not done, by which check, why, and what to do", () => {
    const withheld = {
      step: oneOfEach.revoke,
      check: "mode",
      reason: "it only observes",
      advice: "set it to full",
    };
    expect(explain(planOf({ withheld: [withheld] }))).toEqual([
      "will not remove from SOC Readers (mode): it only observes; set it to full",
    ]);
  });

  test("says what is done before what is not, and that before what should be known", () => {
    const withheld = {
      step: oneOfEach.revoke,
      check: "mode",
      reason: "it only observes",
      advice: "set it to full",
    };
    const lines = explain(planOf({ steps: [oneOfEach.grant], withheld: [withheld], notes: notes.settling }));
    expect(lines.map((line) => line.split(" ").slice(0, 2).join(" "))).toEqual([
      "will add",
      "will not",
      "waits until",
    ]);
  });

  test("of nothing says so", () => {
    expect(explain(planOf())).toEqual(["nothing to do"]);
  });

  test("calls a stamp by the name the policy gives it, not by Graph's", () => {
    expect(explainStep(oneOfEach.stamp)).toMatch(/^stamp socRoles = reader, socSourceId = /);
  });

  test("names the group of a grant, the scope of a scope, and the reasons it was given", () => {
    expect(explainStep(oneOfEach.grant)).toContain("SOC Readers");
    expect(explainStep(oneOfEach["leave-scope"])).toContain("Sync to Contoso");
    const [line] = explain(planOf({ notes: notes["account-not-proven"] }));
    expect(line).toContain("its stamp names Ben");
  });

  test("says why somebody leaves, for each reason in other words", () => {
    const reasons: readonly Leaving[] = ["disabled", "deleted", "no-role"];
    expect(new Set(reasons.map(explainLeaving)).size).toBe(reasons.length);
  });
});
