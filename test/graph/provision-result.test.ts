import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { readProvisionResult } from "../../shared/graph/provision-result.ts";
import { anasAccount } from "../support/fixtures.ts";

const typeName = "Microsoft.Identity.Health.CPP.Common.DataContracts.SyncFabric.StatusInfo";
const target = { targetIdentity: { id: anasAccount, identityType: "User", details: {} } };

/** The shape of applications: a result object, and an event. */
const asResult = (result: object, event: object = target) => ({
  key: JSON.stringify(result),
  value: JSON.stringify(event),
});
/** The shape of cross-tenant synchronization: the name of a type, and a list of events. */
const asEvents = (...events: readonly object[]) => ({ key: typeName, value: JSON.stringify(events) });

const success = { statusInfo: { status: "Success" } };
const steps = (...statuses: readonly string[]) => ({
  provisioningSteps: statuses.map((status, index) => ({
    name: `Step${index}`,
    type: "Export",
    status,
    description: `what step ${index} did`,
    details: {},
  })),
});

const scoping = (answers: Readonly<Record<string, unknown>>) => ({
  provisioningSteps: [
    { name: "EntryImport", status: "Success", description: "read" },
    { name: "EntrySynchronizationScoping", status: "Skipped", description: "not picked", details: answers },
  ],
});
/** A skip as the documentation shows it: no error code, and words about truth that are not about the scope. */
const documentedSkip = (reason: string, answers: Readonly<Record<string, unknown>> = inScope) => ({
  statusInfo: { status: "Skipped", errorCode: null, reason: null, additionalDetails: null },
  provisioningSteps: [
    { name: "EntryImport", type: "Import", status: "Success", details: { IsSoftDeleted: "False" } },
    { name: "EntryImport", type: "Matching", status: "Success", details: { accountEnabled: "False" } },
    { name: "EntrySynchronizationScoping", type: "Scoping", status: "Success", details: answers },
    {
      name: "EntrySynchronizationSkip",
      type: "Export",
      status: "Skipped",
      description: "It was skipped.",
      details: { SkipReason: reason },
    },
  ],
});
const inScope = {
  "Active in the source system": "True",
  "Assigned to the application": "True",
  ScopeEvaluationResult: "{}",
};
const outOfScope = {
  "Active in the source system": "True",
  "Assigned to the application": "False",
  "User has the required role": "False",
  "Scoping filter evaluation passed": "True",
};

describe("an account that is in the target", () => {
  test.each([
    [
      "created, said in a result",
      asResult({ result: "Success" }, { action: "Create", ...target }),
      "created",
    ],
    ["created, said in an event", asEvents({ action: "Create", ...success, ...target }), "created"],
    [
      "created, said by its steps alone",
      asEvents({ action: "Create", ...steps("Success", "Success"), ...target }),
      "created",
    ],
    [
      "created, in the letters of the logs",
      asEvents({ action: "create", statusInfo: { status: "success" }, ...target }),
      "created",
    ],
    ["updated", asResult({ result: "Success" }, { action: "Update", ...target }), "matched"],
    ["found as it should be", asResult({ result: "Success" }, { action: "Other", ...target }), "matched"],
    ["found without a word on what was done", asResult({ result: "Success" }), "matched"],
    [
      "skipped because nothing was to be done",
      asResult({ result: "Skipped", details: { errorCode: "RedundantExport", errorMessage: "" } }),
      "matched",
    ],
    [
      "skipped because nothing was to be done, said in an event",
      asEvents({ ...target, statusInfo: { status: "Skipped", errorCode: "RedundantExport" } }),
      "matched",
    ],
    [
      "skipped because nothing was to be done, said in the last step alone",
      asEvents({ ...target, ...documentedSkip("RedundantExport") }),
      "matched",
    ],
    [
      "said in a list of one, under a result",
      {
        key: JSON.stringify({ result: "Success" }),
        value: JSON.stringify([{ action: "Create", ...target }]),
      },
      "created",
    ],
    [
      "said in the last of several events",
      asEvents({ action: "Other", ...success }, { action: "Create", ...success, ...target }),
      "created",
    ],
  ])("%s", (_, body, origin) => {
    expect(readProvisionResult(body)).toEqual({ kind: "provisioned", account: anasAccount, origin });
  });

  test("is done also when the skip does not name it: its stamp will", () => {
    expect(readProvisionResult(asEvents(documentedSkip("RedundantExport")))).toEqual({ kind: "unnamed" });
  });

  test("has its id in lower case, as every id", () => {
    const shouted = { targetIdentity: { id: anasAccount.toUpperCase() } };
    expect(readProvisionResult(asResult({ result: "Success" }, shouted))).toMatchObject({
      account: anasAccount,
    });
  });
});

