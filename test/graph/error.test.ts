import { describe, expect, test } from "vitest";
import {
  classify,
  GraphError,
  isPassing,
  type Classification,
  type GraphFailure,
} from "../../shared/graph/error.ts";

const failure: GraphFailure = {
  status: 403,
  code: "Authorization_RequestDenied",
  message: "Insufficient privileges to complete the operation.",
  method: "PATCH",
  template: "/users/{id}",
  tenantId: "55555555-5555-4555-8555-555555555555",
  requestId: "r-1",
  clientRequestId: "c-1",
  retryAfterMs: null,
};
const failed = (changes: Partial<GraphFailure>) => new GraphError({ ...failure, ...changes });

describe("what a failed call means", () => {
  test.each<[string, Partial<GraphFailure>, Classification["kind"]]>([
    ["no answer", { status: 0, code: "network" }, "retry"],
    ["no answer in time", { status: 0, code: "timeout" }, "retry"],
    ["a bad request", { status: 400 }, "stop"],
    ["a token that is not accepted", { status: 401 }, "stop"],
    ["a missing permission", { status: 403 }, "stop"],
    ["something that is not there", { status: 404 }, "gone"],
    ["a way of asking that does not exist", { status: 405 }, "stop"],
    ["a request that took too long", { status: 408 }, "retry"],
    ["a write at the same time as another", { status: 409 }, "retry"],
    ["something that is gone for good", { status: 410 }, "gone"],
    ["a broken precondition", { status: 412 }, "stop"],
    ["something that is locked", { status: 423 }, "retry"],
    ["too early", { status: 425 }, "retry"],
    ["throttled without a time", { status: 429 }, "retry"],
    ["throttled with a time", { status: 429, retryAfterMs: 7_500 }, "wait"],
    ["broken", { status: 500 }, "retry"],
    ["broken on the way", { status: 502 }, "retry"],
    ["overloaded", { status: 503 }, "retry"],
    ["overloaded, with a time", { status: 503, retryAfterMs: 30_000 }, "wait"],
    ["too slow on the way", { status: 504 }, "retry"],
    ["full", { status: 507 }, "retry"],
    ["not visible yet, with a time to come back", { status: 404, retryAfterMs: 2_000 }, "wait"],
  ])("%s", (_, changes, kind) => {
    expect(classify(failed(changes)).kind).toBe(kind);
  });

  test("what asks to be called again at once, time after time, is left alone for a moment", () => {
    expect(classify(failed({ status: 429, retryAfterMs: 0 }))).toEqual({ kind: "wait", ms: 2_000 });
  });

  test("a time to come back is taken as it was given", () => {
    expect(classify(failed({ status: 429, retryAfterMs: 7_500 }))).toEqual({ kind: "wait", ms: 7_500 });
  });

  test("a missing permission says where to look, and another refusal says another thing", () => {
    const advice = (status: number) => {
      const meaning = classify(failed({ status }));
      return meaning.kind === "stop" ? meaning.advice : "";
    };
    expect(advice(403)).toContain("docs/graph-permissions.md");
    expect(advice(401)).toBe(advice(403));
    expect(advice(400)).not.toBe(advice(403));
    expect(advice(400)).not.toBe("");
  });

  test("a reason names the call, the tenant and what Graph said", () => {
    const meaning = classify(failed({}));
    expect(meaning.kind === "stop" ? meaning.reason : "").toBe(
      `Graph answered 403 Authorization_RequestDenied to PATCH /users/{id} in tenant ${failure.tenantId}: Insufficient privileges to complete the operation.`,
    );
  });
});

