import { describe, expect, test } from "vitest";
import { GraphError } from "../../shared/graph/error.ts";
import type { Trace } from "../../shared/graph/tenant.ts";
import type { Step } from "../../shared/model/plan.ts";
import { applySteps, type Performed } from "../../shared/reconcile/apply.ts";
import { oneOfEach, responders } from "../support/world.ts";

const trace: Trace = { clientRequestId: "c-1", requestId: "r-1", status: 204, ms: 12, tries: 1 };
const written = (result: "done" | "already" | "missing", detail?: string): Performed => ({
  kind: "written",
  result,
  trace,
  ...(detail === undefined ? {} : { detail }),
});
const leaving: readonly Step[] = [
  oneOfEach["delete-account"],
  oneOfEach["leave-scope"],
  oneOfEach.revoke,
  { ...oneOfEach.revoke, ...responders },
  oneOfEach["block-account"],
];

const refusal = (status: number, retryAfterMs: number | null = null) =>
  new GraphError({
    status,
    code: "Authorization_RequestDenied",
    message: "Insufficient privileges to complete the operation.",
    method: "PATCH",
    template: "/users/{id}",
    tenantId: "t",
    requestId: "r-2",
    clientRequestId: "c-2",
    retryAfterMs,
  });

/** Performs one step and gives its journal entry and outcome. */
async function one(perform: () => Promise<Performed>) {
  const applied = await applySteps([oneOfEach.grant], "add-first", perform);
  return { entry: applied.steps[0], outcome: applied.outcomes[0] };
}

describe("applying a plan", () => {
  test("runs the stages one after another, and the steps of a stage together", async () => {
    const running: string[] = [];
    const together: string[][] = [];
    await applySteps(leaving, "add-first", async (step) => {
      running.push("name" in step ? `${step.kind} ${step.name}` : step.kind);
      await Promise.resolve();
      const stage = running.splice(0);
      if (stage.length > 0) together.push(stage);
      return written("done");
    });
    expect(together).toEqual([
      ["revoke SOC Readers", "revoke SOC Responders"],
      ["leave-scope Sync to Contoso"],
      ["block-account"],
      ["delete-account"],
    ]);
  });

  test.each([
    ["add-first", ["grant", "revoke"]],
    ["remove-first", ["revoke", "grant"]],
  ] as const)("moves a mover in the order the policy says: %s", async (order, expected) => {
    const kinds: string[] = [];
    await applySteps([oneOfEach.revoke, oneOfEach.grant], order, async ({ kind }) => {
      kinds.push(kind);
      return written("done");
    });
    expect(kinds).toEqual(expected);
  });

  test("does the rest when steps fail, and hides none of the failures", async () => {
    const tried: string[] = [];
    const { steps, outcomes } = await applySteps(leaving, "add-first", async ({ kind }) => {
      tried.push(kind);
      if (kind === "revoke") throw refusal(503);
      if (kind === "block-account") throw refusal(403);
      return written("done");
    });
    expect(tried).toEqual(["revoke", "revoke", "leave-scope", "block-account", "delete-account"]);
    expect(outcomes.map(({ kind }) => kind)).toEqual(["retry", "retry", "done", "parked", "done"]);
    expect(steps.map(({ result }) => result)).toEqual(["waiting", "waiting", "done", "failed", "done"]);
    expect(steps.map(({ step }) => step.kind)).toEqual(tried);
  });

  test("of no steps does nothing", async () => {
    const never = () => Promise.reject(new Error("nothing was to be done"));
    expect(await applySteps([], "add-first", never)).toEqual({ steps: [], outcomes: [] });
  });
});

describe("what a step came to", () => {
  test.each(["done", "already", "missing"] as const)(
    "%s is a success, with Graph's request id",
    async (result) => {
      const { entry, outcome } = await one(async () => written(result, "account created"));
      expect(outcome).toEqual({ kind: "done" });
      expect(entry).toMatchObject({
        step: oneOfEach.grant,
        result,
        detail: "account created",
        clientRequestId: "c-1",
        requestId: "r-1",
      });
    },
  );

  test("put off for later is waiting, and says why", async () => {
    const later = { kind: "again", at: 7, why: "not in scope yet" } as const;
    const { entry, outcome } = await one(async () => ({ kind: "put-off", outcome: later, trace }));
    expect(outcome).toEqual(later);
    expect(entry).toMatchObject({ result: "waiting", detail: "not in scope yet", requestId: "r-1" });
  });

  test("put off without a call has no request id", async () => {
    const later = { kind: "again", at: 7, why: "waits for its turn" } as const;
    const { entry } = await one(async () => ({ kind: "put-off", outcome: later }));
    expect(entry).toMatchObject({ clientRequestId: null, requestId: null });
  });

  test("that needs a person is failed, and says what for", async () => {
    const parked = { kind: "parked", reason: "the job is in quarantine", advice: "restart it" } as const;
    const { entry, outcome } = await one(async () => ({ kind: "put-off", outcome: parked }));
    expect(outcome).toEqual(parked);
    expect(entry).toMatchObject({ result: "failed", detail: "the job is in quarantine" });
  });

  test("refused by Graph is failed, and its request can be looked up", async () => {
    const { entry, outcome } = await one(() => Promise.reject(refusal(403)));
    expect(outcome?.kind).toBe("parked");
    expect(entry).toMatchObject({ result: "failed", clientRequestId: "c-2", requestId: "r-2" });
    expect(entry?.detail).toContain("Insufficient privileges");
  });

  test.each([
    ["throttled", refusal(429, 5_000), "again"],
    ["without an answer", refusal(0), "retry"],
    ["not visible yet", refusal(404), "retry"],
  ])("%s is waiting", async (_, error, kind) => {
    const { entry, outcome } = await one(() => Promise.reject(error));
    expect(entry?.result).toBe("waiting");
    expect(outcome?.kind).toBe(kind);
  });

  test("that nobody foresaw is failed and retried, with what was said", async () => {
    const { entry, outcome } = await one(() => Promise.reject(new Error("the table Ledger does not answer")));
    expect(outcome?.kind).toBe("retry");
    expect(entry).toMatchObject({
      result: "failed",
      detail: "the table Ledger does not answer",
      requestId: null,
    });
  });
});