describe("an analyst whom sync does not see in scope", () => {
  test.each([
    [
      "a scoping step that says False",
      asEvents({ statusInfo: { status: "Skipped" }, ...scoping(outOfScope) }),
    ],
    ["a scoping step alone", asEvents(scoping(outOfScope))],
    ["a result, with a scoping step", asResult({ result: "Skipped" }, scoping(outOfScope))],
    ["a reason in the last step", asEvents(documentedSkip("NotEffectivelyEntitled"))],
    ["a scoping step, whatever the reason is called", asEvents(documentedSkip("SomethingNew", outOfScope))],
    ["an answer that is no text but false", asEvents(scoping({ "Assigned to the application": false }))],
    [
      "a code",
      asResult({ result: "Skipped", details: { errorCode: "NotEffectivelyEntitled", errorMessage: "" } }, {}),
    ],
    [
      "a sentence",
      asResult(
        {
          result: "Skipped",
          details: { errorCode: "Skipped", errorMessage: "The user is not assigned to the application." },
        },
        {},
      ),
    ],
    ["a reason", asEvents({ statusInfo: { status: "Skipped", reason: "The user is out of scope." } })],
  ])("is told by %s", (_, body) => {
    expect(readProvisionResult(body).kind).toBe("not-in-scope");
  });

  test("is told why", () => {
    const result = readProvisionResult(asEvents(scoping(outOfScope)));
    expect(result).toEqual({ kind: "not-in-scope", detail: "not picked" });
  });
});

describe("provisioning that failed", () => {
  test.each([
    [
      "with a code and a sentence",
      asResult(
        {
          result: "Failure",
          details: {
            errorCode: "AzureDirectoryB2BManagementPolicyCheckFailure",
            errorMessage: "Policy permitting auto-redemption of invitations not configured.",
          },
        },
        {},
      ),
      {
        code: "AzureDirectoryB2BManagementPolicyCheckFailure",
        detail: "Policy permitting auto-redemption of invitations not configured.",
      },
    ],
    [
      "with a code in an event",
      asEvents({
        statusInfo: { status: "Failure", errorCode: "DuplicateTargetEntries", reason: "two match" },
      }),
      { code: "DuplicateTargetEntries", detail: "two match" },
    ],
    [
      "in one of its steps",
      asEvents(steps("Success", "Failure", "Success")),
      { code: "failure", detail: "what step 1 did" },
    ],
    [
      "although an account is named",
      asResult({ result: "Failure", details: { errorCode: "X", errorMessage: "Y" } }),
      { code: "X", detail: "Y" },
    ],
    [
      "and was skipped for a reason that is not the scope",
      asResult(
        { result: "Skipped", details: { errorCode: "Other", errorMessage: "the job is in quarantine" } },
        {},
      ),
      { code: "Other", detail: "the job is in quarantine" },
    ],
    [
      "and was skipped for another reason, while a step that is not about the scope says False",
      asEvents({ ...target, ...documentedSkip("SomethingNew") }),
      { code: "SomethingNew", detail: "It was skipped." },
    ],
    [
      "with words about assignments and scopes, but not skipped",
      asResult(
        { result: "Failure", details: { errorCode: "X", errorMessage: "the scope that was assigned" } },
        {},
      ),
      { code: "X", detail: "the scope that was assigned" },
    ],
    ["without a word", asEvents({}), { code: "unknown", detail: "no reason was given" }],
  ])("%s", (_, body, expected) => {
    expect(readProvisionResult(body)).toEqual({ kind: "failed", ...expected });
  });

  test("is never taken for an account whose id cannot be read", () => {
    const body = asResult({ result: "Success" }, { action: "Create", targetIdentity: { id: "not-an-id" } });
    expect(readProvisionResult(body).kind).toBe("unnamed");
  });

  test.each(["Delete", "Disable"])("is what sync says when it decided to %s the account", (action) => {
    const body = asResult({ result: "Success" }, { action, targetIdentity: { id: crypto.randomUUID() } });
    expect(readProvisionResult(body).kind).toBe("failed");
  });
});

describe("an answer that makes no sense", () => {
  test.each([
    ["nothing", undefined],
    ["null", null],
    ["a text", "ok"],
    ["an empty object", {}],
    ["a list", []],
    ["a key that is a number", { key: 7, value: "{}" }],
    ["texts that are no JSON", { key: "{", value: "{" }],
    ["a value of null", { key: "{}", value: "null" }],
    ["an empty list of events", { key: typeName, value: "[]" }],
    ["events that are none", { key: typeName, value: '[7, "text"]' }],
  ])("is a failure, not an exception: %s", (_, body) => {
    expect(readProvisionResult(body).kind).toBe("failed");
  });

  test("is a failure or says that sync does not see them, whatever it is, and never an account", () => {
    const pairs = fc.record({
      key: fc.oneof(fc.json(), fc.string()),
      value: fc.oneof(fc.json(), fc.string()),
    });
    fc.assert(
      fc.property(fc.oneof(fc.jsonValue(), pairs), (body) => {
        expect(readProvisionResult(body).kind).not.toBe("provisioned");
      }),
      { numRuns: 500 },
    );
  });
});