describe("what hits every such call in the tenant alike", () => {
  const causeOf = (changes: Partial<GraphFailure>) => {
    const meaning = classify(failed(changes));
    return meaning.kind === "stop" ? meaning.cause : meaning.kind;
  };

  test.each<[string, Partial<GraphFailure>, string]>([
    ["a permission that is missing to read", { method: "GET" }, `403 to reads in ${failure.tenantId}`],
    [
      "a permission that is missing to write members",
      { method: "POST", template: "/groups/{id}/members/$ref" },
      `403 to POST /groups/{id}/members/$ref in ${failure.tenantId}`,
    ],
    ["a token that is not accepted", { status: 401, method: "GET" }, `401 to reads in ${failure.tenantId}`],
    [
      "no token, because the application is not welcome",
      { status: 0, code: "token", message: "AADSTS65001: x" },
      "token",
    ],
  ])("is told by its cause, which is the same for everybody: %s", (_, changes, cause) => {
    expect(causeOf(changes)).toBe(cause);
    expect(causeOf({ ...changes, requestId: "r-2", clientRequestId: "c-2" })).toBe(cause);
  });

  test.each<[string, Partial<GraphFailure>]>([
    ["a write to a person who holds an Entra role", { method: "PATCH" }],
    ["the deletion of one", { method: "DELETE" }],
    ["the restoration of one", { method: "POST", template: "/directory/deletedItems/{id}/restore" }],
    ["the sessions of one", { method: "POST", template: "/users/{id}/revokeSignInSessions" }],
    ["a request that is wrong in itself", { status: 400, method: "GET" }],
  ])("is not: %s", (_, changes) => {
    expect(causeOf(changes)).toBeNull();
  });
});

describe("no token", () => {
  const token = (message: string) => classify(failed({ status: 0, code: "token", message }));

  test.each([
    "AADSTS700016: Application with identifier 'x' was not found in the directory 'Contoso'.",
    "AADSTS90002: Tenant 'x' not found.",
    "AADSTS65001: The user or administrator has not consented to use the application.",
    "AADSTS7000215: Invalid client secret provided.",
    "AADSTS700027: Client assertion contains an invalid signature.",
    "AADSTS70021: No matching federated identity record found for presented assertion.",
    "AADSTS500011: The resource principal was not found in the tenant.",
    "AADSTS7000112: Application is disabled.",
    "AADSTS7000229: The client application is missing a service principal in the tenant.",
    "AADSTS650052: The app needs access to a service that your organization has not subscribed to.",
  ])("because the application is not welcome needs an administrator: %s", (message) => {
    const meaning = token(message);
    expect(meaning.kind).toBe("stop");
    expect(meaning.kind === "stop" ? meaning.advice : "").toContain("consent");
  });

  test.each([
    "the token service did not answer in time",
    "AADSTS90033: A transient error has occurred. Please try again.",
    "AADSTS650529: a longer number that begins alike",
  ])("for a passing reason is tried again: %s", (message) => {
    expect(token(message).kind).toBe("retry");
  });

  test.each([
    "AADSTS700016: not found.\r\nTrace ID: 123\r\nTimestamp: 2026-11-20",
    "AADSTS700016: not found. Trace ID: 123 Correlation ID: 456 Timestamp: 2026-11-20",
    "invalid_client: 7000 - [2026-11-20]: AADSTS700016: not found. - Trace ID: 123",
  ])(
    "says nothing that changes from one attempt to the next: the same trouble is the same words (%s)",
    (message) => {
      const meaning = token(message);
      expect(meaning.kind === "stop" ? meaning.reason : "").toBe(
        `no token for tenant ${failure.tenantId}: AADSTS700016: not found.`,
      );
    },
  );
});

describe("a Graph error", () => {
  test("says what was asked, of whom, what came back, and how to look it up", () => {
    expect(failed({}).message).toBe(
      `PATCH /users/{id} in tenant ${failure.tenantId}: 403 Authorization_RequestDenied: Insufficient privileges to complete the operation. (request r-1)`,
    );
  });

  test("without an answer is known by the id that was sent", () => {
    const { message } = failed({ status: 0, code: "timeout", requestId: null });
    expect(message).toContain(": timeout: ");
    expect(message).toContain("(request c-1)");
  });

  test("keeps what caused it", () => {
    const cause = new Error("first");
    expect(new GraphError(failure, { cause }).cause).toBe(cause);
  });
});

test("what passes is what another try may change", () => {
  const passing = Array.from({ length: 600 }, (_, status) => status).filter(isPassing);
  expect(passing.filter((status) => status < 500)).toEqual([0, 408, 409, 423, 424, 425, 429]);
  expect(passing.filter((status) => status >= 500)).toHaveLength(100);
});
