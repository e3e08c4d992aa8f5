import { describe, expect, test } from "vitest";
import { GraphError } from "../../shared/graph/error.ts";
import type { Trace } from "../../shared/graph/tenant.ts";
import type { Step } from "../../shared/model/plan.ts";
import { applySteps, attempted } from "../../shared/reconcile/run/apply.ts";
import type { Performed } from "../../shared/reconcile/run/step-entry.ts";
import { ClaimLost } from "../../shared/state/key-state.ts";
import { now, oneOfEach, responders } from "../support/fixtures.ts";

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

const refusal = (status: number, retryAfterMs: number | null = null, code = "Authorization_RequestDenied") =>
  new GraphError({
    status,
    code,
    message: "Insufficient privileges to complete the operation.",
    method: "PATCH",
    template: "/users/{id}",
    tenantId: "t",
    requestId: "r-2",
    clientRequestId: "c-2",
    retryAfterMs,
  });

/** Time enough for everything, step by step. */
const calmly = (
  perform: (step: Step) => Promise<Performed>,
  order: "add-first" | "remove-first" = "add-first",
) => ({
  order,
  now: () => now,
  until: now + 1,
  stage: (steps: readonly Step[]) => Promise.all(steps.map((step) => attempted(() => perform(step)))),
});

/** Performs one step and gives its journal entry and outcome. */
async function one(perform: () => Promise<Performed>) {
  const applied = await applySteps([oneOfEach.grant], calmly(perform));
  return { entry: applied.steps[0], outcome: applied.outcomes[0] };
}

const nameOf = (step: Step) => ("name" in step ? `${step.kind} ${step.name}` : step.kind);

describe("applying a plan", () => {
  test("runs the stages one after another, and hands over the steps of a stage together", async () => {
    const stages: (readonly string[])[] = [];
    let running = 0;
    await applySteps(leaving, {
      ...calmly(async () => written("done")),
      async stage(steps) {
        expect((running += 1)).toBe(1);
        stages.push(steps.map(nameOf));
        await Promise.resolve();
        running -= 1;
        return steps.map(() => written("done"));
      },
    });
    expect(stages).toEqual([
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
    const note = async ({ kind }: Step) => {
      kinds.push(kind);
      return written("done");
    };
    await applySteps([oneOfEach.revoke, oneOfEach.grant], calmly(note, order));
    expect(kinds).toEqual(expected);
  });

  test("does the rest when steps fail, and hides none of the failures", async () => {
    const tried: string[] = [];
    const { steps, outcomes } = await applySteps(
      leaving,
      calmly(async ({ kind }) => {
        tried.push(kind);
        if (kind === "revoke") throw refusal(503);
        if (kind === "block-account") throw refusal(403);
        return written("done");
      }),
    );
    expect(tried).toEqual(["revoke", "revoke", "leave-scope", "block-account", "delete-account"]);
    expect(outcomes.map(({ kind }) => kind)).toEqual(["retry", "retry", "done", "parked", "done"]);
    expect(steps.map(({ result }) => result)).toEqual(["waiting", "waiting", "done", "failed", "done"]);
    expect(steps.map(({ step }) => step.kind)).toEqual(tried);
  });

  test("of no steps does nothing", async () => {
    const never = () => Promise.reject(new Error("nothing was to be done"));
    expect(await applySteps([], calmly(never))).toEqual({ steps: [], outcomes: [] });
  });

  test("begins no stage when its time is over, says so, and keeps what was done", async () => {
    let time = now;
    const { steps, outcomes } = await applySteps(leaving, {
      ...calmly(async () => written("done")),
      now: () => time,
      until: now + 1_000,
      async stage(some) {
        time += 600;
        return some.map(() => written("done"));
      },
    });
    expect(steps.map(({ step }) => step.kind)).toEqual(["revoke", "revoke", "leave-scope"]);
    expect(outcomes.at(-1)).toEqual({
      kind: "wait",
      at: now + 1_200,
      why: "there is more to do than fits into one run",
    });
  });

  test("stops at once when another run has the key: nothing more is done", async () => {
    const tried: string[] = [];
    const lost = applySteps(
      leaving,
      calmly(async ({ kind }) => {
        tried.push(kind);
        throw new ClaimLost("the key");
      }),
    );
    await expect(lost).rejects.toBeInstanceOf(ClaimLost);
    expect(tried).toEqual(["revoke", "revoke"]);
  });

  test("takes a step that its stage says nothing about for failed", async () => {
    const applied = await applySteps([oneOfEach.grant], {
      ...calmly(async () => written("done")),
      stage: async () => [],
    });
    expect(applied.steps[0]?.result).toBe("failed");
    expect(applied.outcomes[0]?.kind).toBe("retry");
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
    const parked = {
      kind: "parked",
      reason: "the job is in quarantine",
      advice: "restart it",
      cause: "quarantine",
      finding: "not-provisioned",
    } as const;
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
    ["throttled", refusal(429, 5_000), "wait"],
    ["without an answer", refusal(0), "retry"],
    ["not sent in time", refusal(0, null, "late"), "retry"],
    ["not visible yet", refusal(404), "retry"],
  ])("%s is waiting", async (_, error, kind) => {
    const { entry, outcome } = await one(() => Promise.reject(error));
    expect(entry?.result).toBe("waiting");
    expect(outcome?.kind).toBe(kind);
  });

  test("that nobody foresaw is failed and retried, with what was said", async () => {
    const { entry, outcome } = await one(() => Promise.reject(new Error("the table Pairs does not answer")));
    expect(outcome?.kind).toBe("retry");
    expect(entry).toMatchObject({
      result: "failed",
      detail: "the table Pairs does not answer",
      requestId: null,
    });
  });
});
